"""The documentation as a site: ``python -m tools.site build``, with what ``docs/requirements.txt`` names."""
