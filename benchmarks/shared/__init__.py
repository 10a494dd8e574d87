"""What the benchmarks share: fresh processes that take turns, ratios, pictures."""
