"""One-time passwords in Litestar: the same service as in with_fastapi.py, which says more about each step.

Install it, and have a sandbox in one terminal:

    $ pip install 'customersms-async[cli]' litestar uvicorn
    $ customersms sandbox

In another, in this folder, with the two lines that the sandbox has printed and a secret of your own:

    $ export CUSTOMERSMS_URL=http://127.0.0.1:8025/sms_system/api.php CUSTOMERSMS_API_KEY=cspro_sandbox_key
    $ export CODES_SECRET=change-me
    $ uvicorn with_litestar:app --port 8000 --workers 2 --timeout-graceful-shutdown 20

And in a third:

    $ curl -i http://127.0.0.1:8000/codes -H 'Idempotency-Key: 5f1c7a90' --json '{"phone": "+12125551234"}'
    $ curl http://127.0.0.1:8000/readyz
"""

import contextlib
import hmac
import logging
import math
import os
from collections.abc import AsyncIterator
from typing import Annotated, Any

import msgspec
from litestar import Litestar, Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.params import HeaderParameter, JSONBody

from customersms_async import AsyncClient, Caps, Limit, Priority, SQLiteIdempotency, SQLiteQuota, errors

CAPS = Caps("codes", per_number=[Limit(1, 30), Limit(5, 900), Limit(12, 86_400)], total=Limit(5_000, 3_600))
SECRET = os.environ["CODES_SECRET"].encode()
logger = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def lifespan(app: Litestar) -> AsyncIterator[None]:
    """Have one client for as long as the worker runs, over files that all workers share."""
    async with (
        SQLiteQuota("quota.sqlite") as quota,
        SQLiteIdempotency("keys.sqlite") as keys,
        AsyncClient(quota=quota, idempotency=keys, caps=CAPS, max_wait=5, timeout=10) as client,
    ):
        app.state.client = client
        yield


def client_of(state: State) -> AsyncClient:
    """The worker's client."""
    client: AsyncClient = state.client
    return client


class CodeRequest(msgspec.Struct):
    """What is posted."""

    phone: str


Key = Annotated[str, HeaderParameter(name="Idempotency-Key", min_length=8, max_length=100)]


@post("/codes", status_code=202)
async def send_code(data: JSONBody[CodeRequest], key: Key, client: NamedDependency[AsyncClient]) -> dict[str, str]:
    """Text a one-time password. The same request under the same key gets the same answer, and nobody a second text."""
    text = f"Your code is {code_for(data.phone, key)}"
    await client.send(data.phone, text, priority=Priority.URGENT, idempotency_key=f"codes/{key}")
    return {"detail": "The code is on its way."}


@get("/healthz")
async def healthz() -> dict[str, bool]:
    """Alive."""
    return {"ok": True}


@get("/readyz")
async def readyz(client: NamedDependency[AsyncClient]) -> Response[dict[str, bool]]:
    """Ready: the quota's store answers."""
    health = await client.health(timeout=0.5)
    return Response({"ok": health.ok}, status_code=200 if health.ok else 503)


def answer(_: Request[Any, Any, Any], error: errors.CustomerSMSError) -> Response[dict[str, str]]:
    """Answer what no route has dealt with."""
    status, detail, seconds = problem(error)
    headers = {"Retry-After": str(seconds)} if seconds else {}
    return Response({"detail": detail}, status_code=status, headers=headers)


app = Litestar(
    [send_code, healthz, readyz],
    lifespan=[lifespan],
    dependencies={"client": Provide(client_of, sync_to_thread=False)},
    exception_handlers={errors.CustomerSMSError: answer},
    logging_config=None,  # the server has one; Litestar's own would show the requests of all libraries
)


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
