"""Encoding and decoding: ``python -m benchmarks.speed.codec RIVAL`` answers questions on its input.

``encode 100`` asks what it costs to encode a request for 100 numbers, ``decode 100`` to decode its answer; what comes
back is microseconds of CPU, and how many bytes it holds at most. Ours ends with an outcome for every number, each
checked against what was asked; the others end with what the answer says: dicts, or models. The peak is what tracemalloc
sees: Python's objects, all rivals' alike, but not what Rust keeps to itself meanwhile.
"""

from __future__ import annotations

import gc
import json
import sys
import time
import tracemalloc
from functools import cache
from typing import TYPE_CHECKING, Any

from benchmarks.speed.rivals import asked, phones

if TYPE_CHECKING:
    from collections.abc import Callable

ENOUGH = 0.03
"""Seconds of CPU that a measurement takes at least."""

Codec = tuple["Callable[[dict[str, Any]], bytes]", "Callable[[bytes, int], object]"]


def ours() -> Codec:
    from customersms_async import Status
    from customersms_async._core.batching import Batch
    from customersms_async._core.post_result import Answer
    from customersms_async._core.provider import encode
    from customersms_async._core.rulings import judge

    batches: dict[int, Batch] = {}

    def decode(body: bytes, count: int) -> object:
        if count not in batches:
            batches[count] = Batch("Hello", phones(count), list(range(count)))
        outcomes = judge(Answer(200, body, None), batches[count], 0.0).outcomes
        assert outcomes[-1].status is Status.ACCEPTED
        return outcomes

    return lambda body: encode(body["api_key"], body["phone"], body["message"]), decode


def with_json() -> Codec:
    return lambda body: json.dumps(body).encode(), lambda body, _: json.loads(body)


def with_orjson() -> Codec:
    import orjson

    return orjson.dumps, lambda body, _: orjson.loads(body)


def with_pydantic() -> Codec:
    from pydantic import BaseModel

    class Request(BaseModel):
        api_key: str
        phone: list[str]
        message: str

    class Row(BaseModel):
        phone: str
        success: bool
        message_id: str | None = None

    class Answer(BaseModel):
        success: bool
        remaining_credits: float
        results: list[Row]

    for model in (Request, Row, Answer):
        model.model_rebuild(_types_namespace={"Row": Row})
    return (
        lambda body: Request(**body).model_dump_json().encode(),
        lambda body, _: Answer.model_validate_json(body),
    )


RIVALS: dict[str, Callable[[], Codec]] = {
    "ours": ours,
    "json": with_json,
    "orjson": with_orjson,
    "pydantic": with_pydantic,
}


def answered(count: int) -> bytes:
    rows = [{"phone": p, "success": True, "message_id": f"msg_{i:06}"} for i, p in enumerate(phones(count))]
    sums = {"total_numbers": count, "successful_sends": count, "failed_sends": 0, "remaining_credits": 7}
    return json.dumps({"success": True, "message": "SMS sending completed", **sums, "results": rows}).encode()


def microseconds(work: Callable[[], object]) -> float:
    """CPU of one call, over as many as take long enough, after a first."""
    work()
    calls = 1
    while True:
        began = time.process_time()
        for _ in range(calls):
            work()
        seconds = time.process_time() - began
        if seconds >= ENOUGH:
            return seconds / calls * 1e6
        calls *= 2


def peak(work: Callable[[], object]) -> int:
    """Bytes that one call holds at most beyond what it was given, its result included."""
    gc.collect()
    tracemalloc.start()
    work()
    highest = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return highest


@cache
def asked_for(rival: str, what: str, count: int) -> tuple[Callable[[], object], int]:
    """What does it once, and the peak of its memory."""
    encode, decode = RIVALS[rival]()
    request, answer = asked(count), answered(count)

    def encoded() -> object:
        return encode(request)

    def decoded() -> object:
        return decode(answer, count)

    work = encoded if what == "encode" else decoded
    work()
    return work, peak(work)


def questions(most: int) -> list[str]:
    """All that can be asked, for 1 to ``most`` numbers."""
    counts = [10**power for power in range(len(str(most)))]
    return [f"{what} {count}" for what in ("encode", "decode") for count in counts]


def main(rival: str) -> None:
    for question in sys.stdin:
        what, count = question.split()
        work, held = asked_for(rival, what, int(count))
        print(json.dumps({"us": microseconds(work), "bytes": held}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
