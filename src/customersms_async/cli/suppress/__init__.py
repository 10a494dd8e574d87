"""``customersms suppress``: the user's own list of people who said no."""
