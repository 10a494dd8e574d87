"""Every ``curl`` that the pages show is answered by a sandbox as the page says: with JSON, and well."""

from __future__ import annotations

import asyncio
import json
import re
import shlex
from itertools import pairwise
from urllib.request import Request, urlopen

import pytest

from customersms_async.sandbox import Sandbox
from support.pages import consoles

CURL = re.compile(r"^\$ (curl .*)$", re.MULTILINE)
LINES = [pytest.param(line, id=place) for place, block in consoles() for line in CURL.findall(block)]


@pytest.mark.parametrize("line", LINES)
async def test_a_curl_of_a_page_is_answered(line: str) -> None:
    words = shlex.split(line.partition(" | ")[0])
    given = dict(pairwise(words))
    async with Sandbox().serve() as url:
        (asked,) = (word for word in words if word.startswith("http://127.0.0.1:8025/"))
        here = asked.replace("http://127.0.0.1:8025/", url.removesuffix("sms_system/api.php"))
        request = Request(here, given["-d"].encode() if "-d" in given else None, method=given.get("-X", "GET"))  # noqa: S310

        def ask() -> object:
            with urlopen(request) as answer:  # noqa: S310 - to this machine
                return json.load(answer)

        assert await asyncio.to_thread(ask)
