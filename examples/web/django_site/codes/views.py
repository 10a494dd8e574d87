"""The service: one async view that texts a one-time password, and the two that probes ask for."""

import hmac
import logging
import math

import msgspec
from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from customersms_async import AsyncClient, Priority, errors

SECRET = settings.SECRET_KEY.encode()
logger = logging.getLogger(__name__)


class CodeRequest(msgspec.Struct):
    """What is posted."""

    phone: str


def client_of(request: ASGIRequest) -> AsyncClient:
    """The worker's client; see asgi.py."""
    client: AsyncClient = request.scope["state"]["client"]
    return client


@csrf_exempt  # programs post here; a form of your own pages keeps its token
@require_POST
async def send_code(request: ASGIRequest) -> HttpResponse:
    """Text a one-time password. The same request under the same key gets the same answer, and nobody a second text."""
    key = request.headers.get("Idempotency-Key", "")
    try:
        wanted = msgspec.json.decode(request.body, type=CodeRequest)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        return JsonResponse({"detail": str(error)}, status=400)
    if not 8 <= len(key) <= 100:
        return JsonResponse({"detail": "An Idempotency-Key has 8 to 100 characters."}, status=400)
    text = f"Your code is {code_for(wanted.phone, key)}"
    try:
        await client_of(request).send(wanted.phone, text, priority=Priority.URGENT, idempotency_key=f"codes/{key}")
    except errors.CustomerSMSError as error:
        status, detail, seconds = problem(error)
        return JsonResponse({"detail": detail}, status=status, headers={"Retry-After": seconds} if seconds else {})
    return JsonResponse({"detail": "The code is on its way."}, status=202)


async def healthz(_: ASGIRequest) -> HttpResponse:
    """Alive."""
    return JsonResponse({"ok": True})


async def readyz(request: ASGIRequest) -> HttpResponse:
    """Ready: the quota's store answers."""
    health = await client_of(request).health(timeout=0.5)
    return JsonResponse({"ok": health.ok}, status=200 if health.ok else 503)


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
