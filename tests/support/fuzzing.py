"""What must hold for every input there is: one function for each reader of foreign bytes, raising if it does not.

``tools/fuzz.py`` feeds them millions of made-up inputs, ``test_corpus.py`` the inputs that once taught something.
"""

from __future__ import annotations

import csv
import io
import json
import math
import os
import re
import tempfile
import unicodedata
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from customersms_async._core import phone as phones
from customersms_async._core import segments
from customersms_async._core.answers import read
from customersms_async._core.batching import Batch
from customersms_async._core.intake import SendableLetter
from customersms_async._core.outcome_table import NextStep
from customersms_async._core.outcomes import LONGEST_SHOWN
from customersms_async._core.php_values import LONGEST_NUMBER, phone_digits
from customersms_async._core.post_result import Answer
from customersms_async._core.rulings import Ruling, judge
from customersms_async._core.secret import Secret
from customersms_async.cli.files import FileProblem, open_rows
from customersms_async.cli.output import as_json
from customersms_async.cli.send.findings import Findings
from customersms_async.cli.send.placeholders import column_keys, refuse_foreign
from customersms_async.cli.send.template import Template, TemplateProblem
from customersms_async.errors import InvalidRecipientError
from customersms_async.models import Outcome, Status
from support.fuzzed_bytes import Bytes
from support.spreadsheet_files import sheet, unzipped, zipped

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

KEY: Final = "cspro_fuzzed/key+0123456789=="
SECRET: Final = Secret(KEY)
PHONES: Final = ("+12125551234", "+13235554567", "+442079460000", "+4915112345678", "+447700900123", "+12125551235")
STATUSES: Final = (200, 200, 200, 201, 204, 301, 302, 307, 400, 401, 402, 403, 404, 408, 409, 413, 425, 429, 500, 503)
RETRY_AFTER: Final = (None, "", "5", "1.5", "soon", "-1", "Wed, 21 Oct 2099 07:28:00 GMT", "1e999", "nan", "9" * 400)


def answers(data: bytes) -> None:
    """Bytes of an answer: every number has one outcome, and nothing is accepted without a row that says so."""
    take = Bytes(data)
    asked = list(PHONES[: 1 + take.byte() % len(PHONES)])
    status, retry_after = take.one_of(STATUSES), take.one_of(RETRY_AFTER)
    body = take.rest() if take.byte() % 2 else _document(take, asked)
    batch = Batch("a text", asked, list(range(10, 10 + len(asked))))
    ruling = judge(Answer(status, body, retry_after), batch, 1.7e9, SECRET.redact)
    _check_ruling(ruling, batch, status)
    _check_rows(ruling, body, status)


def _check_ruling(ruling: Ruling, batch: Batch, status: int) -> None:
    assert [(o.index, o.phone) for o in ruling.outcomes] == list(zip(batch.indexes, batch.phones, strict=True))
    statuses = {o.status for o in ruling.outcomes}
    if ruling.then is not NextStep.DONE:
        assert statuses == {Status.UNSENT}, "only what was not sent may be sent again"
    if status >= 500:
        assert not statuses & {Status.ACCEPTED, Status.REJECTED}
    for outcome in ruling.outcomes:
        _check_outcome(outcome)
    figure = ruling.remaining_credits
    assert figure is None or (figure.is_finite() and abs(figure.adjusted()) < LONGEST_NUMBER)
    wait = ruling.retry_after
    assert wait is None or (wait >= 0 and math.isfinite(wait))


def _check_outcome(outcome: Outcome) -> None:
    written = as_json(outcome)
    assert KEY not in written
    assert "\n" not in written
    assert json.loads(written)["index"] == outcome.index
    for words in (outcome.message_id, outcome.error, outcome.code):
        assert words is None or (0 < len(words) <= LONGEST_SHOWN and KEY[:12] not in words)
    assert (outcome.error is None) is (outcome.status is Status.ACCEPTED)


def _check_rows(ruling: Ruling, body: bytes, status: int) -> None:
    reading = read(body)
    rows = [] if reading is None else list(reading.rows)
    saying_so = [row for row in rows if row.accepted]
    for outcome in ruling.outcomes:
        if outcome.status is Status.ACCEPTED:
            known = [phone_digits(row.phone) for row in saying_so]
            assert any(not d or outcome.phone.endswith(d) for d in known), "accepted without a row that says so"
        if outcome.status is Status.UNSENT:
            known = [d for row in saying_so if (d := phone_digits(row.phone))]
            assert outcome.phone[1:] not in known, "a text that a row calls accepted is not known to be unsent"
            assert not saying_so or ruling.then is NextStep.DONE, "what is sent again holds no text that was accepted"
    accepted = sum(o.status is Status.ACCEPTED for o in ruling.outcomes)
    assert accepted <= len(saying_so)
    whole = _whole(body)
    if accepted and whole is not None:
        assert accepted <= _successes(whole)


