"""The options of a client about its texts before they leave: stores of keys and of people who said no, and caps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .._core.caps import CapScopes
    from ..idempotency.protocol import IdempotencyStore
    from ..quota.protocol import QuotaStore
    from ..suppression.protocol import SuppressionStore


class CheckOptions(msgspec.Struct, frozen=True, eq=False):
    """The stores of idempotency keys and of suppressed numbers, and what texts count in; each may be missing."""

    idempotency: IdempotencyStore | None = None
    caps: CapScopes | None = None
    suppression: SuppressionStore | None = None

    def concerns(self, *, has_keys: bool, ignore_suppression: bool = False) -> bool:
        """Whether texts need to be asked about that have idempotency keys, or have none."""
        return has_keys or self.caps is not None or (self.suppression is not None and not ignore_suppression)

    def stores_apart(self, quota: QuotaStore) -> int:
        """How many of the stores that are asked may suspend; ``quota`` keeps count of caps."""
        stores = (self.idempotency, self.suppression, quota if self.caps is not None else None)
        return sum(store is not None and not getattr(store, "in_process", False) for store in stores)

    def changed(self, given: Mapping[str, Any]) -> CheckOptions:
        """A copy with the arguments of ``AsyncClient`` that are ``given``, by their names, in place of its own."""
        changes = {name: given[name] for name in NAMES & given.keys()}
        if changes.get("caps") is not None:
            from .._core.caps import CapScopes  # few need them

            changes["caps"] = CapScopes(changes["caps"])
        return msgspec.structs.replace(self, **changes) if changes else self


NAMES: Final = frozenset(CheckOptions.__struct_fields__)
NOTHING: Final = CheckOptions()
