"""The keys of a worker, and a client for each."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ..._core.options import DOCUMENTED_URL, check_url
from ..._sending import environment
from ...campaign._worker.clients import WorkerClients
from ...client import AsyncClient
from ...errors import ConfigurationError
from ..credentials import URL_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..._core.secret import Secret
    from ..._sending.observers import TelemetrySeam
    from ...quota import QuotaStore
    from ...suppression import SuppressionStore
    from .options import WorkerOptions


def read_keys(files: Mapping[str, str]) -> tuple[list[Secret], dict[str, str]]:
    """The keys of the environment and of ``files`` by their labels, each once; and the labels, by fingerprint.

    Raises ``ConfigurationError`` if there is none, for a file that can't be read, and for what can be no key.
    """
    found: dict[str, Secret] = {}
    labels: dict[str, str] = {}
    if os.environ.get(environment.KEY_VARIABLE) or os.environ.get(environment.KEY_FILE_VARIABLE):
        secret = environment.key_of_environment()
        found[secret.key_id] = secret
    for label, path in files.items():
        secret = environment.key_in(path, f"--key {label}")
        if secret.key_id in labels:
            raise ConfigurationError(f"--key {label} and --key {labels[secret.key_id]} name the same key")
        found[secret.key_id], labels[secret.key_id] = secret, label
    if not found:
        names = f"{environment.KEY_VARIABLE}, {environment.KEY_FILE_VARIABLE} or --key LABEL=FILE"
        raise ConfigurationError(f"a worker needs an API key: {names}")
    return list(found.values()), labels


def clients_of(
    options: WorkerOptions,
    quota: QuotaStore,
    suppression: SuppressionStore | None,
    telemetry: TelemetrySeam | None = None,
) -> WorkerClients:
    """A client for each key, over one quota. Raises as ``read_keys`` does, and for an option out of range."""
    url = os.environ.get(URL_VARIABLE, DOCUMENTED_URL) if options.url is None else options.url
    check_url(url)
    secrets, labels = read_keys(options.key_files())
    clients = {
        secret.key_id: AsyncClient(
            api_key=secret.reveal(),
            label=labels.get(secret.key_id),
            url=url,
            quota=quota,
            suppression=suppression,
            batch_size=options.batch_size,
            max_concurrency=options.max_concurrency,
            timeout=options.timeout,
            telemetry=telemetry,
        )
        for secret in secrets
    }
    return WorkerClients(clients, labels, url, suppression)
