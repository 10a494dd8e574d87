"""Both stores against a dict, by whatever steps hypothesis finds: add, remove, look, close and open again."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from customersms_async import MemorySuppression, SQLiteSuppression
from customersms_async.suppression import EntryKind

PHONES = [f"+1212555000{number}" for number in range(5)] + ["+491511234567890", "+2904567"]
SOME = st.lists(st.sampled_from(PHONES), max_size=5)


class Lists(RuleBasedStateMachine):
    """Two lists that are told the same, beside a dict of who is suppressed and a list of what changed."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "suppressed.db"
        self.memory = MemorySuppression()
        self.now: dict[str, bool] = {}
        self.said: list[tuple[str, EntryKind, str]] = []

    @initialize()
    def open(self) -> None:
        self.file = SQLiteSuppression(self.path)

    @rule(phones=SOME, adds=st.booleans(), why=st.text(max_size=3).filter(lambda text: text.isprintable()))
    def change(self, phones: list[str], adds: bool, why: str) -> None:
        changed = [phone for phone in dict.fromkeys(phones) if self.now.get(phone, False) is not adds]
        self.now.update(dict.fromkeys(changed, adds))
        kind = EntryKind.ADDED if adds else EntryKind.REMOVED
        self.said += [(phone, kind, why) for phone in changed]
        for store in (self.memory, self.file):
            call: Any = store.add if adds else store.remove
            assert asyncio.run(call(phones, why=why)) == len(changed)

    @rule(phones=SOME)
    def look(self, phones: list[str]) -> None:
        expected = {phone for phone in phones if self.now.get(phone)}
        for store in (self.memory, self.file):
            assert asyncio.run(store.suppressed(phones)) == expected

    @rule()
    def open_again(self) -> None:
        self.file.close()
        self.open()

    @invariant()
    def both_tell_what_was_said(self) -> None:
        for store in (self.memory, self.file):
            told = asyncio.run(store.entries())
            assert [(entry.phone, entry.kind, entry.why) for entry in told] == self.said

    def teardown(self) -> None:
        self.file.close()
        self.folder.cleanup()


TestLists = Lists.TestCase
TestLists.settings = settings(max_examples=20, stateful_step_count=15, deadline=None)
