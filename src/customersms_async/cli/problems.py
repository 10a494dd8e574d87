"""What was given to a command and can't be used."""

from __future__ import annotations


class InputProblem(Exception):  # noqa: N818 - not an error of the package: the end of a command, exit status 2
    """A file, a template or a place for results that a command can't use; the text says why."""
