"""What decides and does nothing else: no async, clock, socket, logger or randomness."""
