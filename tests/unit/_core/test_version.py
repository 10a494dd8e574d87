"""The version, as the package says it and as it was built."""

from __future__ import annotations

from importlib.metadata import version

import customersms_async
from customersms_async._core.version import VERSION


def test_the_version_is_one() -> None:
    assert customersms_async.__version__ == VERSION == version("customersms-async")
    assert "__version__" in dir(customersms_async)
