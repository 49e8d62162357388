"""Runs one command and prints wall seconds, CPU seconds, peak bytes and exit code as JSON.

It is its own small process, started without `site`: the kernel counts the memory of whoever starts a program as that
program's peak until it is larger, so the starter has to be small. CPU time is that of the command and of all
descendants that were waited for; the peak is that of the largest one of them.
"""

import os
import sys
import time


def main() -> None:
    command = sys.argv[1:]
    null = os.open(os.devnull, os.O_RDWR)
    actions = [(os.POSIX_SPAWN_DUP2, null, fd) for fd in (0, 1, 2)]
    begun = time.perf_counter()
    pid = os.posix_spawn(command[0], command, os.environ, file_actions=actions)
    _, status, usage = os.wait4(pid, 0)
    seconds = time.perf_counter() - begun
    code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else -os.WTERMSIG(status)
    unit = 1 if sys.platform == "darwin" else 1024
    cpu = usage.ru_utime + usage.ru_stime
    print(f'{{"wall": {seconds:.6f}, "cpu": {cpu:.6f}, "peak": {usage.ru_maxrss * unit}, "code": {code}}}')


if __name__ == "__main__":
    main()