def _whole(body: bytes) -> Any:
    """The body as another reader of JSON sees it."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _successes(value: Any) -> int:
    """How many objects in ``value`` have a success that PHP could have meant as true."""
    if isinstance(value, list):
        return sum(map(_successes, value))
    if not isinstance(value, dict):
        return 0
    said = str(value.get("success")).strip().lower() in ("true", "1")
    return said + sum(map(_successes, value.values()))


_WORDS: Final[tuple[Any, ...]] = (
    None, True, False, 0, 1, "", "0", "1", "true", "FALSE", " 1 ", -1, 2, 97.5, "97.50", "1e400", "NaN", [], {}, KEY,
    f"no key {KEY} here", "x" * 190 + KEY, KEY * 9, ("y" * 3_990) + KEY, "\u2028\x00\ud83d", "<br />",
    "INVALID_API_KEY", "insufficient_credits", "RATE_LIMITED", 10**30, "msg_1", "\ud800", "Daily limit\nreached",
)  # fmt: skip
_WARNING: Final = b"<br />\n<b>Warning</b>: {x} in api.php\n"
_BEFORE: Final = (b"", b"", b"", b"\xef\xbb\xbf", _WARNING, b"[", b" \r\n", b"{}", b'{"')
_AFTER: Final = (b"", b"", b"", b"\n", b"]", b"}", b"<!-- 1 -->", b'{"success": true}', b"\xff", b"\x00")


def _document(take: Bytes, asked: list[str]) -> bytes:
    """An answer of nearly the documented shape, spoiled as the bytes say."""
    document: dict[str, Any] = {}
    for name in ("success", "error", "code", "successful_sends", "remaining_credits", "total_numbers"):
        if (choice := take.byte()) % 3:
            document[name] = _value(choice, take)
    rows: Any = [_row(take, asked) for _ in range(take.byte() % 8)]
    shape = take.byte() % 8
    if shape == 1:
        rows = {str(index): row for index, row in enumerate(rows)}
    elif shape == 2:
        rows = {str(take.byte()): row for row in rows}
    elif shape == 3:
        rows = [*rows, take.one_of(_WORDS)]
    elif shape == 7:
        rows = {take.one_of(asked)[take.byte() % 2 :]: row for row in rows}
    if shape != 4:
        document["results"] = rows if shape != 5 else take.one_of(_WORDS)
    text = json.dumps(document if shape != 6 else [document], ensure_ascii=take.byte() % 2 == 0)
    body: bytes = take.one_of(_BEFORE) + text.encode("utf-8", "replace") + take.one_of(_AFTER)
    cut = take.byte()
    if (many := take.byte()) >= 240:  # the same rows, so often that it takes long if each is looked at too long
        rows = b'{"success": false, "n": "1 2345678"},' * 2 ** (many - 240)
        body = body.replace(b'"results": [', b'"results": [' + rows)
    return body if cut < 200 else body[: len(body) * (cut - 199) // 56]


def _value(choice: int, take: Bytes) -> Any:
    return take.text() if choice % 16 == 1 else take.one_of(_WORDS)


def _row(take: Bytes, asked: list[str]) -> Any:
    row: dict[str, Any] = {}
    phone = take.one_of(asked)
    shape = take.byte()
    if shape % 11:
        number, odd = int(phone[1:]), take.one_of(_WORDS)
        row["phone"] = (phone, phone, phone[1:], number, phone[3:], phone[-4:], float(number), odd, KEY)[shape % 9]
    for name in ("success", "message_id", "error", "code"):
        if (choice := take.byte()) % 4:
            row[name] = _value(choice, take)
    if choice % 8:
        row["success"] = take.one_of((True, False, 1, 0, "1", "0", "true", ""))
    return row if shape != 255 else [row]


_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)


def numbers(data: bytes) -> None:
    """Any text: a number in E.164 with the text's own digits (one bracketed zero aside), or a reason."""
    if not data:
        return
    region = (None, None, None, None, None, None, "US", "GB")[data[0] % 8]
    text = _decoded(data)
    try:
        number = phones.parse(text, region=region)
    except InvalidRecipientError as error:
        assert error.phone == text
        assert error.reason
        assert len(str(error)) < 400
        return
    assert _E164.fullmatch(number)
    assert phones.parse(number) == number
    if region is None:
        given = "".join(str(unicodedata.decimal(char)) for char in text if char.isdecimal())
        without_zero = {given[:at] + given[at + 1 :] for at, digit in enumerate(given) if digit == "0"}
        assert number[1:] == given or number[1:] in without_zero, "digits came, went or changed places"
    masked = phones.mask(number)
    assert sum(map(str.isdigit, masked)) <= 4


