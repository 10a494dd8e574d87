"""What every page has that this package serves: who may ask, which headers answers have, a look, and a listener."""
