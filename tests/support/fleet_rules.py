"""The rules of a fleet, what goes wrong without each, and how much has to befall the world for it.

Each rule is one that ``_postgres/schema``, ``campaign/_postgres`` or the hook before the first byte keeps.
"""

from __future__ import annotations

from typing import NamedTuple

from support.fleet_world import Bounds


class Rule(NamedTuple):
    """What goes wrong without a rule, and how much has to befall the world for it."""

    wrong: str
    within: Bounds


LOST = Bounds(lost_calls=1, lost_replies=1)
"""Hosts stand still, calls come late or twice, replies are lost."""

ONE_LOST = Bounds(requests=1, lost_calls=1)
"""One call comes late, or never."""

PEOPLE = Bounds(crashes=1, words=1)
"""Hosts die and stand still, and a person decides."""

WISHES = Bounds(requests=1, lost_replies=1, words=3, interruptions=True)
"""People say what is wanted, and runs do; their replies are lost."""

DECISIONS = Bounds(requests=3, lost_replies=1, words=1)
"""A person decides, and the reply is lost."""

FAIL_OVER = Bounds(time=0, fail_over=True)
"""Another server takes over, which lacks the last commits."""

EVERY_BOUND = {"lost": LOST, "people": PEOPLE, "wishes": WISHES, "decisions": DECISIONS, "fail-over": FAIL_OVER}

RULES = {
    "an intent is acknowledged before the first byte": Rule("duplicate", PEOPLE),
    "an intent without a reply counts as not begun": Rule("duplicate", LOST),
    "an intent without a reply is recorded as unsent": Rule("loss", LOST),
    "an attempt that has ended does not begin": Rule("loss", ONE_LOST),
    "only who is planned begins": Rule("duplicate", PEOPLE),
    "an intent is the runner's": Rule("two runners", PEOPLE),
    "an intent is made only while a run is wanted": Rule("paused", WISHES),
    "past its deadline nothing leaves": Rule("duplicate", PEOPLE),
    "only a lease that is over is taken over": Rule("duplicate", FAIL_OVER),
    "time makes unknown, and never planned": Rule("duplicate", PEOPLE),
    "whose time is over is made unknown": Rule("loss", PEOPLE),
    "nobody is made unknown before that time is over": Rule("loss", PEOPLE),
    "a late answer counts only while its attempt is the last": Rule("duplicate", DECISIONS),
    "a late answer that proves nothing plans nobody": Rule("duplicate", PEOPLE),
    "what a late answer proves is written down": Rule("loss", PEOPLE),
    "a late answer beats the person who plans again": Rule("loss", PEOPLE),
    "a late answer lets a run that has ended go on": Rule("loss", PEOPLE),
    "a person plans again only who was cut off ten minutes ago": Rule("duplicate", PEOPLE),
    "a decision takes effect once": Rule("duplicate", DECISIONS),
    "a word takes effect once": Rule("paused", WISHES),
    "what a run says is its runner's": Rule("stopped", WISHES),
    "an intent that was acknowledged is on the disk": Rule("duplicate", FAIL_OVER),
    "on a server that may lack intents none begins": Rule("duplicate", FAIL_OVER),
    "only a run whose lease never lapsed vouches": Rule("duplicate", FAIL_OVER),
    "only a run that began five minutes after another one vouches": Rule("duplicate", FAIL_OVER),
    "who vouches puts in again all that it did": Rule("duplicate", FAIL_OVER),
    "an answer to an intent that is missing is written down": Rule("loss", FAIL_OVER),
}
"""Each rule, and what is found without it."""
