"""The options that ``AsyncClient.with_options`` takes besides the key, for type checkers."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import EllipsisType

    from .._http.engine import AnyEngine
    from .._http.transport_engine import HttpxShapedTransport
    from ..idempotency.protocol import IdempotencyStore
    from ..models import Caps, Limit
    from ..quota import QuotaStore
    from ..suppression.protocol import SuppressionStore


class OptionOverrides(TypedDict, total=False):
    """What a client made from another one does otherwise: arguments of the constructor, with the same meaning."""

    url: str | None
    limits: Limit | Iterable[Limit]
    quota: QuotaStore | None
    reserve: float
    pace: Limit | EllipsisType | None
    batch_size: int
    max_concurrency: int
    max_retries: int
    max_wait: float | None
    timeout: float
    label: str | None
    http_client: AnyEngine | HttpxShapedTransport | None
    idempotency: IdempotencyStore | None
    caps: Caps | None
    suppression: SuppressionStore | None
