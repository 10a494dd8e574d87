"""The parts of ``customersms_async.otel``: imported only by who uses it."""
