"""One-time passwords in aiohttp: the same service as in with_fastapi.py, which says more about each step.

aiohttp is there, so the client goes over it as well: the faster engine. Install it, and have a sandbox in one terminal:

    $ pip install 'customersms-async[cli,fast]'
    $ customersms sandbox

In another, in this folder, with the two lines that the sandbox has printed and a secret of your own:

    $ export CUSTOMERSMS_URL=http://127.0.0.1:8025/sms_system/api.php CUSTOMERSMS_API_KEY=cspro_sandbox_key
    $ export CODES_SECRET=change-me
    $ python with_aiohttp.py

And in a third:

    $ curl -i http://127.0.0.1:8000/codes -H 'Idempotency-Key: 5f1c7a90' --json '{"phone": "+12125551234"}'
    $ curl http://127.0.0.1:8000/readyz
"""

import hmac
import logging
import math
import os
from collections.abc import AsyncIterator

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler

from customersms_async import AsyncClient, Caps, Limit, Priority, SQLiteIdempotency, SQLiteQuota, errors
from customersms_async.fast import FastClient

CAPS = Caps("codes", per_number=[Limit(1, 30), Limit(5, 900), Limit(12, 86_400)], total=Limit(5_000, 3_600))
SECRET = os.environ["CODES_SECRET"].encode()
CLIENT = web.AppKey("client", AsyncClient)
logger = logging.getLogger(__name__)
routes = web.RouteTableDef()


async def open_client(app: web.Application) -> AsyncIterator[None]:
    """Have one client for as long as the process runs, over files that all processes share."""
    async with (
        FastClient() as http_client,
        SQLiteQuota("quota.sqlite") as quota,
        SQLiteIdempotency("keys.sqlite") as keys,
        AsyncClient(http_client=http_client, quota=quota, idempotency=keys, caps=CAPS, max_wait=5, timeout=10) as app[
            CLIENT
        ],
    ):
        yield


class CodeRequest(msgspec.Struct):
    """What is posted."""

    phone: str


@routes.post("/codes")
async def send_code(request: web.Request) -> web.Response:
    """Text a one-time password. The same request under the same key gets the same answer, and nobody a second text."""
    key = request.headers.get("Idempotency-Key", "")
    try:
        wanted = msgspec.json.decode(await request.read(), type=CodeRequest)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        return web.json_response({"detail": str(error)}, status=400)
    if not 8 <= len(key) <= 100:
        return web.json_response({"detail": "An Idempotency-Key has 8 to 100 characters."}, status=400)
    text = f"Your code is {code_for(wanted.phone, key)}"
    await request.app[CLIENT].send(wanted.phone, text, priority=Priority.URGENT, idempotency_key=f"codes/{key}")
    return web.json_response({"detail": "The code is on its way."}, status=202)


@routes.get("/healthz")
async def healthz(_: web.Request) -> web.Response:
    """Alive."""
    return web.json_response({"ok": True})


@routes.get("/readyz")
async def readyz(request: web.Request) -> web.Response:
    """Ready: the quota's store answers."""
    health = await request.app[CLIENT].health(timeout=0.5)
    return web.json_response({"ok": health.ok}, status=200 if health.ok else 503)


@web.middleware
async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer what no route has dealt with."""
    try:
        return await handler(request)
    except errors.CustomerSMSError as error:
        status, detail, seconds = problem(error)
        headers = {"Retry-After": str(seconds)} if seconds else {}
        return web.json_response({"detail": detail}, status=status, headers=headers)


def make_app() -> web.Application:
    """Put the service together."""
    app = web.Application(middlewares=[answer])
    app.add_routes(routes)
    app.cleanup_ctx.append(open_client)
    return app


def code_for(phone: str, key: str) -> str:
    """Six digits that nobody can guess, and the same ones for the same request: under one key goes one text.

    Whoever checks a code lets it run out after some minutes, and after a few wrong guesses.
    """
    digest = hmac.digest(SECRET, f"{phone} {key}".encode(), "sha256")
    return f"{int.from_bytes(digest) % 1_000_000:06}"


def problem(error: errors.CustomerSMSError) -> tuple[int, str, int]:
    """What an error is over HTTP: the status, words for the person, and the seconds of Retry-After, or 0."""
    match error:
        case errors.OutcomeUnknownError():  # it may have been sent, and upon a 5xx browsers and proxies ask again
            return 202, "The code may be on its way. If it does not come within a minute, ask for another one.", 0
        case errors.InvalidRecipientError():
            return 422, f"This is not a phone number: {error.reason}", 0
        case errors.IdempotencyMismatchError():
            return 422, "This Idempotency-Key was used for another number.", 0
        case errors.CappedError():
            return 429, "There were enough codes for now.", math.ceil(error.retry_after)
        case errors.QuotaExceededError() | errors.RateLimitedError():
            return 503, "Too many codes are wanted at the moment.", max(1, math.ceil(error.retry_after))
        case errors.ConnectionFailedError():
            return 503, "The code could not be sent.", 5
        case errors.AuthenticationError() | errors.InsufficientCreditsError():
            pass
        case errors.RejectedError():
            return 422, "No code can be sent to this number.", 0
    # A person has to see to it: the key, the credits, a store. Its words may quote a number, and don't go into the log.
    logger.error("no codes can be sent: %s", type(error).__name__)
    return 503, "No codes can be sent at the moment.", 60


if __name__ == "__main__":
    # On SIGTERM it takes no more requests, waits so long for those that it has, and then ends what open_client began.
    web.run_app(make_app(), host="127.0.0.1", port=int(os.environ.get("PORT", "8000")), shutdown_timeout=20)
