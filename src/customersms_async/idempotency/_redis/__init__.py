"""The parts of ``RedisIdempotency``: the script that decides, its records, and the settings that it needs."""
