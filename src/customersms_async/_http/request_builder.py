"""Requests for transports of httpx's shape, which take no other library's: httpx's own, or httpx2's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, final

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Mapping
    from types import ModuleType

    import httpx


@final
class RequestBuilder:
    """Builds the requests of one library, with exactly the headers that it is given, and the host's name.

    Mutable state: the URLs that were built for so far, each read once.
    """

    __slots__ = ("_body_type", "_library", "_targets")

    def __init__(self, library: ModuleType) -> None:
        self._library = library
        self._body_type = _body_type(library)
        self._targets: dict[str, Target] = {}

    def target(self, url: str) -> Target:
        """The part that all requests to one URL have in common."""
        target = self._targets.get(url)
        if target is None:
            parsed = self._library.URL(url)
            target = self._targets[url] = Target(parsed, (b"Host", parsed.netloc))
        return target

    def build(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        content: AsyncIterable[bytes],
        extensions: dict[str, Any],
    ) -> httpx.Request:
        """A request as the library's transports take it; its type is that library's."""
        target = self.target(url)
        pairs = [target.host, *((name.encode(), value.encode()) for name, value in headers.items())]
        stream = self._body_type(content)
        request: httpx.Request = self._library.Request(
            method, target.url, headers=pairs, stream=stream, extensions=extensions
        )
        return request


class Target(NamedTuple):
    """A URL, read by the library, and the header that names its host."""

    url: httpx.URL
    host: tuple[bytes, bytes]


def _body_type(library: ModuleType) -> Any:
    """The type of body that the library's transports ask for."""

    class Body(library.AsyncByteStream):  # type: ignore[misc, name-defined]  # known when it runs
        def __init__(self, content: AsyncIterable[bytes]) -> None:
            self._content = content

        def __aiter__(self) -> AsyncIterator[bytes]:
            return self._content.__aiter__()

    return Body
