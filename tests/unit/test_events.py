"""What those who look on hear of: who tells it, and what is in it."""

from __future__ import annotations

import re

import msgspec
import pytest

from customersms_async import events
from customersms_async.events import Event
from support.places import PACKAGE

KINDS = [kind for kind in map(events.__dict__.get, events.__all__) if isinstance(kind, type) and kind is not Event]
ELSEWHERE = {"events.py", "otel.py"}


@pytest.mark.parametrize("kind", KINDS)
def test_each_event_is_told_by_somebody(kind: type[Event]) -> None:
    told = "".join(path.read_text() for path in PACKAGE.rglob("*.py") if path.name not in ELSEWHERE)
    assert re.search(rf"\b{kind.__name__}\($|\b{kind.__name__}\(key=", told, re.MULTILINE)


@pytest.mark.parametrize("kind", KINDS)
def test_no_event_has_a_field_for_a_number_or_a_text(kind: type[Event]) -> None:
    assert not {"phone", "phones", "message", "text", "outcomes", "api_key"} & set(kind.__struct_fields__)


@pytest.mark.parametrize("kind", KINDS)
def test_an_event_is_frozen_and_its_fields_are_named(kind: type[Event]) -> None:
    config = kind.__struct_config__
    assert (config.frozen, len(msgspec.structs.fields(kind)) > 1) == (True, True)
    with pytest.raises(TypeError):
        kind("shop")  # type: ignore[call-arg]
