"""The clients of a worker, one for each key, and which of them may run a campaign by its terms."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from ..terms import list_id, list_name, shown_url

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ...client import AsyncClient
    from ...suppression.protocol import SuppressionStore
    from ..terms import CampaignTerms


@final
class WorkerClients:
    """One client for each key, by the key's fingerprint; all send to ``url``, and have the list ``suppression``.

    ``labels`` says by which label a person has named each fingerprint, ``suppression`` is the list, if there is one.
    Where a client sends its key is its own URL, whatever terms say: see ``successor.client_of``.

    Mutable state: how terms name the list.
    """

    def __init__(
        self,
        clients: Mapping[str, AsyncClient],
        labels: Mapping[str, str],
        url: str,
        suppression: SuppressionStore | None,
    ) -> None:
        self._clients = dict(clients)
        self._key_ids = {label: key_id for key_id, label in labels.items()}
        self._url = shown_url(url)
        self._list = suppression
        self._suppression = None if suppression is None else list_name(suppression)

    async def know_list(self) -> None:
        """Ask how terms name the list, before anything is judged by it. Raises ``SuppressionStoreError``."""
        if self._list is not None:
            self._suppression = await list_id(self._list)

    @property
    def all(self) -> Iterable[AsyncClient]:
        """All clients."""
        return self._clients.values()

    @property
    def key_ids(self) -> list[str]:
        """The fingerprints of all keys."""
        return list(self._clients)

    def why_not(self, terms: CampaignTerms | None) -> str | None:
        """Why this worker must leave a campaign with these terms to others; ``None`` if it may run it."""
        if terms is None:
            return "its terms can't be read by this version"
        if terms.key_id not in self._clients:
            if terms.key_label is not None and terms.key_label in self._key_ids:
                return (
                    f"its terms name the key {terms.key_label} with the fingerprint {terms.key_id}, and the key of that"
                    f" label here has the fingerprint {self._key_ids[terms.key_label]}"
                )
            label = "" if terms.key_label is None else f" ({terms.key_label})"
            return f"its key, with the fingerprint {terms.key_id}{label}, is not here"
        if terms.url != self._url:
            return (
                f"it is to be sent to {terms.url}, and keys of this worker go to {self._url} alone: see"
                " customersms worker --url"
            )
        if terms.suppression is not None and terms.suppression != self._suppression:
            ours = self._suppression or "none"
            return f"its list of suppressed numbers is {terms.suppression}, and this worker has {ours}"
        return None

    def client_for(self, terms: CampaignTerms) -> AsyncClient:
        """The client with the key of the terms, of which ``why_not`` has nothing to say."""
        client = self._clients[terms.key_id]
        if terms.suppression is None and self._suppression is not None:
            return client.with_options(suppression=None)
        return client
