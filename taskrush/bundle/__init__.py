"""What makes a task run again elsewhere: its recipe as a script and a page, and the files that it needs."""
