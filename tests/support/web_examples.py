"""The programs of ``examples/web``, each in this process, and asked over HTTP: one way for all four frameworks."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import time
from typing import TYPE_CHECKING, Any, Final

import httpx
import pytest
from aiohttp import test_utils

from support.asgi_lifespan import running
from support.example_programs import loaded
from support.places import ROOT
from support.platforms import WINDOWS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path
    from types import ModuleType

FOLDER: Final = ROOT / "examples" / "web"
SITE: Final = FOLDER / "django_site"
FRAMEWORKS: Final = ("fastapi", "litestar", "django", "aiohttp")
SECRET: Final = "a-secret-that-must-never-show"


def needs(name: str) -> None:
    """Skip the test where this package is not installed; in CI it fails."""
    if importlib.util.find_spec(name) is None:
        if os.environ.get("CI"):
            pytest.fail(f"{name} is missing: CI must have it")
        pytest.skip(f"{name} is not installed")


def module_of(framework: str) -> ModuleType:
    """The program, imported once; that of Django is its views."""
    needs(framework)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CODES_SECRET", SECRET)
        return loaded(FOLDER / f"with_{framework}.py")


def django_application(folder: Path, patch: pytest.MonkeyPatch) -> Any:
    """The site's ASGI app, with its files in ``folder``; this process keeps its time zone, which Django sets."""
    needs("django")
    patch.setenv("CODES_SECRET", SECRET)
    patch.setenv("DJANGO_SETTINGS_MODULE", "codes.settings")
    patch.syspath_prepend(SITE)
    before = os.environ.get("TZ")
    from django.conf import settings

    application = importlib.import_module("codes.asgi").application
    patch.setattr(settings, "SMS_FOLDER", folder)
    patch.setattr(settings, "ALLOWED_HOSTS", ["*"])
    if before is None:
        os.environ.pop("TZ", None)
    else:
        os.environ["TZ"] = before
    if not WINDOWS:
        time.tzset()
    return application


@contextlib.asynccontextmanager
async def served(framework: str, folder: Path, patch: pytest.MonkeyPatch) -> AsyncIterator[httpx.AsyncClient]:
    """The service, from its startup to its shutdown, as its users ask it; its files are in ``folder``."""
    patch.chdir(folder)
    if framework == "aiohttp":
        server = test_utils.TestServer(module_of("aiohttp").make_app())
        async with server, httpx.AsyncClient(base_url=str(server.make_url("/"))) as asking:
            yield asking
        return
    app = django_application(folder, patch) if framework == "django" else module_of(framework).app
    async with running(app) as alive:
        transport = httpx.ASGITransport(alive)
        async with httpx.AsyncClient(transport=transport, base_url="http://texts") as asking:
            yield asking
