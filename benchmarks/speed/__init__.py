"""What everything costs, beside what people would use instead: ``python -m benchmarks.speed``."""
