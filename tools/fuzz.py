"""Made-up inputs by the million for every reader of foreign bytes: ``make fuzz TARGET=answers RUNS=100000``.

The targets and what must hold for them are in ``tests/support/fuzzing.py``. With atheris (``pip install atheris``;
Linux), new inputs are bred from those that reached new code; without it, from random ones. ``--corpus`` names a folder
where inputs are read, and with atheris kept. The first input that breaks a rule ends it with a traceback and is written
to ``crash-…`` in the working directory.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parent.parent
SEEDS = ROOT / "tests" / "data" / "corpus"
WORDS = (
    b'{"success":true,"results":[{"phone":"+12125551234","success":true,"message_id":"m1"}]}', b'"success"', b"true",
    b'"results"', b'"phone"', b'"code"', b'"error"', b'"successful_sends"', b'"remaining_credits"', b"INVALID_API_KEY",
    b"+12125551234", b"cspro_fuzzed/key+0123456789==", b"\xef\xbb\xbf", b"phone,name\r\n", b"\r\n", b'"a\nb"', b'""',
    b"{name}", b"{{", b"}}", b"{Name }",
    b"{name|x}", b"{{name}}", b"*|", b"|*", b"%name%", b"\xe2\x80\x99", b"e\xcc\x81",
    b"(0)", b"tel:", b"\xff\xfe", b"+44 (0)", b";ext=", b"\\u", b"1e5", b"\x00",
)  # fmt: skip


LONGEST = 2.0
"""Seconds of CPU that one input may take; the largest is some hundred kilobytes."""


def main() -> None:
    """Fuzz one target."""
    asks = argparse.ArgumentParser(description=__doc__)
    asks.add_argument("target", choices=("answers", "files", "ledgers", "numbers", "sheets", "templates"))
    asks.add_argument("--runs", type=int, default=100_000)
    asks.add_argument("--corpus", type=Path)
    asks.add_argument("--seed", type=int, default=1)
    asked = asks.parse_args()
    seeds = SEEDS / asked.target
    folders = [asked.corpus, seeds] if asked.corpus is not None and asked.corpus.is_dir() else [seeds]
    try:
        import atheris
    except ImportError:
        from support.fuzzing import TARGETS

        without_atheris(TARGETS[asked.target], folders, asked.runs, asked.seed)
        return
    with atheris.instrument_imports(include=["customersms_async"]):
        from support.fuzzing import TARGETS
    with tempfile.TemporaryDirectory() as grown, tempfile.NamedTemporaryFile("w", suffix=".dict") as words:
        for word in WORDS:
            words.write('"' + "".join(f"\\x{byte:02x}" for byte in word) + '"\n')
        words.flush()
        flags = [f"-runs={asked.runs}", f"-seed={asked.seed}", f"-dict={words.name}", "-max_len=6000", "-timeout=10"]
        atheris.Setup(
            [sys.argv[0], *flags, *map(str, [grown, *folders] if len(folders) == 1 else folders)], TARGETS[asked.target]
        )
        atheris.Fuzz()  # ends the process


def without_atheris(target: Callable[[bytes], None], folders: list[Path], runs: int, seed: int) -> None:
    """Breed inputs blindly from the seeds and the words."""
    chance = random.Random(seed)
    seeds = [file.read_bytes() for folder in folders for file in sorted(folder.iterdir())] or list(WORDS)
    began = time.monotonic()
    for _ in range(runs):
        data = mutated(chance.choice(seeds), chance)
        start = time.process_time()
        try:
            target(data)
            assert time.process_time() - start < LONGEST, "it took too long"
        except BaseException:
            Path(f"crash-{abs(hash(data)):x}").write_bytes(data)
            print(data, file=sys.stderr)
            raise
    print(f"{runs:,} runs in {time.monotonic() - began:.0f} s, and every rule held")


def mutated(data: bytes, chance: random.Random) -> bytes:
    """The same with a few bytes or words put in, taken out, or changed."""
    grown = bytearray(data)
    for _ in range(chance.randrange(1, 9)):
        at = chance.randrange(len(grown) + 1)
        until = at + (chance.randrange(8) if chance.random() < 0.5 else 0)
        piece = chance.choice(WORDS) if chance.random() < 0.4 else chance.randbytes(chance.randrange(6))
        if chance.random() < 0.002:
            piece *= chance.choice((100, 3_000, 20_000))
        grown[at:until] = piece
    return bytes(grown)


if __name__ == "__main__":
    main()
