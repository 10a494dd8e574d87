"""Campaigns in a PostgreSQL database: they go on when any host of theirs dies."""
