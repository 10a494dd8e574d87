"""The judge of TLS certificates, for every engine of our own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import ssl
from typing import NamedTuple, final

from .setup_problem import SetupProblem


def tls_context() -> ssl.SSLContext:
    """A context that trusts whom httpx trusts; takes 50 ms to make.

    That is the file ``SSL_CERT_FILE``, else the folder ``SSL_CERT_DIR``, else the authorities that certifi lists.
    Raises ``SetupProblem`` for a file or folder that can't be one.
    """
    return _named().read()


def authorities() -> str:
    """Whom ``tls_context`` trusts now, for people."""
    named = _named()
    return f"{named.path} ({named.named_by})" if named.named_by else "certifi's list, as SSL_CERT_FILE is not set"


@final
class TlsTrust:
    """A ``tls_context`` that is read anew when it has refused a certificate and its file or folder has changed.

    So a program that runs for months goes on when its authorities are replaced. Making one takes 50 ms. Mutable state:
    the ``context``, and where it was read from, as that was then.
    """

    def __init__(self) -> None:
        self._read_from = _named()
        self.context = self._read_from.read()

    async def has_changed_since(self, refusing: ssl.SSLContext | bool) -> bool:
        """Whether there is another context now than the one that has refused a certificate: then try with that."""
        if self.context is refusing:
            await asyncio.to_thread(self._look_again)
        return self.context is not refusing

    def _look_again(self) -> None:
        now = _named()
        if now != self._read_from:
            with contextlib.suppress(OSError, SetupProblem):  # half-written, or gone: the next refusal looks again
                self.context = now.read()
                self._read_from = now


class _Authorities(NamedTuple):
    """A file or folder of authorities, the variable that names it, and what tells whether it was replaced.

    The last are inode, size, and time of its last change; certifi's list has no variable.
    """

    path: str
    named_by: str
    mark: tuple[int, int, int] | None

    def read(self) -> ssl.SSLContext:
        try:
            if self.named_by != "SSL_CERT_DIR":
                return ssl.create_default_context(cafile=self.path)
            os.listdir(self.path)  # noqa: PTH208 - a folder that is not there trusts nobody, and nothing says so
            return ssl.create_default_context(capath=self.path)
        except FileNotFoundError:
            raise SetupProblem(f"{self._name}, which is not there") from None
        except ssl.SSLError:
            raise SetupProblem(f"{self._name}, which holds no certificates that can be read") from None
        except (PermissionError, IsADirectoryError, NotADirectoryError) as error:
            raise SetupProblem(f"{self._name}, which can't be read ({type(error).__name__})") from None

    @property
    def _name(self) -> str:
        return f"{self.named_by or 'certifi'} names {self.path} as the authorities to trust"


def _named() -> _Authorities:
    for variable in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        if path := os.environ.get(variable):
            return _Authorities(path, variable, _mark(path))
    import certifi

    return _Authorities(certifi.where(), "", _mark(certifi.where()))


def _mark(path: str) -> tuple[int, int, int] | None:
    with contextlib.suppress(OSError):
        status = os.stat(path)  # noqa: PTH116 - of the name as it is
        return status.st_ino, status.st_size, status.st_mtime_ns
    return None
