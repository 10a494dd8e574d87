"""A world of one idempotency key, two callers and a person, in which everything that may happen does.

At every step a caller may crash, stop for any time, be cancelled, lose the answer of the store, or have its message
come late or twice; the gateway may act on a text until five seconds past its deadline; a person who looks may say what
he sees, and that may come late as well. All orders of all of this are gone through, over the rule that stores follow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from customersms_async._core import idempotency_record as rule
from customersms_async._core.buckets import GRACE_US
from customersms_async._core.idempotency_record import Claim, KeyRecord
from customersms_async._core.idempotency_states import UNSURE, KeyEvent, KeyState

if TYPE_CHECKING:
    from collections.abc import Iterator

SECOND_US = 1_000_000
LENGTH_US = 30 * SECOND_US
KEEP_US = 3_600 * SECOND_US
PASSES = 3
LATE = 1
ATTEMPTS = 2
CONTENT = b"content"


class Rules:
    """The rules of stores and callers, each of which a test can take away."""

    keep_us = KEEP_US
    looks_before_leaving = True
    reuses_claims = False

    def as_of(self, record: KeyRecord | None, now_us: int) -> KeyRecord | None:
        return rule.as_of(record, now_us, self.keep_us)

    def may_claim(self, record: KeyRecord | None, claim: Claim) -> bool:
        return rule.may_claim(record, claim, CONTENT)

    def ended(self, record: KeyRecord | None, claim: bytes, event: KeyEvent, now_us: int) -> KeyRecord | None:
        return rule.ended(record, claim, event, b"", now_us)

    def resolved(self, record: KeyRecord | None, claim: bytes, event: KeyEvent, now_us: int) -> KeyRecord | None:
        try:
            after = rule.resolved(record, claim, event, "me", now_us)
        except LookupError:
            return None
        return after if isinstance(after, KeyRecord) else None


class Caller(NamedTuple):
    """``at`` is what it does next; ``event`` is what it knows of its text."""

    at: str = "look"
    attempts: int = 0
    claim: bytes = b""
    deadline_us: int = 0
    event: KeyEvent | None = None


class World(NamedTuple):
    """All that there is. ``late`` are messages to the store, ``flying`` the texts that left: when, and until when the
    gateway may act on them; ``acted`` when those left that it did act on."""

    now_us: int = 0
    passes: int = 0
    record: KeyRecord | None = None
    callers: tuple[Caller, ...] = (Caller(), Caller())
    late: frozenset[tuple[Any, ...]] = frozenset()
    flying: tuple[tuple[int, int], ...] = ()
    acted: tuple[int, ...] = ()
    said: int = 0


class DoubleError(AssertionError):
    """Two texts under one key, within the time that it is kept."""


class Model:
    """Goes through every world there can be. ``ends`` are states that callers found, and whether there was a text."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.seen: set[World] = set()
        self.ends: set[tuple[KeyState, bool]] = set()

    def explore(self) -> None:
        """Raise ``DoubleError`` if the promise can be broken."""
        todo = [World()]
        while todo:
            world = todo.pop()
            if world not in self.seen:
                self.seen.add(world)
                todo.extend(self.steps(world))

    def steps(self, world: World) -> Iterator[World]:
        world = world._replace(record=self.rules.as_of(world.record, world.now_us))
        yield from self.time_passes(world)
        yield from self.gateway_acts(world)
        yield from self.person_says(world)
        for message in world.late:
            yield self.arrives(world._replace(late=world.late - {message}), message)
        for number, caller in enumerate(world.callers):
            for after, became in self.caller_acts(world, number, caller):
                callers = [*after.callers]
                callers[number] = became
                yield after._replace(callers=tuple(callers))

    def time_passes(self, world: World) -> Iterator[World]:
        """To the next moment at which anything changes."""
        if world.passes == PASSES:
            return
        record = world.record
        moments = {caller.deadline_us for caller in world.callers} | {end + 1 for _, end in world.flying}
        if record is not None:
            moments |= {
                record.ended_us,
                record.deadline_us + rule.UNSENT_AFTER_US,
                record.ended_us + self.rules.keep_us,
            }
        moments = {moment for moment in moments if moment > world.now_us}
        if moments:
            flying = tuple(text for text in world.flying if text[1] >= min(moments))
            yield world._replace(now_us=min(moments), passes=world.passes + 1, flying=flying)

    def gateway_acts(self, world: World) -> Iterator[World]:
        for number in range(len(world.flying)):
            flying = (*world.flying[:number], *world.flying[number + 1 :])
            yield self.texted(world._replace(flying=flying), world.flying[number][0])

    def texted(self, world: World, left_us: int) -> World:
        if any(abs(left_us - then) < KEEP_US for then in world.acted):
            raise DoubleError(world)
        return world._replace(acted=(*world.acted, left_us))

    def person_says(self, world: World) -> Iterator[World]:
        if world.said or world.record is None or world.record.state not in UNSURE:
            return
        event = KeyEvent.FOUND_ACCEPTED if world.acted else KeyEvent.FOUND_UNSENT
        says = ("says", world.record.claim, event)
        if world.now_us >= world.record.deadline_us + rule.UNSENT_AFTER_US:  # whoever looked sooner must look again
            yield from self.tells(world._replace(said=1), says)
        else:
            yield self.arrives(world._replace(said=1), says)

    def caller_acts(self, world: World, number: int, caller: Caller) -> Iterator[tuple[World, Caller]]:
        """What a caller does next. One that does nothing more has crashed, or was stopped; so it is in some order."""
        if caller.at == "look":
            yield from self.looks(world)
            if caller.attempts < ATTEMPTS - number:  # whatever it saw, as that may be long ago
                yield from self.claims(world, number, caller.attempts + 1)
        elif caller.at == "leave":
            yield from self.leaves(world, caller)
        elif caller.at == "tell":
            assert caller.event is not None
            free = caller.event is KeyEvent.UNSENT
            became = Caller("look", caller.attempts) if free else Caller("over")
            for after in self.tells(world, ("ends", caller.claim, caller.event)):
                yield after, became

    def looks(self, world: World) -> Iterator[tuple[World, Caller]]:
        found = rule.seen(world.record, world.now_us)
        if found is not None and found.state is not KeyState.CLAIMED:
            self.ends.add((found.state, bool(world.acted)))
            yield world, Caller("over")

    def claims(self, world: World, number: int, attempt: int) -> Iterator[tuple[World, Caller]]:
        claim = Claim(b"%d.%d" % (number, 0 if self.rules.reuses_claims else attempt), LENGTH_US)
        asked, caller = ("claims", claim), Caller("", attempt, claim.claim)
        unheard = caller._replace(at="tell", event=KeyEvent.UNSENT)
        for after in self.tells(world, asked):
            yield after, unheard  # no answer came
        after = self.arrives(world, asked)
        if after.record is not None and after.record.state is KeyState.CLAIMED and after.record.claim == claim.claim:
            deadline_us = world.now_us + LENGTH_US
            yield after, caller._replace(at="leave", deadline_us=deadline_us)
            if len(world.late) < LATE:
                yield after._replace(late=after.late | {asked}), caller._replace(at="leave", deadline_us=deadline_us)
        elif not self.rules.may_claim(world.record, claim):
            yield after, Caller("look", attempt)

    def leaves(self, world: World, caller: Caller) -> Iterator[tuple[World, Caller]]:
        told = caller._replace(at="tell", deadline_us=0)
        yield world, told._replace(event=KeyEvent.UNSENT)  # refused, cancelled, or a 429
        if world.now_us < caller.deadline_us or not self.rules.looks_before_leaving:
            yield self.texted(world, world.now_us), told._replace(event=KeyEvent.ACCEPTED)
            latest = max(world.now_us, caller.deadline_us) + GRACE_US
            flying = tuple(sorted((*world.flying, (world.now_us, latest))))
            yield world._replace(flying=flying), told._replace(event=KeyEvent.UNANSWERED)

    def tells(self, world: World, message: tuple[Any, ...]) -> Iterator[World]:
        """The message arrives, or comes late, or twice."""
        yield self.arrives(world, message)
        if len(world.late) < LATE:
            yield world._replace(late=world.late | {message})
            after = self.arrives(world, message)
            yield after._replace(late=after.late | {message})

    def arrives(self, world: World, message: tuple[Any, ...]) -> World:
        """What the store makes of a message."""
        kind, what, *rest = message
        record, now_us = self.rules.as_of(world.record, world.now_us), world.now_us
        after: KeyRecord | None = None
        if kind == "claims" and self.rules.may_claim(record, what):
            held = record if record is not None and record.claim == what.claim else None
            after = rule.claimed(held, what, CONTENT, now_us)
        elif kind == "ends":
            after = self.rules.ended(record, what, rest[0], now_us)
        elif kind == "says":
            after = self.rules.resolved(record, what, rest[0], now_us)
        return world._replace(record=after or record)