def _decoded(data: bytes) -> str:
    """Text of every kind: half surrogates, other scripts, or mostly the characters of phone numbers."""
    kind, rest = data[0] // 8 % 4, data[1:]
    if kind == 0:
        return rest.decode("utf-8", "surrogateescape")
    if kind == 1:
        return rest.decode("utf-16-le", "surrogatepass" if len(rest) % 2 == 0 else "replace")
    if kind == 2:
        return rest.decode("latin-1")
    return "".join(_PHONE_CHARACTERS[byte % len(_PHONE_CHARACTERS)] for byte in rest)


_PHONE_CHARACTERS: Final = (
    "0123456789012345678901234567890123456789+++++((()))[]-. \n\r\t'\u2019\u00a0\u200e\ufeff\u2013\uff0b\uff11\u0663"
    ";,/xE#tel:\u00b2\u0660\u30fc\u2028"
)
_SUFFIXES: Final = (".csv", ".csv", ".csv", ".tsv", ".txt", ".jsonl", "")
_ENCODINGS: Final = ("utf-8",) * 6 + (
    "utf-16", "utf-16-le", "cp1252", "utf-32", "utf-7", "shift_jis", "iso2022_jp", "utf-8-sig", "hz", "unicode_escape",
)  # fmt: skip


def files(data: bytes) -> None:
    """A file of people: its rows, the same ones every time, as another reader sees them; or a ``FileProblem``."""
    take = Bytes(data)
    suffix, encoding = take.one_of(_SUFFIXES), take.one_of(_ENCODINGS)
    delimiter = take.one_of((None, None, None, None, ",", ";", "tab", "x")) if suffix != ".jsonl" else None
    content = take.rest()
    path = _folder() / f"people{suffix}"
    path.write_bytes(content)
    try:
        with open_rows(path, phone_column=None, encoding=encoding, delimiter=delimiter) as rows:
            once = [(row.line, row.phone, dict(row.fields)) for row in rows]
            assert once == [(row.line, row.phone, dict(row.fields)) for row in rows]
            kind, columns = rows.kind, rows.columns
    except FileProblem as problem:
        assert problem.reason
        assert problem.line is None or problem.line >= 1
        return
    lines = [line for line, _, _ in once]
    assert lines == sorted(set(lines)), "rows out of order"
    if suffix != ".jsonl":
        cells = (cell for _, _, fields in once for cell in fields.values())
        assert b'"' in content or not any("\r\n" in cell for cell in cells), "a row was swallowed"
        assert all(set(fields) == set(columns) for _, _, fields in once)
    if kind.startswith("a table") and encoding == "utf-8":
        _compare([fields for _, _, fields in once], content.decode("utf-8"), columns, kind)


def sheets(data: bytes) -> None:
    """An XLSX file, any part of which the input is, or which it has harmed: its rows, or a ``FileProblem``."""
    take = Bytes(data)
    kind, at = take.byte() % 4, take.byte() * 256 + take.byte()
    parts = unzipped(_good_sheet())
    name = take.one_of(sorted(parts))
    if kind == 0:
        parts[name] = take.rest()
    elif kind == 1:
        at %= len(parts[name]) + 1
        parts[name] = parts[name][:at] + take.rest() + parts[name][at + take.byte() :]
    content = zipped(parts)
    if kind >= 2:
        at %= len(content) + 1
        content = content[:at] + take.rest() + content[at + kind % 2 * len(take.rest()) :]
    path = _folder() / "people.xlsx"
    path.write_bytes(content)
    try:
        with open_rows(path, phone_column=None, encoding="utf-8", delimiter=None) as rows:
            once = [(row.line, dict(row.fields)) for row in rows]
            assert once == [(row.line, dict(row.fields)) for row in rows]
    except FileProblem as problem:
        assert problem.reason
        return
    assert [line for line, _ in once] == sorted({line for line, _ in once}), "rows out of order"


