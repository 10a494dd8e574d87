"""The quota in numbers, beside other rate limiters: ``python -m benchmarks.quota``."""
