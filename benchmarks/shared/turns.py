"""Rivals that take turns, a fraction of a second each, so that a busy moment of the machine hits all of them alike."""

from __future__ import annotations

import contextlib
import json
import random
import select
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING, Any

from benchmarks.shared.processes import ROOT, command, say

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

PATIENCE = 180.0
"""Seconds that one answer may take, unless more is said."""


class Process:
    """A benchmark in a fresh process, which answers a line with a line of JSON and ends with its input.

    As its input ends with this process, however that ends, it is never left behind. If it fails, or does not answer,
    this program ends with what it had to say.
    """

    def __init__(self, module: str, *arguments: object, packages: Path | None = None) -> None:
        self._name = " ".join(map(str, (module, *arguments)))
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed with the process
        words, world = command(module, *arguments, packages=packages)
        self._process = subprocess.Popen(  # noqa: S603
            words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, text=True, env=world
        )

    def ask(self, question: str) -> Any:
        """Its answer."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # then there is no answer either
            self._process.stdin.write(question + "\n")
            self._process.stdin.flush()
        return self.read(question)

    def read(self, question: str = "start", patience: float = PATIENCE) -> Any:
        """The next line that it says, in so many seconds."""
        assert self._process.stdout is not None
        ready = select.select([self._process.stdout], [], [], patience)[0]
        line = self._process.stdout.readline() if ready else ""
        if not line:
            self._process.kill()
            self._process.wait()
            self._errors.seek(0)
            sys.exit(f"{self._name} failed at {question!r}:\n{self._errors.read() or 'no answer'}")
        return json.loads(line)

    def __enter__(self) -> Process:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is not None:
            self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.communicate(timeout=5)
        self._process.kill()
        self._process.wait()
        self._errors.close()


def by_turns(
    module: str,
    rivals: Mapping[str, Sequence[str]],
    rounds: int,
    *arguments: object,
    together: Sequence[str] = (),
    packages: Mapping[str, Path] | None = None,
) -> dict[str, dict[str, list[Any]]]:
    """What every rival answers to its questions, by rival and question: two answers of every round.

    Each round has fresh processes, all of them at once, of which one works while the others wait for their turn. Every
    question goes to all rivals in an order drawn anew each round, then again in the opposite order, so that what comes
    or goes in the meantime is to nobody's advantage; answers of the same number belong to one pass. ``together`` are
    those whose ratios are judged: they have their turns one right after the other.
    """
    found: dict[str, dict[str, list[Any]]] = {name: {each: [] for each in rivals[name]} for name in rivals}
    questions = list(dict.fromkeys(question for each in rivals.values() for question in each))
    for number in range(rounds):
        say(f"{module}, round {number + 1} of {rounds}")
        dice = random.Random(number)
        order = dice.sample(together, len(together))
        order += dice.sample(others := [name for name in rivals if name not in together], len(others))
        with _running(module, rivals, arguments, packages or {}) as running:
            for question in questions:
                for name in (*order, *reversed(order)):
                    if question in rivals[name]:
                        found[name][question].append(running[name].ask(question))
    return found


@contextlib.contextmanager
def _running(
    module: str, names: Mapping[str, object], arguments: Sequence[object], packages: Mapping[str, Path]
) -> Iterator[dict[str, Process]]:
    with contextlib.ExitStack() as stack:
        yield {
            name: stack.enter_context(Process(module, name, *arguments, packages=packages.get(name))) for name in names
        }
