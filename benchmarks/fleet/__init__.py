"""What a fleet on PostgreSQL costs its database: ``python -m benchmarks.fleet.sizes``."""
