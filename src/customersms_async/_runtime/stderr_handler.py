"""A log handler for a quick look: the lines go to standard error, unless the program shows them itself."""

from __future__ import annotations

import logging
import sys
from typing import final


@final
class StderrHandler(logging.Handler):
    """Writes the lines of one ``logger`` to standard error where no other handler takes them.

    Which handlers there are is looked up for each line: a program mostly sets up its log after its imports. So a line
    is never there twice, and the program's own handlers get it as they get all others.
    """

    def __init__(self, logger: logging.Logger) -> None:
        super().__init__()
        self._logger = logger
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line, to what is standard error now."""
        if self._is_taken(record.levelno):
            return
        try:
            sys.stderr.write(f"{self.format(record)}\n")
            sys.stderr.flush()
        except Exception:  # noqa: BLE001 - as logging's own handlers do it
            self.handleError(record)

    def _is_taken(self, level: int) -> bool:
        """Whether another handler takes lines of this level, of the logger's own or of those above it."""
        logger: logging.Logger | None = self._logger
        while logger is not None:
            if any(_takes(each, level) for each in logger.handlers if each is not self):
                return True
            logger = logger.parent if logger.propagate else None
        return False


def _takes(handler: logging.Handler, level: int) -> bool:
    return level >= handler.level and not isinstance(handler, logging.NullHandler)
