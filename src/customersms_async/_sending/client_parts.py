"""The parts that a client is made of: of a new one, and of one that is made from another."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

import msgspec

from .._admission.rooms import room
from .._admission.ticket import Terms
from .._core.batching import Sizes
from .._core.credits import Credits
from .._core.options import DOCUMENTED_URL, Options, as_limits, check_parts
from .._http.connections import Connections
from .._http.transport import Transport
from ..errors import ConfigurationError
from ..quota.memory import PROCESS_QUOTA
from .sender import Sender

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .._core.secret import Secret
    from .._http.engine import AnyEngine
    from ..models import Limit
    from ..quota import QuotaStore

_OPTIONS: Final = frozenset(Options.__struct_fields__)
_PARTS: Final = frozenset({"quota", "http_client"})


class ClientParts(msgspec.Struct, frozen=True, eq=False):
    """The parts of one client.

    ``transport`` belongs to the client that this one was made from, unless ``owns_transport``; ``credits`` is shared by
    all that were made from each other and have the same key.
    """

    options: Options
    secret: Secret
    quota: QuotaStore
    credits: Credits
    transport: Transport
    owns_transport: bool

    @classmethod
    def of(
        cls,
        secret: Secret,
        quota: QuotaStore | None,
        http_client: AnyEngine | None,
        *,
        url: str | None,
        limits: Limit | Iterable[Limit],
        **options: Any,
    ) -> ClientParts:
        """The parts of a new client; ``None`` stands for the quota of the process, and for the usual ``url``.

        Raises ``ConfigurationError`` for an option that is out of range.
        """
        url = os.environ.get("CUSTOMERSMS_URL", DOCUMENTED_URL) if url is None else url
        checked = Options(url=url, limits=as_limits(limits), **options)
        quota = PROCESS_QUOTA if quota is None else quota
        check_parts(quota=quota, http_client=http_client)
        transport = Transport(Connections(checked.max_concurrency), http_client)
        return cls(checked, secret, quota, Credits(), transport, owns_transport=True)

    def changed(self, secret: Secret, overrides: dict[str, Any]) -> ClientParts:
        """The parts of a client with another key, other options, another quota or HTTP client.

        Raises ``ConfigurationError`` for an option that does not exist or is out of range.
        """
        unknown = overrides.keys() - _OPTIONS - _PARTS
        if unknown:
            raise ConfigurationError(f"no such option: {', '.join(sorted(unknown))}")
        changed = {name: value for name, value in overrides.items() if name in _OPTIONS}
        if "limits" in changed:
            changed["limits"] = as_limits(changed["limits"])
        options = msgspec.structs.replace(self.options, **changed) if changed else self.options
        quota = overrides.get("quota", self.quota)
        check_parts(quota=quota, http_client=overrides.get("http_client"))
        owns_transport = "http_client" in overrides or "max_concurrency" in changed
        transport = self.transport
        if owns_transport:
            http_client = overrides.get("http_client", self.transport.callers_client)
            transport = Transport(Connections(options.max_concurrency), http_client)
        credits_left = self.credits if secret.key_id == self.secret.key_id else Credits()
        return ClientParts(options, secret, quota, credits_left, transport, owns_transport)

    def terms(self) -> Terms:
        """The client's terms in a waiting room: its limits, the share of them that BULK leaves, and its pace."""
        options = self.options
        return Terms.of(options.limits, options.reserve, options.gentle_pace, self.transport.connections)

    def sender(self) -> Sender:
        """A sender made of these parts, for the running event loop."""
        return Sender(
            options=self.options,
            secret=self.secret,
            transport=self.transport,
            room=room(self.quota, self.secret.key_id),
            terms=self.terms(),
            credits=self.credits,
            sizes=Sizes(),
        )