@cache
def _good_sheet() -> bytes:
    cells = [f'<c t="inlineStr"><is><t>{text}</t></is></c>' for text in ("phone", "name", "+12125551234", "Ada")]
    return sheet({1: cells[:2], 2: [*cells[2:]], 4: ["<c><v>12125551234</v></c>", '<c t="b"><v>1</v></c>']})


def _compare(found: list[dict[str, str]], text: str, columns: tuple[str, ...], kind: str) -> None:
    """Hold rows against those of Python's own csv module, where that has no objection."""
    separators = {"commas": ",", "semicolons": ";", "tabs": "\t", "bars": "|"}
    named = kind.removeprefix("a table separated by ").partition(",")[0]
    reader = csv.reader(
        io.StringIO(text.removeprefix("\ufeff"), newline=""), delimiter=separators.get(named, "x"), strict=True
    )
    try:
        table = [row for row in reader if any(map(str.strip, row))]
    except csv.Error:
        return
    if "under the header in line" in kind:  # a title or the like is ahead of it
        table = table[next(at for at, row in enumerate(table) if {*columns} <= {*map(str.strip, row)}) :]
    header = [name.strip() for name in table[0]]
    header = [name if header.count(name) == 1 else "" for name in header]  # which of two is meant, nobody can say
    assert [name for name in header if name] == list(columns)
    for row in table[1:]:
        if len(row) == len(header) + 1 and not row[-1].strip():  # one empty cell too many is read past
            del row[-1]
    assert found == [{name: cell for name, cell in zip(header, row, strict=True) if name} for row in table[1:]]


@cache
def _folder() -> Path:
    shared = Path("/dev/shm")  # noqa: S108 - memory, where there is such a place; the folder in it is our own
    return Path(tempfile.mkdtemp(prefix=f"fuzz-{os.getpid()}-", dir=shared if shared.is_dir() else None))


def templates(data: bytes) -> None:
    """A template: each column's text in its place and nothing else touched; or a ``TemplateProblem``."""
    head, _, values = data.partition(b"\xff")
    text = head.decode("utf-8", "replace")
    given = [value.decode("utf-8", "replace") for value in values.split(b"\xff")]
    fields = dict(zip(("name", "Name ", "a b", "\u0130", "{}", "0", "x.y"), given, strict=False))
    try:
        template = Template.parse(text)
        template.check(fields)
        refuse_foreign(text, tuple(fields))
    except TemplateProblem as problem:
        assert 1 <= problem.position <= len(text)
        return
    assert template.render(fields) == _rendered(text, fields)
    assert template.render(dict(reversed(fields.items()))) == _rendered(text, fields)
    _look_at(template, fields)


def _look_at(template: Template, fields: Mapping[str, str]) -> None:
    """Everything that is found in a text can be told, and its twin costs no more and stays the same."""
    rendered = template.render(fields)
    findings = Findings(template, column_keys(fields))
    findings.look(template.cells(fields), rendered, special=True)
    findings.settle(SendableLetter(0, 2, PHONES[0], rendered))
    found = [*findings.blanks(), *findings.oddities()]
    assert all(finding.texts >= 1 and finding.line == 2 for finding in found)
    assert (findings.blank > 0) is (findings.blanks() != [])
    twin = segments.to_gsm7(rendered)
    assert segments.to_gsm7(twin) == twin
    assert segments.count(twin).segments <= segments.count(rendered).segments
    assert twin == rendered or not segments.beyond_gsm7(twin)


def _rendered(text: str, fields: Mapping[str, str]) -> str:
    """The same, one character after the other."""
    out: list[str] = []
    at = 0
    while at < len(text):
        if text[at : at + 2] in ("{{", "}}"):
            out.append(text[at])
            at += 2
        elif text[at] == "{":
            end = text.index("}", at)
            name, bar, words = text[at + 1 : end].partition("|")
            alike = [column for column in fields if column.strip().casefold() == name.strip().casefold()]
            cell = fields[name if name in fields else alike[0]]
            out.append(words.strip() if bar and not cell.strip() else cell)
            at = end + 1
        else:
            out.append(text[at])
            at += 1
    return "".join(out)


def ledgers(data: bytes) -> None:
    """A ledger that somebody else made or broke: see ``hostile_ledgers``."""
    from support.hostile_ledgers import ledgers as look_at_one  # few targets need the command and a client

    look_at_one(Bytes(data))


TARGETS: Final[Mapping[str, Callable[[bytes], None]]] = {
    "answers": answers,
    "files": files,
    "ledgers": ledgers,
    "numbers": numbers,
    "sheets": sheets,
    "templates": templates,
}
