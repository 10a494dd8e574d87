"""``customersms_async.quota``: what somebody needs who writes a store of their own, and nothing that few need."""

from __future__ import annotations

import subprocess
import sys

from customersms_async import quota


def test_the_door_is_narrow_and_sorted() -> None:
    own = {"Buckets", "InProcessQuotaStore", "Layer", "QuotaStore", "Usage", "Wait"}
    caps = {"CapHit", "CapScope", "CapStore", "CappedText", "hits"}
    assert set(quota.__all__) == own | caps | {"MemoryQuota", "PostgresQuota", "RedisQuota", "SQLiteQuota"}
    assert quota.__all__ == sorted(quota.__all__)
    assert all(hasattr(quota, name) for name in quota.__all__)


def test_a_store_of_ones_own_imports_no_database() -> None:
    code = (
        "import sys; from customersms_async.quota import Buckets, Layer, QuotaStore, Usage, Wait; print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603 - ours
    assert not {"sqlite3", "redis", "psycopg"} & set(done.stdout.split())
