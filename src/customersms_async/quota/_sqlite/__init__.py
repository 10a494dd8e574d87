"""The parts of ``SQLiteQuota``: the file, its rows, its time. Everything here is synchronous, and for one thread."""
