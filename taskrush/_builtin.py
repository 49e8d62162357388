"""What of the standard library is built into the interpreter, without the modules around it: those cost 4 ms to import.

Everything is what its usual module offers under the same name; where an interpreter has it nowhere else, it comes from
there. `signal` has numbers where the module of that name has members of an `Enum`.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from collections import deque
    from contextvars import ContextVar
    from heapq import heappop, heappush
    from queue import SimpleQueue
    from threading import Lock, RLock, get_ident
else:
    try:
        import _signal as signal
        from _collections import deque
        from _contextvars import ContextVar
        from _heapq import heappop, heappush
        from _queue import SimpleQueue
        from _thread import RLock, get_ident
        from _thread import allocate_lock as Lock
    except ImportError:  # not CPython
        import signal
        from collections import deque
        from contextvars import ContextVar
        from heapq import heappop, heappush
        from queue import SimpleQueue
        from threading import Lock, RLock, get_ident

__all__ = ["ContextVar", "Lock", "RLock", "SimpleQueue", "deque", "get_ident", "heappop", "heappush", "signal"]
