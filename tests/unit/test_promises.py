"""The promises are the product: they stand word for word wherever they are said."""

from __future__ import annotations

import ast

import pytest

from support.places import ROOT

QUOTA = (
    "For every limit of L requests per W seconds, no window of length W, wherever it is placed and however long answers"
    " take, sees more than L requests of a key from the clients that share one quota store, provided that no request"
    " arrives more than five seconds after its deadline; and the quota makes no request wait longer than that demands;"
    " a limit that is first used later waits at most one coarse step longer."
)
SENDING = (
    "A text that may have been sent is never sent again unless a person says so: every recipient ends as accepted,"
    " rejected, unsent or unknown, and unknown is never guessed away."
)
ONCE = (
    "Of all calls with one idempotency key, in any number of processes that share the store, at most one text leaves"
    " within `keep`, as long as the store keeps what it acknowledged and unless a person says otherwise; each of them"
    " ends with the outcome of that one; if nobody can know it, each ends as unknown."
)
SECRECY = (
    "The API key appears in the request body and nowhere else: in no log, repr, exception, traceback, pickle or file."
)
CAMPAIGN = (
    "no second request ever contains a recipient of the campaign unless the first was proven not accepted or a named"
    " person said so; every recipient ends in a recorded state; what can't be proven is listed as unknown, at most"
    " requests in flight times batch size per crash."
)


def words(path: str) -> str:
    """The prose of a file, without its line breaks: a page's text, or the docstrings of a module."""
    text = (ROOT / path).read_text(encoding="utf-8")
    if path.endswith(".py"):
        nodes = (
            n
            for n in ast.walk(ast.parse(text))
            if isinstance(n, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        )
        text = "\n".join(ast.get_docstring(node) or "" for node in nodes)
    return " ".join(text.replace(">", " ").split())


@pytest.mark.parametrize(
    ("promise", "path"),
    [
        (QUOTA, "README.md"),
        (QUOTA, "docs/promises.md"),
        (QUOTA, "src/customersms_async/_core/buckets.py"),
        (QUOTA, "tests/unit/_core/test_buckets.py"),
        (QUOTA, "tests/unit/_core/test_history.py"),
        (SENDING, "README.md"),
        (SENDING, "docs/promises.md"),
        (SENDING, "src/customersms_async/_core/rulings.py"),
        (SENDING, "tests/unit/_core/test_rulings_odd_answers.py"),
        (ONCE, "docs/idempotency.md"),
        (ONCE, "src/customersms_async/_core/idempotency_record.py"),
        (ONCE, "src/customersms_async/client.py"),
        (ONCE, "tests/unit/_core/test_idempotency_model.py"),
        (ONCE, "tests/process/test_idempotency.py"),
        (SECRECY, "README.md"),
        (SECRECY, "docs/promises.md"),
        (SECRECY, "src/customersms_async/_core/secret.py"),
        (SECRECY, "tests/unit/test_client.py"),
        (CAMPAIGN, "README.md"),
        (CAMPAIGN, "docs/campaigns.md"),
        (CAMPAIGN, "src/customersms_async/campaign/campaign.py"),
        (CAMPAIGN, "tests/process/campaign/test_kill_in_loop.py"),
        (CAMPAIGN, "tests/unit/campaign/test_model.py"),
        (SECRECY, "tests/socket/test_secrecy.py"),
        (SECRECY, "SECURITY.md"),
    ],
)
def test_a_promise_stands_word_for_word(promise: str, path: str) -> None:
    assert promise in words(path)
