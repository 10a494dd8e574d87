"""Titles in ``--help``, each of the options of several groups."""

from __future__ import annotations

from typing import Final

MAIN_PANEL: Final = "Options"
ROUTE_PANEL: Final = "Gateway, quota and speed"
STOP_PANEL: Final = "When it stops"
LOOK_PANEL: Final = "Asking, showing and recording"
