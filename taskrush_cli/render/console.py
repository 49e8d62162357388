"""Plain text on the terminal, from records."""

import sys

from taskrush.events import Record, RunFinished, TaskFinished, TaskOutput, TaskStarted


class Console:
    """Writes each task's output as it comes."""

    def on_record(self, record: Record) -> None:
        event = record.event
        if isinstance(event, TaskStarted):
            print(f"[{event.task}] $ {event.command}", flush=True)
        elif isinstance(event, TaskOutput):
            sys.stdout.flush()
            stream = sys.stdout if event.stream == "stdout" else sys.stderr
            stream.buffer.write(event.data)
            stream.flush()
        elif isinstance(event, TaskFinished):
            outcome = event.outcome
            detail = f": {outcome.reason}" if outcome.reason else ""
            print(f"[{event.task}] {outcome.state.value}{detail} ({outcome.seconds:.2f}s)", flush=True)
        elif isinstance(event, RunFinished):
            print(f"{'all well' if event.ok else 'failed'} in {event.seconds:.2f}s", flush=True)
