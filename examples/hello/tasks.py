from pathlib import Path

from taskrush import result_of, run, task


@task
def name() -> str:
    """Find out whom to greet."""
    return "world"


@task(deps=["greet"])
def shout(whom: str = result_of(name)) -> None:
    """Say it louder."""
    run(["echo", f"HELLO {whom.upper()} from {Path.cwd().name}"])
