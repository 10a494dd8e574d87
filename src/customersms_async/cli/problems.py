"""Problems with what a command was given."""

from __future__ import annotations


class InputProblem(Exception):  # noqa: N818 - not an error of the package: the end of a command, exit status 2
    """A file, a template or a place for results that a command can't use; the text says why."""
