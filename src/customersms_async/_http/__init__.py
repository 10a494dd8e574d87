"""Requests over HTTP: an engine, the transport around it, and how many may be on their way."""
