"""The parts of ``PostgresQuota``."""
