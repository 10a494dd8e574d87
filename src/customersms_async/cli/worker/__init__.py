"""``customersms worker``: runs the campaigns of a database that are wanted and that nobody runs."""
