"""The parts of ``RedisQuota``: the script that decides, the clients that run it, and their errors."""
