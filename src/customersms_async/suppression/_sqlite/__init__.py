"""The parts of ``SQLiteSuppression``: the file and its rows. Everything here is synchronous, and for one thread."""
