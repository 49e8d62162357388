"""Carrying a plan out: the scheduler decides, the executor acts, the bus tells."""
