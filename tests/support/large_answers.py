"""Answers of far more than anybody asked for, of a given size, in all the shapes that took long to read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PHONES: Final = [f"+1212{5_550_000 + place}" for place in range(1_000)]

_ROWS: Final = {
    "rows of one number": '{"phone":"+12125550000","success":true}',
    "rows of its last digits": '{"phone":"2125550000","success":false}',
    "rows of strangers": '{"phone":"+13235550000","success":true}',
    "rows of a formatted phone": '{"phone":"(212) 555-0000","success":true}',
    "rows of a phone in figures": '{"phone":12125550000,"success":true}',
    "rows of a phone with an exponent": '{"phone":1e199,"success":false}',
    "rows of long phones": '{"phone":"' + "1 " * 90 + '","success":false}',
    "rows of long numbers": '{"phone":' + "9" * 4_299 + ',"success":false}',
    "rows without a phone": '{"success":false}',
    "rows of blank phones": '{"phone":"","success":false}',
    "rows with numbers in a text": '{"success":false,"n":"' + "1234567 " * 12 + '"}',
    "rows with fields": '{"success":false,' + ",".join(f'"n{i}":"+12125550000"' for i in range(14)) + "}",
    "rows with a name three times": '{"success":false,"success":false,"success":false}',
    "rows that quote the key": '{"phone":"+12125550000","success":false,"error":"' + "cspro_fuzzed" * 30 + '"}',
    "rows that quote the key cut off": '{"phone":"+12125550000","success":false,"error":"'
    + "cspro_fuzzed/key+01234567, " * 6
    + '","code":"cspro_fuzzed/key+01234"}',
    "rows of nothing": "{}",
    "rows in rows": '{"a":{}}',
    "figures": "1",
    "fractions": "1.5",
    "long figures": "9" * 4_299,
    "lists": "[]",
    "deep lists": "[" * 900 + "]" * 900,
    "deep objects": '{"a":' * 400 + "1" + "}" * 400,
}


def _keyed_row(place: int, fields: int, said: str, name: str = "n") -> str:
    row = ",".join(f'"{name}{field}":"{said}"' for field in range(fields))
    return f'"{12_125_550_000 + place}":{{"success":false,{row}}}'


_KEYED: Final[dict[str, Callable[[int], str]]] = {
    "rows under figures": lambda place: f'"{place}":{{"success":false}}',
    "rows under phones": lambda place: f'"{12_125_550_000 + place}":{{"success":false,"n":"+12125550001"}}',
    "rows under phones with fields": lambda place: _keyed_row(place, 7, "+12125550001"),
    "rows under phones with many fields": lambda place: _keyed_row(place, 14, "+12125550001"),
    "rows under phones with formatted phones": lambda place: _keyed_row(place, 8, "(212) 555-0001"),
    "rows under phones with lists of phones": lambda place: _keyed_row(place, 8, "1234567 " * 5),
    "rows under phones with scattered digits": lambda place: _keyed_row(place, 8, "12 345 67 89 0 " + "1 2 3 " * 5),
    "rows under phones with fields of many names": lambda place: _keyed_row(place, 7, "+13235550001", f"a{place}"),
    "rows under long keys": lambda place: f'"{place:0300}":{{"success":false}}',
}
_PHONE_NAMES: Final = ("to", "tel", "gsm", "cell", "dest", "msisdn", "mobile", "number")
_WORDS: Final = ("error", "code", "message_id")


def _named(place: int, said: str, more: str = "") -> str:
    """A row under its number, which names another one, or the same, eight times."""
    fields = ",".join(f'"{name}":{said}' for name in _PHONE_NAMES)
    return f'"{12_125_550_000 + place}":{{"success":false,{more}{fields}}}'


def _many(place: int, name: str, said: str) -> str:
    """A row under its number, with fourteen fields."""
    return f'"{12_125_550_000 + place}":{{"success":false,{",".join(f"{name % i}:{said}" for i in range(14))}}}'


_KEYED.update(
    {
        "rows under phones with formatted phones by name": lambda place: _named(place, f'"(212) 555-{place:04}"'),
        "rows under phones with fractions by name": lambda place: _named(place, f"1212555{place:04}.0"),
        "rows under phones with figures by name": lambda place: _named(place, f"1212555{place:04}"),
        "rows under phones with digits apart by name": lambda place: _named(place, '"' + "1 " * 29 + '"'),
        "rows under phones with success within": lambda place: _named(
            place, f'"(212) 555-{place:04}"', '"x":{"success":0},'
        ),
        "rows under phones with phones in lists": lambda place: (
            f'"{12_125_550_000 + place}":{{"success":false,"a":[["(212) 555-{place:04}"],{{"to":"555{place:04}"}}]}}'
        ),
        "rows under phones with digits of another script": lambda place: _many(
            place, '"n%d"', '"' + "\u0661" * 14 + '"'
        ),
        "rows under phones with letters of another script": lambda place: _many(
            place, '"n%d"', '"' + "\xe9" * 14 + '"'
        ),
        "rows under phones with names of another script": lambda place: _many(place, '"%x' + "\xc9" * 14 + '"', '""'),
        "rows under phones with marks in names": lambda place: _many(place, '"\\u0000to%d"', '""'),
        "rows under phones with escapes": lambda place: _many(place, '"n%d"', '"' + "\\n" * 14 + '"'),
        "rows under one phone": lambda place: _named(0, f'"(212) 555-{place:04}"'),
        "rows under one phone with little else": lambda _: '"12125550000":{"success":0,"a":[1]}',
        "scalars under figures": lambda place: f'"{place}":{place}.5',
        "lists under figures": lambda place: f'"{place}":[]',
    }
)
_BACKWARDS: Final = {
    "rows backwards of spaced words": "a\\t" * 40,
    "rows backwards of words twice spaced": "a  " * 50,
    "rows backwards that quote the key": "cspro_fuzzed/key+01234567, " * 2,
    "rows backwards of letters that are slow in capitals": "\u0130" * 80,
}
_MORE: Final = {"scalars under figures": 8, "lists under figures": 2, "rows under phones with phones in lists": 0.5}
"""How many times as many as rows there may be."""

_AHEAD: Final = {
    "a mark and rows": b"\xef\xbb\xbf",
    "warnings and rows": b"<b>Warning</b>: {$x} in <b>/api.php</b> on line <b>42</b><br />\n" * 400,
    "damaged bytes and rows": b"{" + b"\xff" * 60_000,
}
"""What stands ahead of rows under their numbers, with fields of all kinds."""

_LONG: Final = {
    "a string of damaged bytes": (b'{"success":true,"results":{},"a":"', b"\xff", b'"}'),
    "a string of escapes": (b'{"success":true,"results":{},"a":"', b"\\n", b'"}'),
    "damaged bytes": (b"", b"\xff", b'{"success":true,"results":{}}'),
    "damaged bytes in an object": (b"{", b"\xff", b'{"success":true,"results":{}}'),
    "success in slow letters": (b'{"results":[{"success":"', "\u0130".encode(), b'"}]}'),
    "white space": (b"{", b" ", b""),
    "a row of many fields": (b'{"results":{"12125550000":{"success":false', b',"n":"+12125550000"', b"}}}"),
    "a row of many figures": (b'{"results":{"12125550000":{"success":false', b',"n":12125550000', b"}}}"),
}
"""How an answer begins, what fills it, and how it ends."""

_PAGES: Final = {
    "a page of braces": "{ ",
    "a page of opened names": '{"',
    "a page of objects": "{}",
    "a page of white space": "{" + " " * 1_000,
    "a page of text": "success",
}
_TEXTS: Final = {
    "a long phone": '{"success":true,"results":[{"success":true,"phone":"%s"}]}',
    "a long field": '{"success":true,"results":[{"success":true,"n":"%s"}]}',
    "a long code": '{"success":false,"code":"%s"}',
    "long credits": '{"success":true,"remaining_credits":"%s"}',
}
NAMES: Final = (*_ROWS, *_KEYED, *_BACKWARDS, *_AHEAD, *_LONG, *_PAGES, *_TEXTS)


def large_answer(name: str, size: int, most: int = 10**9) -> bytes:
    """The answer of this shape in about ``size`` bytes, of at most so many pieces."""
    if name in _ROWS:
        one = _ROWS[name]
        return f'{{"success":true,"results":[{",".join([one] * min(most, size // (len(one) + 1)))}]}}'.encode()
    if name in _KEYED:
        pieces = ",".join(_until(_KEYED[name], size, int(most * _MORE.get(name, 1)), 8 * most))
        return f'{{"success":true,"results":{{{pieces}}}}}'.encode()
    if name in _BACKWARDS:
        rows = list(_until(lambda place: _row_of_words(place, _BACKWARDS[name]), size, most, 8 * most))
        return f'{{"success":true,"results":[{",".join(reversed(rows))}]}}'.encode()
    if name in _AHEAD:
        ahead = _AHEAD[name]
        return ahead + large_answer("rows under phones with success within", size - len(ahead), most)
    if name in _LONG:
        start, piece, end = _LONG[name]
        count = (size - len(start + end)) // len(piece)
        return start + piece * (min(8 * most, count) if b"," in piece else count) + end
    if name in _PAGES:
        return (_PAGES[name] * min(most, size // len(_PAGES[name]))).encode()
    return (_TEXTS[name] % ("1 " * (size // 2))).encode()


def _row_of_words(place: int, words: str) -> str:
    fields = ",".join(f'"{name}":"{words}"' for name in _WORDS)
    return f'{{"phone":"{PHONES[place % len(PHONES)]}","success":false,{fields}}}'


def _until(one: Callable[[int], str], size: int, most: int, commas: int) -> Iterator[str]:
    for place in range(most):
        piece = one(place)
        size -= len(piece.encode()) + 1
        commas -= piece.count(",") + 1
        if size < 0 or commas < 0:
            return
        yield piece
