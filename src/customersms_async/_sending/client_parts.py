"""The parts that a client is made of, be it a new one or one made from another."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Final

import msgspec

from .._admission.rooms import room
from .._admission.terms import Terms
from .._core.batching import Sizes
from .._core.options import Options, as_limits, check_parts
from .._core.secret import NAME_DIGITS, Secret
from .._http.connections import Gates
from .._http.transport import Transport
from .._runtime.log import KeyLog
from ..errors import ConfigurationError
from ..quota.memory import PROCESS_QUOTA
from .check_options import NAMES as CHECKING_NAMES
from .check_options import NOTHING, CheckOptions
from .environment import url_of_environment
from .key_account import KeyAccount
from .key_source import KeySource
from .observers import NO_OBSERVERS, OBSERVER_NAMES, Observers
from .sender import Sender

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .._core.account import Account
    from .._http.engine import AnyEngine
    from .._http.transport_engine import HttpxShapedTransport
    from ..idempotency import IdempotencyKeys
    from ..models import Limit
    from ..quota import QuotaStore
    from .option_overrides import OptionOverrides

_OPTIONS: Final = frozenset(Options.__struct_fields__)
_PARTS: Final = frozenset({"quota", "http_client", *CHECKING_NAMES, *OBSERVER_NAMES})


class ClientParts(msgspec.Struct, frozen=True, eq=False):
    """The parts of one client; its key and its URL may be known only when it is used.

    ``transport`` belongs to the client that this one was made from, unless ``owns_transport``. ``checking`` is what is
    asked about its texts before they leave; ``observers`` hear of everything.
    """

    options: Options
    key: Secret | KeySource
    quota: QuotaStore
    key_account: KeyAccount
    transport: Transport
    owns_transport: bool
    checking: CheckOptions = NOTHING
    observers: Observers = NO_OBSERVERS

    @classmethod
    def of(
        cls,
        key: Secret | KeySource,
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
        return cls(
            checked,
            key,
            quota,
            KeyAccount(),
            transport,
            owns_transport=True,
            checking=NOTHING.changed(checking),
            observers=observers,
        )

    @property
    def secret(self) -> Secret:
        """The key that requests go out with now; raises what ``KeySource.secret`` does."""
        return self.key if isinstance(self.key, Secret) else self.key.secret()

    @property
    def url(self) -> str:
        """The URL that requests go to now; raises ``ConfigurationError`` if the environment names none that is one."""
        return self.options.url or url_of_environment()

    @property
    def key_name(self) -> str | None:
        """What lines, errors and reprs call the key; ``None`` while it has no label and is not known."""
        if isinstance(self.key, Secret):
            return self.key.name(self.options.label)
        return self.options.label or (self.key.key_id and self.key.key_id[:NAME_DIGITS])

    @property
    def account(self) -> Account:
        """The account of the key, which all clients of this process share that send with it to the same URL."""
        url = None
        with contextlib.suppress(ConfigurationError):  # the environment has none that is one
            url = self.url
        return self.key_account.of(self.key.key_id, url)

    @property
    def idempotency_keys(self) -> IdempotencyKeys:
        """The keys of the client's store, for a person. Raises ``ConfigurationError`` without a store."""
        from ..idempotency.decisions import IdempotencyKeys  # few need them

        if self.checking.idempotency is None:
            raise ConfigurationError("this client keeps no idempotency keys: AsyncClient(idempotency=…)")
        return IdempotencyKeys(self.checking.idempotency)

    def refuse(self, secret: Secret) -> None:
        """Have the key asked for anew, if it was asked for, as the gateway does not accept ``secret``."""
        if isinstance(self.key, KeySource):
            self.key.refuse(secret)

    def changed(self, key: Secret | KeySource, overrides: OptionOverrides) -> ClientParts:
        """The parts of a client with another key, other options, another quota or HTTP client.

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
        owns_transport = "http_client" in overrides or "max_concurrency" in changed
        transport = self.transport
        if owns_transport:
            http_client = overrides.get("http_client", self.transport.callers_client)
            transport = Transport(Gates(options.max_concurrency), http_client)
        same_key = key is self.key or (key.key_id is not None and key.key_id == self.key.key_id)
        if not same_key and options.label is not None and "label" not in overrides:
            options = msgspec.structs.replace(options, label=None)  # it names another key
        checking = self.checking.changed(overrides)
        return ClientParts(options, key, quota, KeyAccount(), transport, owns_transport, checking, observers)

    def terms(self) -> Terms:
        """The client's terms in a waiting room: its limits, the share of them that BULK leaves, and its pace."""
        return self._terms(self.secret)

    def sender(self, secret: Secret, url: str) -> Sender:
        """A sender made of these parts with this key and URL, for the running event loop."""
        found = room(self.quota, secret.key_id)
        log = KeyLog(secret.name(self.options.label))
        if self.options.label is not None:
            found.log.name = log.name  # there, it is about all clients of the key
        sender = Sender(
            owner=self,
            options=self.options,
            url=url,
            secret=secret,
            transport=self.transport,
            room=found,
            terms=self._terms(secret),
            account=self.key_account.of(secret.key_id, url),
            sizes=Sizes(),
            log=log,
            announcer=self.observers.announcer(),
            checking=self.checking,
            asks_at_once=self.checking.stores_apart(self.quota) > 1,
        )
        if sender.announcer is not None:
            sender.announcer.opened(sender)
        return sender

    def _terms(self, secret: Secret) -> Terms:
        options = self.options
        return Terms.of(options.limits, options.reserve, options.gentle_pace, self.transport.gates.of(secret.key_id))
