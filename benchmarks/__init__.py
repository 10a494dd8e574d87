"""Measurements of the package, beside what people would use instead; run as modules, from the project's root."""
