"""An error of this machine's set-up, which keeps it from sending anything, told apart from what may pass by itself."""

from __future__ import annotations


class SetupProblem(Exception):  # noqa: N818 - ends in error_meaning, as the words of an outcome
    """Nothing can be sent as this machine is set up, and another try would fail alike; the text says what to mend.

    It names the variable or file, and shows nothing of what may be a password.
    """
