"""``customersms campaign``."""
