"""Values of a ledger as PostgreSQL reads and writes them: words of people and of the gateway are bytes there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from ..._postgres.wire import unhexed
from ..refusals import refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ..._postgres.wire import Row

T = TypeVar("T")


def encode_text(text: str) -> bytes:
    """A text, as the server reads it into bytes."""
    return b"\\x" + text.encode("utf-8", "surrogatepass").hex().encode()


def encode_text_or_null(text: str | None) -> bytes | None:
    """A text that may be missing, as the server reads it into bytes."""
    return None if text is None else encode_text(text)


def encode_texts(texts: Iterable[str | None]) -> bytes:
    """An array of texts, as the server reads it into bytes."""
    each = ["NULL" if text is None else f'"\\\\x{text.encode("utf-8", "surrogatepass").hex()}"' for text in texts]
    return f"{{{','.join(each)}}}".encode("ascii")


def encode_names(values: Sequence[str]) -> bytes:
    """An array of plain names, such as states."""
    return b"{%s}" % ",".join(values).encode("ascii")


def decode_text(value: bytes | None) -> str | None:
    """The text of a column of bytes. Raises ``UnicodeDecodeError`` for what is none."""
    return None if value is None else unhexed(value).decode("utf-8", "surrogatepass")


def decode_name(value: bytes | None) -> str | None:
    """The text of any other column."""
    return None if value is None else value.decode()


def decode_number(value: bytes | None) -> int | None:
    """The number of a column."""
    return None if value is None else int(value)


def typed(rows: Iterable[Any], kind: type[T], ledger: str) -> list[T]:
    """``rows`` as values of ``kind``. Raises ``LedgerError``, that of the ledger of this name, for one that is none."""
    try:
        return msgspec.convert(list(rows), list[kind])  # type: ignore[valid-type]  # a list of what was asked for
    except (msgspec.ValidationError, ValueError) as error:  # the second for bytes that are no text
        raise refusal(ledger, f"it holds what no campaign writes there ({error})") from None


def only_row(rows: Sequence[Row]) -> Row:
    """The one row of an answer that always has one."""
    (row,) = rows
    return row
