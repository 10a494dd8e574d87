"""A worker: runs the campaigns of a database that are wanted and that nobody runs, until it is told to stop."""
