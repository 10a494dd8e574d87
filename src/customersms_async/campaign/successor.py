"""A run that goes on with what is wanted: on exactly the terms that stand in the ledger, whoever's process it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .._sending.open_client import open_client
from ..errors import ConfigurationError
from ..models import Caps
from .guards import Guards
from .terms import CampaignTerms, with_list

if TYPE_CHECKING:
    from ..client import AsyncClient
    from .terms import CapTerms


def guards_of(terms: CampaignTerms) -> Guards:
    """The guards that the terms name."""
    return Guards(**{name: getattr(terms.guards, name) for name in terms.guards.__struct_fields__})


async def client_of(client: AsyncClient, terms: CampaignTerms, ledger: str) -> AsyncClient:
    """``client`` with the limits, pace and caps of the terms, and with their label for the key if it has none.

    Its key goes to its own URL and to no other: whoever can write into the ledger must not say where it is sent. Raises
    ``ConfigurationError`` if that is not the URL of the terms, as far as that is shown, if its key is another one, or
    its list of suppressed numbers is kept elsewhere; ``ledger`` is the ledger's name, for the error. Raises
    ``SuppressionStoreError`` if a list in a file or database can't say which one that is.
    """
    label = open_client(client).sender.options.label
    kept = client.with_options(
        limits=terms.limits,
        pace=terms.pace,
        caps=None if terms.caps is None else _caps(terms.caps),
        label=terms.key_label if label is None else label,
    )
    sender = open_client(kept).sender
    found = await with_list(CampaignTerms.of(sender, guards_of(terms)), sender.checking.suppression)
    for name, words in _WORDS.items():
        if getattr(found, name) != getattr(terms, name):
            raise ConfigurationError(
                f"{ledger}: its terms name {words.format(getattr(terms, name))}, and this client has"
                f" {words.format(getattr(found, name))}"
            )
    return kept


_WORDS: Final = {
    "key_id": "the API key with the fingerprint {}",
    "suppression": "{} as the list of suppressed numbers",
    "url": "the URL {}",
    "limits": "the limits {}",
    "pace": "the pace {}",
    "caps": "the caps {}",
}
"""What a client's terms may differ in, for people; guards are the run's own."""


def _caps(terms: CapTerms) -> Caps:
    return Caps(terms.name, per_number=terms.per_number, per_prefix=terms.per_prefix, total=terms.total)
