"""The ASGI app: Django's, with what it leaves out, a beginning and an end for what lives as long as a worker does.

A client belongs to the event loop that it sends in, so this needs an ASGI server: under WSGI each request would have a
loop, and so a client, of its own.
"""

import os
from typing import Any

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "codes.settings")
django_app = get_asgi_application()

from .texts import open_client  # noqa: E402 - the settings are there now


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Give every request the worker's client, as ``request.scope["state"]["client"]``.

    ``--lifespan on`` has uvicorn refuse to start where the client can't be opened; else it would go on without one.
    """
    if scope["type"] != "lifespan":
        await django_app(scope, receive, send)
        return
    await receive()  # lifespan.startup
    async with open_client() as scope["state"]["client"]:
        await send({"type": "lifespan.startup.complete"})
        await receive()  # lifespan.shutdown, which comes once every request has its answer
    await send({"type": "lifespan.shutdown.complete"})
