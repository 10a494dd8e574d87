"""What ``AsyncClient.with_options`` takes besides the key, for type checkers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._core.options import GivenOptions

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._http.engine import AnyEngine
    from .._http.transport_engine import HttpxShapedTransport
    from ..events import Event
    from ..idempotency.protocol import IdempotencyStore
    from ..models import Caps
    from ..quota import QuotaStore
    from ..suppression.protocol import SuppressionStore
    from .observers import TelemetrySeam


class OptionOverrides(GivenOptions, total=False):
    """What a client made from another one does otherwise: arguments of the constructor, with the same meaning."""

    quota: QuotaStore | None
    http_client: AnyEngine | HttpxShapedTransport | None
    idempotency: IdempotencyStore | None
    caps: Caps | None
    suppression: SuppressionStore | None
    telemetry: TelemetrySeam | None
    on_event: Callable[[Event], object] | None
