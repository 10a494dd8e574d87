"""``customersms idempotency``: what a person sees of idempotency keys, and decides."""
