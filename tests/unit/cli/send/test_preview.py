"""What a send would come to, as a person sees it before anything is sent."""

from __future__ import annotations

import pytest

from customersms_async._core.intake import RefusedLetter, SendableLetter
from customersms_async.cli.send.checked_job import CheckedJob
from customersms_async.cli.send.preview import preview
from customersms_async.models import Outcome, Status
from support.drawn_screens import drawn, words


def test_the_preview_says_what_will_happen() -> None:
    problems = [RefusedLetter(Outcome(1, "nope", Status.UNSENT, None, "it has no digits", "INVALID_PHONE"), 3)]
    problems += [RefusedLetter(Outcome(4, "[red]9", Status.UNSENT, None, "no [/] number", "INVALID_PHONE"), None)]
    shown = words(
        drawn(
            preview(
                "people[/].csv: a table",
                CheckedJob(
                    rows=1_234_567,
                    recipients=1_200_000,
                    invalid=30_000,
                    duplicates=4_567,
                    requests=12_345,
                    segments=2_500_000,
                    least_segments=1,
                    most_segments=3,
                    ucs2_texts=2,
                    ucs2_characters="Я漢",
                    problems=problems,
                    samples=[SendableLetter(0, 2, "+12125551234", "Hi [bold]Ann[/bold]")],
                    seconds=90_000,
                ),
            )
        )
    )
    for part in (
        "people[/].csv: a table",
        "recipients 1,200,000 of 1,234,567 rows",
        "invalid 30,000",
        "line 3: 'nope': it has no digits",
        "number 5: '[red]9': no [/] number",
        "… and 29,998 more",
        "duplicates 4,567",
        "requests 12,345",
        "segments 2,500,000 estimated, 1 to 3 each; these force UCS-2: Я 漢",
        "in 1 d 1 h, at",
        "+12125551234: Hi [bold]Ann[/bold]",
    ):
        assert part in shown


def test_the_preview_of_a_short_send_is_short() -> None:
    shown = words(drawn(preview("x", CheckedJob(rows=1, recipients=1, segments=2, least_segments=2, most_segments=2))))
    assert "ends at once" in shown
    assert "estimated, 2 each" in shown
    assert "UCS-2" not in shown
    assert "more" not in shown


@pytest.mark.parametrize("name", ["preview", "sample"])
def test_a_files_escape_sequences_do_not_reach_the_terminal(name: str) -> None:
    evil = "\x1b]0;gone\x07\x1b[2J"
    problem = RefusedLetter(Outcome(0, evil, Status.UNSENT, None, "no", "INVALID_PHONE"), 2)
    shown = (
        CheckedJob(rows=1, problems=[problem])
        if name == "preview"
        else CheckedJob(samples=[SendableLetter(0, 2, "+1", evil)])
    )
    assert "\x1b" not in drawn(preview("x", shown))
