"""The terms on which a campaign runs, as its ledger keeps them: what a successor must keep to, and nothing secret."""

from __future__ import annotations

import contextlib
import os
import secrets
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, TypeGuard
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

import msgspec

from .._core.schedule import SendSchedule  # noqa: TC001 - msgspec reads the annotations
from ..errors import ConfigurationError
from ..models import Limit  # noqa: TC001 - msgspec reads the annotations
from .guards import GuardTerms

if TYPE_CHECKING:
    from .._sending.sender import Sender
    from ..models import Caps
    from ..suppression.protocol import SuppressionStore
    from .guards import Guards


class CapTerms(msgspec.Struct, frozen=True, kw_only=True):
    """The caps of a campaign: the name that they count under, and their limits."""

    name: str
    per_number: tuple[Limit, ...] = ()
    per_prefix: dict[str, tuple[Limit, ...]] = {}
    total: tuple[Limit, ...] = ()


class CampaignTerms(msgspec.Struct, frozen=True, kw_only=True):
    """The terms of a campaign's runs.

    ``url`` has no user, password or query. ``key_id`` is the key's fingerprint, and ``key_label`` its label, if it has
    one. ``suppression`` says what kind of store knows who said no, and where it is, if that can be told without a
    credential (see ``list_id``); ``None``: there is none. A ``pace`` of ``None``: there is none. A ``schedule`` of
    ``None``: texts may leave at any time.
    """

    url: str
    key_id: str
    key_label: str | None
    limits: tuple[Limit, ...]
    pace: Limit | None
    guards: GuardTerms
    caps: CapTerms | None = None
    suppression: str | None = None
    schedule: SendSchedule | None = None

    @classmethod
    def of(cls, sender: Sender, guards: Guards, schedule: SendSchedule | None = None) -> CampaignTerms:
        """The terms of a run through this client, under these guards, on this schedule."""
        options, checking = sender.options, sender.checking
        return cls(
            url=shown_url(sender.url),
            key_id=sender.secret.key_id,
            key_label=options.label,
            limits=options.limits,
            pace=options.gentle_pace,
            guards=_guard_terms(guards),
            caps=None if checking.caps is None else _cap_terms(checking.caps.caps),
            suppression=list_name(checking.suppression) if _is_named(checking.suppression) else None,
            schedule=schedule,
        )

    def encode(self) -> str:
        """The JSON object that ledgers keep; that of equal terms is equal."""
        return msgspec.json.encode(self, order="deterministic").decode()

    def as_object(self) -> dict[str, Any]:
        """The terms for programs, in JSON's types."""
        found: dict[str, Any] = msgspec.json.decode(self.encode())
        return found


def decode(text: str) -> CampaignTerms:
    """The terms of a JSON object. Raises ``ValueError`` (``msgspec.ValidationError`` is one) for what is none."""
    try:
        return msgspec.json.decode(text, type=CampaignTerms)
    except ConfigurationError as error:  # of hours that are none
        raise ValueError(str(error)) from None


_OUR_STORES: Final = f"{__package__.partition('.')[0]}.suppression."

_FIELDS: Final = GuardTerms.__struct_fields__


def _guard_terms(guards: Guards) -> GuardTerms:
    given = {name: getattr(guards, name) for name in _FIELDS}
    if given["keep_credits"] is not None:
        given["keep_credits"] = Decimal(given["keep_credits"])
    return GuardTerms(**given)


def _cap_terms(caps: Caps) -> CapTerms:
    prefixes = {prefix: tuple(limits) for prefix, limits in caps.per_prefix.items()}
    return CapTerms(name=caps.name, per_number=caps.per_number, per_prefix=prefixes, total=caps.total)


_identities: Final[WeakKeyDictionary[object, str]] = WeakKeyDictionary()


def list_name(store: SuppressionStore) -> str:
    """How terms name a list of suppressed numbers: what our own stores say of themselves, where that leads there again.

    One that is in this process alone has a name that no other object has, here or in a forked child, so that no other
    list is taken for it. Of another one only its kind is told, as where it is may hold a password.
    """
    if not type(store).__module__.startswith(_OUR_STORES):
        return _own_name(store) if getattr(store, "in_process", False) else type(store).__name__
    try:
        store.__reduce__()
    except TypeError:  # of a list in memory, and of one over a pool of the caller's: it leads nowhere from elsewhere
        return _own_name(store)
    return repr(store)


async def list_id(store: SuppressionStore) -> str:
    """How the ledger's terms name a list: as ``list_name`` does, but for one in a file or database of its own.

    That says itself which one it is, as the same path or address can lead to another one: on another host, or by
    ``PG*`` variables or a service file. Raises ``SuppressionStoreError`` if that can't be told.
    """
    name = list_name(store)
    ask = getattr(store, "__list_name__", None)
    if ask is None or not name.startswith(f"{type(store).__name__}("):
        return name
    told: str = await ask()
    return told


async def with_list(terms: CampaignTerms, store: SuppressionStore | None) -> CampaignTerms:
    """The ``terms``, with the list of their client named as ledgers keep it. Raises ``SuppressionStoreError``."""
    return msgspec.structs.replace(terms, suppression=await list_id(store)) if _is_named(store) else terms


def _is_named(store: SuppressionStore | None) -> TypeGuard[SuppressionStore]:
    """Whether terms name this list: there is one, and it has a name."""
    return store is not None and getattr(store, "__list_name__", store) is not None


def _own_name(store: object) -> str:
    drawn = secrets.token_hex(8)
    with contextlib.suppress(TypeError):  # it can't be a key, so that it has another name each time
        drawn = _identities.setdefault(store, drawn)
    return f"{type(store).__name__} {drawn} of process {os.getpid()}"


def shown_url(url: str) -> str:
    """A URL without user, password, query and fragment, in any of which there may be a secret."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()
