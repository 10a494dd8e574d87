"""The rule of ``caps`` over the rows of one space in a ``SQLiteQuota``'s file."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from ..._core.caps import hits, longest_window_us
from ..._core.settle_times import NEVER_US
from .settled_rows import one

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from ..._core.caps import CapHit, CappedText

_CUT_AT_ONCE: Final = 16
"""Old rows dropped from a scope at once, at most: all of a number, and few enough of all texts that nobody waits."""

_SWEPT: Final = 4
"""Scopes that each text looks at for old rows: more than it can add."""


class CapRows:
    """The caps of one space at one moment, within one transaction; follows ``cap_log.CapLog``.

    A text costs a few indexed look-ups and changes. Mutable state: all in the tables.
    """

    def __init__(self, db: sqlite3.Connection, space: bytes, now_us: int) -> None:
        db.execute("INSERT OR IGNORE INTO cap_spaces (hash) VALUES (?)", (space,))
        self._db, self._now_us = db, now_us
        query = "SELECT space, longest_us, swept FROM cap_spaces WHERE hash = ?"
        self._space, self._longest_us, self._swept = one(db, query, space)

    def look(self, texts: Sequence[CappedText]) -> list[CapHit | None]:
        """For each text the cap that it hits, or ``None`` if there is room for it: see ``CapStore.look_at_caps``."""
        self._reach(texts)
        return self._judge(texts, is_taking=False)

    def take(self, texts: Sequence[CappedText], hold_us: int) -> list[CapHit | None]:
        """Count all of these texts, or none of them where any hits a cap: see ``CapStore.take_caps``."""
        self._reach(texts)
        found = self._judge(texts, is_taking=True)
        if not any(found):
            lapse_us = min(NEVER_US, self._now_us + hold_us)
            for text in texts:
                self._count(text, lapse_us)
            self._sweep(_SWEPT * len(texts))
        return found

    def end(self, answered: Sequence[CappedText], not_sent: Sequence[CappedText]) -> None:
        """Hear of which texts the answer is known, and which provably never left: see ``CapStore.end_caps``."""
        for text in answered:
            for scope in text.scopes:
                self._db.execute(
                    "UPDATE cap_texts SET at_us = ? WHERE scope = ? AND at_us > ? AND id = ?",
                    (self._now_us, self._scope(scope.key), self._now_us, text.id),
                )
            if text.again:
                self._db.execute(
                    "UPDATE cap_again SET at_us = ? WHERE space = ? AND again = ? AND at_us > ? AND id = ?",
                    (self._now_us, self._space, text.again, self._now_us, text.id),
                )
        for text in not_sent:
            self._let_go(text, text.id, self._now_us + 1, NEVER_US)

    def _reach(self, texts: Sequence[CappedText]) -> None:
        """Keep rows for the longest window of these texts, too, from now on."""
        if (asked_us := min(NEVER_US, longest_window_us(texts))) > self._longest_us:
            self._longest_us = asked_us
            self._db.execute("UPDATE cap_spaces SET longest_us = ? WHERE space = ?", (asked_us, self._space))

    def _judge(self, texts: Sequence[CappedText], *, is_taking: bool) -> list[CapHit | None]:
        """Which caps these texts hit; without their earlier tries, which are let go if all are to be taken and can."""
        coming = [(text, *earlier) for text in texts if text.again and (earlier := self._earlier(text))]
        if coming:
            self._db.execute("SAVEPOINT earlier")
        for text, id_, at_us in coming:
            self._let_go(text, id_, at_us, at_us)
        found = hits(self._now_us, texts, cache(lambda key: CapTimes(self._db, self._scope(key))))
        if coming:
            if any(found) or not is_taking:
                self._db.execute("ROLLBACK TO earlier")
            self._db.execute("RELEASE earlier")
        return found

    def _earlier(self, text: CappedText) -> tuple[bytes, int] | None:
        """The last try of a text that may come again, and its time."""
        query = "SELECT id, at_us FROM cap_again WHERE space = ? AND again = ?"
        row: tuple[bytes, int] | None = self._db.execute(query, (self._space, text.again)).fetchone()
        return row

    def _let_go(self, text: CappedText, id_: bytes, first_us: int, last_us: int) -> None:
        """Count a try of the text no more, if its time is one of these."""
        query = "DELETE FROM cap_texts WHERE scope = ? AND at_us BETWEEN ? AND ? AND id = ?"
        for each in text.scopes:
            scope = self._scope(each.key)
            self._add(scope, -self._db.execute(query, (scope, first_us, last_us, id_)).rowcount)

    def _count(self, text: CappedText, lapse_us: int) -> None:
        """Hold the text in each of its scopes, and drop a few rows there that no window reaches."""
        for each in text.scopes:
            scope = self._scope(each.key) or self._new(each.key)
            self._db.execute("INSERT INTO cap_texts VALUES (?, ?, ?)", (scope, lapse_us, text.id))
            self._add(scope, 1)
            self._cut(scope, self._now_us - self._longest_us)
        if text.again:
            row = (self._space, text.again, text.id, lapse_us)
            self._db.execute("INSERT OR REPLACE INTO cap_again VALUES (?, ?, ?, ?)", row)

    def _new(self, key: bytes) -> int | None:
        insert = "INSERT INTO cap_scopes (space, hash) VALUES (?, ?)"
        return self._db.execute(insert, (self._space, key)).lastrowid

    def _scope(self, key: bytes) -> int:
        """The number of a scope, 0 where nothing counts in it."""
        query = "SELECT scope FROM cap_scopes WHERE space = ? AND hash = ?"
        row = self._db.execute(query, (self._space, key)).fetchone()
        return 0 if row is None else row[0]

    def _add(self, scope: int | None, texts: int) -> None:
        """Count the rows of a scope, which goes with the last of them."""
        if texts:
            self._db.execute("UPDATE cap_scopes SET texts = texts + ? WHERE scope = ?", (texts, scope))
        if texts < 0:
            self._db.execute("DELETE FROM cap_scopes WHERE scope = ? AND texts = 0", (scope,))

    def _cut(self, scope: int | None, until_us: int) -> None:
        """Drop a few of the oldest rows of a scope, if they are as old as that."""
        query = "SELECT at_us, id FROM cap_texts WHERE scope = ? AND at_us <= ? ORDER BY at_us LIMIT ?"
        rows = self._db.execute(query, (scope, until_us, _CUT_AT_ONCE)).fetchall()
        for row in rows:
            self._db.execute("DELETE FROM cap_texts WHERE scope = ? AND at_us = ? AND id = ?", (scope, *row))
        self._add(scope, -len(rows))

    def _sweep(self, most: int) -> None:
        """Look at the next scopes in turn, of whichever space, and drop a few rows that no window reaches."""
        query = (
            "SELECT scope, longest_us FROM cap_scopes JOIN cap_spaces USING (space) WHERE scope > ?"
            " ORDER BY scope LIMIT ?"
        )
        rows = self._db.execute(query, (self._swept, most)).fetchall()
        for scope, longest_us in rows:
            self._cut(scope, self._now_us - longest_us)
        self._swept = rows[-1][0] if rows else 0
        self._db.execute("UPDATE cap_spaces SET swept = ? WHERE space = ?", (self._swept, self._space))
        query = "SELECT again FROM cap_again WHERE space = ? AND at_us <= ? ORDER BY at_us LIMIT ?"
        over = self._db.execute(query, (self._space, self._now_us - self._longest_us, most)).fetchall()
        for (again,) in over:
            self._db.execute("DELETE FROM cap_again WHERE space = ? AND again = ?", (self._space, again))


class CapTimes:
    """The times of one scope, ascending, as ``settle_times.SettleTimes``; found from whichever end is nearer.

    Near a cap about as many texts are known as it allows, so that the one that matters is among the oldest.
    """

    def __init__(self, db: sqlite3.Connection, scope: int) -> None:
        self._db, self._scope = db, scope
        row = db.execute("SELECT texts FROM cap_scopes WHERE scope = ?", (scope,)).fetchone()
        self._texts: int = 0 if row is None else row[0]

    def __len__(self) -> int:
        return self._texts

    def __getitem__(self, position: int, /) -> int:
        from_oldest = position if position >= 0 else position + self._texts
        from_newest = self._texts - 1 - from_oldest
        order, skipped = ("DESC", from_newest) if from_newest < from_oldest else ("ASC", from_oldest)
        query = f"SELECT at_us FROM cap_texts WHERE scope = ? ORDER BY at_us {order} LIMIT 1 OFFSET ?"  # noqa: S608 - ours
        return one(self._db, query, self._scope, skipped)[0]
