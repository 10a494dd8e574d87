"""``customersms send`` and ``customersms estimate``."""
