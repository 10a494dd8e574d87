"""``customersms ledger``: the schema of a fleet in its database, and a person's word after a fail-over."""
