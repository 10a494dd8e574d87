"""Programs for those who work on the package; run as modules, from the project's root."""
