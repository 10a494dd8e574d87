"""Everything at once, for as long as one likes, and a judge at the end: ``make torture``."""
