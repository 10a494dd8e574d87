"""The ledger of a campaign in one SQLite file: the file, its lock, its schema, and the thread that alone touches it."""
