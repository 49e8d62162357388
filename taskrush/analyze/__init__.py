"""Pure functions over what happened: why a task failed, and what might help."""
