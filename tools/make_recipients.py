"""Write the made-up recipients of the demo: ``python -m tools.make_recipients > examples/recipients.csv``.

The numbers lie in the ranges that regulators keep for fiction: 555-0100 to 555-0199 of each North American area code,
and Ofcom's drama numbers. A few rows are damaged the way real files are.
"""

from __future__ import annotations

import csv
import random
import sys

ROWS = 2_500
SEED = 7
FIRST_NAMES = "Ada Ben Chloé Dmitri Elif Femi Grace Hugo Ines Jun Kofi Lena Maya Noah Oksana Priya Rosa Sven Tariq"
LAST_NAMES = "Adeyemi Becker Castillo Dubois Evans Fischer García Hansen Ivanova Jones Kowalski López Novák Okafor"

DAMAGE = {
    120: "2125550143",  # the + and the country code are gone
    377: "1.2125550144E+10",  # a spreadsheet thought it was a number
    612: "12125550145.0",  # and so did another
    845: "",
    1_003: "+1 (212) 555-0146 ext. 12",
    1_290: "n/a",
    1_444: "+1 212 555 01A7",
    1_701: "+12125550148 / +12125550149",
    1_950: "+1212555015",  # one digit was lost
    2_077: "+15005550001",  # well formed, but the sandbox's gateway refuses it
    2_212: "+39 (0)6 555 0100",  # Italy dials that zero, so it can't be left out or kept by guess
}
COPIES = {400: 12, 1_600: 1_599, 2_499: 2_004}  # a row that says again what an earlier one says


def number(row: int) -> str:
    """A made-up number, different for every row."""
    if row % 5 == 4:
        city, local = (("20", "7946"), ("161", "496"), ("131", "496"))[row // 5 % 3]
        return f"+44{city}{local}0{row // 15 % 1000:03d}"
    return f"+1{201 + row // 100 * 3}55501{row % 100:02d}"


def written(phone: str, dice: random.Random) -> str:
    """The same number as people write it."""
    if phone.startswith("+44"):
        return dice.choice((phone, f"+44 (0){phone[3:]}", f"+44 {phone[3:-4]} {phone[-4:]}"))
    area, office, line = phone[2:5], phone[5:8], phone[8:]
    return dice.choice((
        phone, phone, phone, f"+1 ({area}) {office}-{line}", f"+1-{area}-{office}-{line}", f"tel:{phone}",
        f"+1 {area} {office} {line}", f"\u202a{phone}\u202c", f"'{phone}",
    ))  # fmt: skip


def main() -> None:
    """Write all rows to standard output."""
    dice = random.Random(SEED)
    rows: list[tuple[str, str]] = []
    for row in range(ROWS):
        name = f"{dice.choice(FIRST_NAMES.split())} {dice.choice(LAST_NAMES.split())}"
        phone = DAMAGE.get(row, rows[COPIES[row]][1] if row in COPIES else written(number(row), dice))
        rows.append((name, phone))
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(("name", "phone"))
    writer.writerows(rows)


if __name__ == "__main__":
    main()
