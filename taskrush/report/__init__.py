"""What listens to the records of a run: one listener a file."""
