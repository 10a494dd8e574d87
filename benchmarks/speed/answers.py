"""The longest time that one answer keeps the event loop: ``PYTHONPATH=tests python -m benchmarks.speed.answers``.

Every odd shape of ``tests/support/large_answers.py``, to a request for 1, 100 and 1,000 numbers: as large as it is
read, after a short text and after a long one, and of four megabytes. Milliseconds of CPU, of the longest step and of
all; the least of five readings. The worst ten are listed, and that of the usual answer, by which to judge a machine.
"""

from __future__ import annotations

import json
import time

from customersms_async._core import answer_bounds
from customersms_async._core.batching import Batch
from customersms_async._core.post_result import Answer
from customersms_async._core.rulings import judge_in_steps
from customersms_async._core.secret import Secret
from support.large_answers import NAMES, PHONES, large_answer

REDACT = Secret("cspro_fuzzed/key+0123456789==").redact
TEXTS = {"Hello": "", "\u20ac" * 670: ", after a long text"}


def milliseconds(body: bytes, batch: Batch) -> tuple[float, float]:
    """What the longest step of a ruling costs, and what all of them do."""
    readings = [_steps(body, batch) for _ in range(5)]
    steps = [min(taken) * 1e3 for taken in zip(*readings, strict=True)]
    return max(steps), sum(steps)


def _steps(body: bytes, batch: Batch) -> list[float]:
    steps = judge_in_steps(Answer(200, body), batch, 1.7e9, REDACT)
    taken = []
    is_over = False
    while not is_over:
        began = time.process_time()
        is_over = next(steps, True) is True
        taken.append(time.process_time() - began)
    return taken


def main() -> None:
    """Measure, and print."""
    found = []
    usual_ms = 0.0
    for count in (1, 100, 1_000):
        for message, after in TEXTS.items():
            batch = Batch(message, PHONES[:count], list(range(count)))
            least, each = answer_bounds.BYTES
            most = answer_bounds.most_rows(batch)
            readable = least + count * (each + answer_bounds.ESCAPED * len(message)) - 1_000
            for name in NAMES:
                for size, rows in ((min(readable, 4_000_000), most), (4_000_000, 10**9)):
                    body = large_answer(name, size, rows)
                    found.append((*milliseconds(body, batch), f"{name}, {len(body):,} bytes{after}", count))
        batch = Batch("Hello", PHONES[:count], list(range(count)))
        for success in (True, False):
            said = [{"phone": p, "success": success, "message_id": "m1", "error": "Invalid"} for p in batch.phones]
            usual = json.dumps({"success": True, "results": said}).encode()
            _, usual_ms = milliseconds(usual, batch)
            print(f"{usual_ms:8.2f} ms  the usual answer, success {success}, to {count:,}")
    print("longest step, all steps")
    for longest, spent, name, count in sorted(found, reverse=True)[:10]:
        print(f"{longest:8.2f} ms {spent:8.2f} ms  {name}, to {count:,}")
    print(f"the worst is {max(found)[0] / usual_ms:.1f} times the usual answer, success False, to 1,000")


if __name__ == "__main__":
    main()
