"""Texts from a synchronous program: a script, a cron job, Flask, any number of threads.

It shows one event loop in a thread of its own (anyio's blocking portal) with one client in it, for as long as the
program lives. The quota and the idempotency keys are in files that all programs of this host may share: a cron job
that was killed in the middle, or that runs twice at a time, texts nobody twice.

    $ pip install "customersms-async[cli]" flask
    $ customersms sandbox  # in a terminal of its own; paste the two lines that it prints into the others
    $ echo "+12125551234,Your visit is on Monday,visit-1" > visits.csv
    $ python synchronous.py visits.csv  # as cron would
    $ flask --app synchronous run  # or gunicorn "synchronous:create_app()", without --preload
    $ curl -i --data-urlencode phone=+12125551234 -d code=123456 http://127.0.0.1:5000/codes
"""

import atexit
import csv
import math
import os
import sys
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from anyio.from_thread import start_blocking_portal

from customersms_async import AsyncClient, Outcome, Priority, SQLiteIdempotency, SQLiteQuota, errors

if TYPE_CHECKING:
    from flask import Flask

FOLDER = Path(os.environ.get("TEXTS_FOLDER", "."))  # the same for all programs that send with the key


@asynccontextmanager
async def open_client() -> AsyncIterator[AsyncClient]:
    async with (
        SQLiteQuota(FOLDER / "quota.sqlite") as quota,
        SQLiteIdempotency(FOLDER / "keys.sqlite") as keys,
        AsyncClient(quota=quota, idempotency=keys) as client,
    ):
        yield client


class Texts:
    """Sends texts from any thread, until it is closed."""

    def __init__(self) -> None:
        self._opened = ExitStack()
        self._portal = self._opened.enter_context(start_blocking_portal())
        self._client = self._opened.enter_context(self._portal.wrap_async_context_manager(open_client()))

    def send(
        self, phone: str, text: str, key: str, *, priority: Priority = Priority.NORMAL, max_wait: float | None = None
    ) -> Outcome:
        """Send a text and give its outcome; raises what ``AsyncClient.send`` does."""
        send = partial(self._client.send, priority=priority, max_wait=max_wait, idempotency_key=key)
        return self._portal.call(send, phone, text)

    def close(self) -> None:
        """Wait for what is on its way, and end the event loop."""
        self._opened.close()


@cache
def texts() -> Texts:
    """The one of this process. Call it after a fork, not before: a forked child has no threads."""
    opened = Texts()
    atexit.register(opened.close)
    return opened


def remind(row: list[str]) -> str:
    try:
        return f"{row[2]}: {texts().send(*row).message_id}"
    except errors.CustomerSMSError as error:  # the next run tries again what did not go out, and nothing else
        return f"{row[2]}: {error}"


def main(file: str) -> None:
    with Path(file).open(encoding="utf-8", newline="") as rows, ThreadPoolExecutor(4) as threads:
        for line in threads.map(remind, csv.reader(rows)):
            print(line)


def create_app() -> "Flask":
    from flask import Flask, request

    app = Flask(__name__)

    @app.post("/codes")
    def send_code() -> tuple[dict[str, str], int, dict[str, str]]:
        phone, code = request.form["phone"], request.form["code"]
        text, key = f"Your code is {code}", f"code/{phone}/{code}"  # a double click is one text
        try:
            texts().send(phone, text, key, priority=Priority.URGENT, max_wait=5)
        except errors.InvalidRecipientError as error:
            return {"error": str(error)}, 422, {}
        except errors.QuotaExceededError as error:
            return {"error": "too many texts"}, 503, {"Retry-After": str(math.ceil(error.retry_after))}
        except errors.OutcomeUnknownError:
            return {"status": "it may have been sent"}, 202, {}
        except errors.CustomerSMSError as error:
            app.logger.warning("%s", error)
            return {"error": "it was not sent"}, 502, {}
        return {"status": "sent"}, 201, {}

    return app


if __name__ == "__main__":
    main(sys.argv[1])
