"""Where things of the project are."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import customersms_async

ROOT: Final = Path(__file__).resolve().parents[2]
TESTS: Final = ROOT / "tests"
DATA: Final = TESTS / "data"
DOCS: Final = ROOT / "docs"
SUPPORT: Final = TESTS / "support"
PACKAGE: Final = Path(customersms_async.__file__).parent
