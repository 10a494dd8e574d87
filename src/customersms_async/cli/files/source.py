"""A file's bytes -> its lines, any number of times, in one encoding that somebody stated."""

from __future__ import annotations

import codecs
import io
import itertools
import os
import shutil
import stat
import sys
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, cast, final

from .rows import FileProblem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_CHUNK: Final = 1 << 16  # bytes: large beside a line, small beside memory
_IN_MEMORY: Final = 1 << 23  # bytes of a pipe that are kept in memory before they go to a temporary file

LONGEST: Final = 1_000_000
"""Characters in one line or row: far beyond any person's data, and a bound on memory in a file that has no lines."""

_MARKS: Final = (  # longest first: UTF-32's little-endian mark begins with UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32", ("utf-32", "utf-32-le")),
    (codecs.BOM_UTF32_BE, "utf-32", ("utf-32", "utf-32-be")),
    (codecs.BOM_UTF8, "utf-8", ("utf-8", "utf-8-sig")),
    (codecs.BOM_UTF16_LE, "utf-16", ("utf-16", "utf-16-le")),
    (codecs.BOM_UTF16_BE, "utf-16", ("utf-16", "utf-16-be")),
)


@final
class Source:
    """The lines of the file ``path``, or of standard input if that is ``-``.

    What can be read only once (standard input, a pipe) is copied first, beyond 8 MB to a temporary file without a
    name. ``FileProblem`` if the file can't be opened, the encoding is unknown, or the file begins with the byte
    order mark of another one; UTF-16 and UTF-32 must begin with theirs, or be called ``utf-16-le`` and so on.
    """

    def __init__(self, path: Path, encoding: str) -> None:
        self._encoding = _codec(encoding)
        try:
            self._file, self._changing = _opened(path)
        except (OSError, ValueError) as error:
            raise _unreadable(error) from None
        try:
            self._signature = self._sign()
            self._check_mark()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the file; lines can no longer be read."""
        self._file.close()

    def lines(self) -> Iterator[str]:
        r"""Every line with its own break (``\n``, ``\r\n`` or ``\r``), from the beginning, without a byte order mark.

        ``FileProblem`` with its line for bytes that are not in the encoding, a NUL, or a line above ``LONGEST``.
        """
        return itertools.chain.from_iterable(self._blocks())

    def _blocks(self) -> Iterator[Iterable[str]]:
        """The lines of each piece of the file."""
        rest, done, first = "", 0, True
        texts = self._texts()
        while True:
            try:
                text = next(texts)
            except StopIteration:
                break
            except UnicodeError:
                raise FileProblem(self._undecodable(), line=done + 1 + rest.endswith("\r")) from None
            if first and text:
                first, text = False, text.removeprefix("\ufeff")
            text = rest + text
            lines = list(io.StringIO(text, newline=""))
            rest = lines.pop() if lines and not lines[-1].endswith("\n") else ""  # after \r an \n may follow
            yield _checked(lines, done) if "\0" in text else lines
            done += len(lines)
            if len(rest) > LONGEST:
                raise FileProblem(f"it is longer than {LONGEST:,} characters", line=done + 1)
        if rest:
            yield _checked([rest], done)

    def _texts(self) -> Iterator[str]:
        """The decoded text in pieces; all that comes before a wrong byte, then ``UnicodeError``."""
        decoder = codecs.getincrementaldecoder(self._encoding)()
        at, last = 0, False
        while not last:
            data = self._read(at)
            at, last, before = at + len(data), not data, decoder.getstate()
            try:
                text = decoder.decode(data, last)
            except UnicodeError:
                decoder.setstate(before)
                yield _before_error(decoder, data)
                raise
            yield text

    def _read(self, at: int) -> bytes:
        try:
            if self._sign() != self._signature:
                raise FileProblem("the file has changed since it was opened; start again")
            self._file.seek(at)
            return self._file.read(_CHUNK)
        except (OSError, ValueError) as error:
            raise _unreadable(error) from None

    def _sign(self) -> tuple[int, int]:
        if not self._changing:
            return 0, 0
        facts = os.fstat(self._file.fileno())
        return facts.st_size, facts.st_mtime_ns

    def _check_mark(self) -> None:
        start = self._read(0)[:4]
        if start == b"PK\x03\x04":
            raise FileProblem("it is an .xlsx file by its first bytes: give it a name that ends in .xlsx")
        if start == b"\xd0\xcf\x11\xe0":
            raise FileProblem(
                "it is an old Excel file, or one with a password, by its first bytes: save it as .xlsx or .csv"
            )
        name = codecs.lookup(self._encoding).name
        for mark, family, names in _MARKS:
            if start.startswith(mark):
                if name in names:
                    return
                raise FileProblem(f"it begins with the byte order mark of {family}; use --encoding {family}", line=1)
        if start and name in ("utf-16", "utf-32"):
            raise FileProblem(f"it has no byte order mark; use --encoding {name}-le or {name}-be", line=1)

    def _undecodable(self) -> str:
        return f"it is not text in {self._encoding}; say what it is with --encoding, for example cp1252 or utf-16"


def _before_error(decoder: codecs.IncrementalDecoder, data: bytes) -> str:
    """The text in ``data`` up to the byte that ``decoder`` can't read, found by going byte by byte."""
    texts = []
    try:
        for byte in data:
            texts.append(decoder.decode(bytes([byte])))  # noqa: PERF401 - those before the error are wanted
    except UnicodeError:
        pass
    return "".join(texts)


def _checked(lines: list[str], done: int) -> Iterator[str]:
    for number, line in enumerate(lines, done + 1):
        if "\0" in line:
            raise FileProblem(
                "it has a NUL in it, as text in another encoding has; say which with --encoding", line=number
            )
        yield line


def _codec(encoding: str) -> str:
    try:
        if not encoding.isascii():  # Python before 3.15 ignores such characters, and warns of them from 3.15 on
            raise LookupError(encoding)
        io.TextIOWrapper(io.BytesIO(), encoding=encoding)  # unlike codecs.lookup, refuses what is no encoding of text
        codecs.getincrementaldecoder(encoding)
    except (LookupError, ValueError):
        raise FileProblem(f"{encoding!r} is no encoding; use one such as utf-8, utf-16 or cp1252") from None
    return encoding


def _opened(path: Path) -> tuple[IO[bytes], bool]:
    """The file, and whether somebody else could change it."""
    if str(path) == "-":
        return _copied(sys.stdin.buffer), False
    file = Path(path).open("rb")  # noqa: SIM115 - Source closes it
    if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        return file, True
    with file:
        return _copied(file), False


def _copied(file: IO[bytes]) -> IO[bytes]:
    copy = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - Source closes it
    try:
        shutil.copyfileobj(file, copy)
    except BaseException:
        copy.close()
        raise
    return cast("IO[bytes]", copy)


def _unreadable(error: Exception) -> FileProblem:
    return FileProblem(f"it can't be read: {(isinstance(error, OSError) and error.strerror) or error}")
