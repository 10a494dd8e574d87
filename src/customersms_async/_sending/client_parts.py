"""The parts that a client is made of, be it a new one or one made from another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from .._admission.rooms import room
from .._admission.terms import Terms
from .._core.batching import Sizes
from .._core.options import Options, as_limits, check_parts
from .._http.connections import Gates
from .._http.transport import Transport
from .._runtime.log import KeyLog
from ..errors import ConfigurationError
from ..quota.memory import PROCESS_QUOTA
from .check_options import NAMES as CHECKING_NAMES
from .check_options import NOTHING, CheckOptions
from .environment import url_of_environment
from .observers import NO_OBSERVERS, OBSERVER_NAMES, Observers
from .sender import Sender

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .._core.account import Account
    from .._core.secret import Secret
    from .._http.engine import AnyEngine
    from .._http.transport_engine import HttpxShapedTransport
    from ..idempotency import IdempotencyKeys
    from ..models import Limit
    from ..quota import QuotaStore
    from .key_source import KeySource
    from .option_overrides import OptionOverrides

_OPTIONS: Final = frozenset(Options.__struct_fields__)
_PARTS: Final = frozenset({"quota", "http_client", *CHECKING_NAMES, *OBSERVER_NAMES})


class ClientParts(msgspec.Struct, frozen=True, eq=False):
    """The parts of a client but for its key, which clients with other keys may share; its URL may be the environment's.

    ``checking`` is what is asked about its texts before they leave; ``observers`` hear of everything.
    """

    options: Options
    quota: QuotaStore
    transport: Transport
    checking: CheckOptions = NOTHING
    observers: Observers = NO_OBSERVERS

    @classmethod
    def of(
        cls,
        quota: QuotaStore | None,
        http_client: AnyEngine | HttpxShapedTransport | None,
        beside: Mapping[str, Any],
        *,
        url: str | None,
        limits: Limit | Iterable[Limit],
        **options: Any,
    ) -> ClientParts:
        """The parts of a new client; ``None`` stands for the quota of the process, and for the environment's ``url``.

        ``beside`` has the arguments that ``CheckOptions`` and ``Observers`` are made of, by their names.

        Raises ``ConfigurationError`` for an option that is out of range.
        """
        checked = Options(url=url, limits=as_limits(limits), **options)
        quota = PROCESS_QUOTA if quota is None else quota
        checking = {name: beside[name] for name in CHECKING_NAMES}
        check_parts(quota=quota, http_client=http_client, **checking)
        observers = NO_OBSERVERS.changed(beside)
        transport = Transport(Gates(checked.max_concurrency), http_client)
        return cls(checked, quota, transport, NOTHING.changed(checking), observers)

    @property
    def url(self) -> str:
        """The URL that requests go to now; raises ``ConfigurationError`` if the environment names none that is one."""
        return self.options.url or url_of_environment()

    @property
    def idempotency_keys(self) -> IdempotencyKeys:
        """The keys of the client's store, for a person. Raises ``ConfigurationError`` without a store."""
        from ..idempotency.decisions import IdempotencyKeys  # few need them

        if self.checking.idempotency is None:
            raise ConfigurationError("this client keeps no idempotency keys: AsyncClient(idempotency=…)")
        return IdempotencyKeys(self.checking.idempotency)

    def changed(self, overrides: OptionOverrides, *, same_key: bool) -> ClientParts:
        """The parts of a client with other options, another quota or HTTP client, or with another key.

        These themselves, where nothing but the key is another: there may be 10,000 clients.

        Raises ``ConfigurationError`` for an option that does not exist or is out of range.
        """
        unknown = overrides.keys() - _OPTIONS - _PARTS
        if unknown:
            raise ConfigurationError(f"no such option: {', '.join(sorted(unknown))}")
        changed: dict[str, Any] = {name: value for name, value in overrides.items() if name in _OPTIONS}
        if "limits" in changed:
            changed["limits"] = as_limits(changed["limits"])
        options = msgspec.structs.replace(self.options, **changed) if changed else self.options
        quota = overrides.get("quota", self.quota)
        quota = PROCESS_QUOTA if quota is None else quota
        check_parts(
            quota=quota,
            http_client=overrides.get("http_client"),
            idempotency=overrides.get("idempotency"),
            caps=overrides.get("caps", self.checking.caps and self.checking.caps.caps),
            suppression=overrides.get("suppression"),
        )
        observers = self.observers.changed(overrides)
        transport = self.transport
        if "http_client" in overrides or "max_concurrency" in changed:
            http_client = overrides.get("http_client", self.transport.callers_client)
            transport = Transport(Gates(options.max_concurrency), http_client)
        if not same_key and options.label is not None and "label" not in overrides:
            options = msgspec.structs.replace(options, label=None)  # it names another key
        if not overrides and options is self.options:
            return self
        return ClientParts(options, quota, transport, self.checking.changed(overrides), observers)

    def terms(self, secret: Secret) -> Terms:
        """A client's terms in a waiting room: its limits, the share of them that BULK leaves, and its pace."""
        options = self.options
        return Terms.of(options.limits, options.reserve, options.gentle_pace, self.transport.gates.of(secret.key_id))

    def sender(self, key: Secret | KeySource, secret: Secret, url: str, account: Account, owner: object) -> Sender:
        """A sender made of these parts for the running event loop; ``secret`` is what ``key`` gives now.

        ``owner`` is what its requests in flight are known by.
        """
        found = room(self.quota, secret.key_id)
        log = KeyLog(secret.name(self.options.label))
        if self.options.label is not None:
            found.log.name = log.name  # there, it is about all clients of the key
        sender = Sender(
            owner=owner,
            key=key,
            options=self.options,
            url=url,
            secret=secret,
            transport=self.transport,
            room=found,
            terms=self.terms(secret),
            account=account,
            sizes=Sizes(),
            log=log,
            announcer=self.observers.announcer(),
            checking=self.checking,
            asks_at_once=self.checking.stores_apart(self.quota) > 1,
        )
        if sender.announcer is not None:
            sender.announcer.opened(sender)
        return sender
