"""Write the table of src/customersms_async/_core/graphemes.py: what UAX 29 has to know of each character.

Run it with ``python -m tools.generate_graphemes`` after ``pip install regex``; it replaces the lines between the
two markers. The Unicode version is that of the ``regex`` module, and both versions are written into the table:
last regex 2026.11.15 with Unicode 18.0.0. The package itself needs neither ``regex`` nor this file.
"""

from __future__ import annotations

import re
import textwrap
from importlib import metadata
from pathlib import Path

import regex

TARGET = Path(__file__).parent.parent / "src" / "customersms_async" / "_core" / "graphemes.py"
BEGIN, END = "# <generated>\n", "# </generated>\n"

EVERYTHING = "".join(map(chr, range(0x110000)))
CLASSES = {
    "c": ("Control", r"\p{GCB=Control}"),
    "e": ("Extend", r"[\p{GCB=Extend}--\p{InCB=Linker}--[\u200C]]"),
    "k": ("Extend that is an InCB linker", r"[\p{GCB=Extend}&&\p{InCB=Linker}]"),
    "K": ("other InCB linker", r"[\p{GCB=Other}&&\p{InCB=Linker}]"),
    "s": ("SpacingMark", r"\p{GCB=SpacingMark}"),
    "p": ("Prepend", r"\p{GCB=Prepend}"),
    "L": ("Hangul L", r"\p{GCB=L}"),
    "V": ("Hangul V", r"\p{GCB=V}"),
    "T": ("Hangul T", r"\p{GCB=T}"),
    "C": ("InCB consonant", r"\p{InCB=Consonant}"),
    "P": ("Extended_Pictographic", r"\p{Extended_Pictographic}"),
}
# The pattern in _graphemes.py rests on these; a new Unicode version that breaks one needs a new pattern.
ASSUMED = {
    r"[\p{InCB=Extend}--[\u200D]]": CLASSES["e"][1],
    r"\p{InCB=Linker}": r"[\p{InCB=Linker}&&[\p{GCB=Extend}\p{GCB=Other}]]",
    r"\p{GCB=ZWJ}": r"[\u200D]",
    r"\p{GCB=Regional_Indicator}": r"[\U0001F1E6-\U0001F1FF]",
    r"[\p{GCB=LV}\p{GCB=LVT}]": r"[\uAC00-\uD7A3]",
    r"\p{GCB=LV}": "[" + EVERYTHING[0xAC00:0xD7A4:28] + "]",
    r"[\p{InCB=Consonant}\p{Extended_Pictographic}--\p{GCB=Other}]": r"[\p{L}--\p{L}]",
}


def members(pattern: str) -> list[str]:
    """All characters that ``pattern`` matches, in order."""
    found: list[str] = regex.findall(pattern, EVERYTHING, flags=regex.VERSION1)
    return found


def ranges(characters: list[str]) -> str:
    """The characters as hexadecimal ranges: ``"a9 ae 300-36f"``."""
    runs: list[list[int]] = []
    for code in map(ord, characters):
        if runs and runs[-1][1] == code - 1:
            runs[-1][1] = code
        else:
            runs.append([code, code])
    return " ".join(f"{first:x}" if first == last else f"{first:x}-{last:x}" for first, last in runs)


def table() -> str:
    """The generated lines."""
    about = metadata.distribution("regex")
    unicode = re.search(r"supports Unicode ([\d.]+\d)", about.read_text("METADATA") or "")
    lines = [f"# regex {about.version}, Unicode {unicode[1] if unicode else '?'}", "_RANGES = {"]
    for letter, (name, pattern) in CLASSES.items():
        body = textwrap.fill(
            ranges(members(pattern)), 116, break_on_hyphens=False, initial_indent=" " * 8, subsequent_indent=" " * 8
        )
        lines += [f"    # {name}", f'    "{letter}": """', body, '    """,']
    return "\n".join([*lines, "}\n"])


def main() -> None:
    """Check what the pattern assumes, then replace the table."""
    for pattern, assumed in ASSUMED.items():
        if members(pattern) != members(assumed):
            raise SystemExit(f"{pattern} is no longer {assumed}: the pattern in {TARGET.name} has to change")
    head, _, rest = TARGET.read_text().partition(BEGIN)
    _, _, tail = rest.partition(END)
    TARGET.write_text(head + BEGIN + table() + END + tail)


if __name__ == "__main__":
    main()
