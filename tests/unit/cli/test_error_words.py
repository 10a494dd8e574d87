"""Errors as a person at a terminal reads them."""

from __future__ import annotations

import errno

import pytest

from customersms_async.cli.campaign.sending_options import RunOptions
from customersms_async.cli.error_words import in_flags, in_words, once_mended
from customersms_async.cli.problems import InputProblem
from customersms_async.cli.send.options import SendCommandOptions
from customersms_async.errors import (
    AuthenticationError,
    CampaignStoppedError,
    ConfigurationError,
    InsufficientCreditsError,
)

COMMANDS = (RunOptions, SendCommandOptions)
"""The options that errors are told in: those of the commands that a process has imported."""


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("batch_size must be a whole number", "--batch-size must be a whole number"),
        ("timeout must be a number", "--timeout must be a number"),
        ("which is longer than max_wait", "which is longer than --max-wait"),
        ("stopped by stop_after_refused: no", "stopped by --stop-after-refused: no"),
        ("see url=… or CUSTOMERSMS_URL", "see --url or CUSTOMERSMS_URL"),
        ("it is the time that until names", "it is the time that --until names"),
        ("the connect timeout is over", "the connect timeout is over"),
        ("there is no column first_name", "there is no column first_name"),
    ],
)
def test_an_option_is_called_by_its_flag(said: str, shown: str) -> None:
    assert in_flags(said) == shown
    assert in_words(ConfigurationError(said)) == shown


def test_a_refused_key_is_named_by_where_it_is_from(monkeypatch: pytest.MonkeyPatch) -> None:
    refused = AuthenticationError("Invalid or inactive API key")
    monkeypatch.setenv("CUSTOMERSMS_API_KEY", "cspro_a")
    said = "the gateway does not accept the API key from {}: Invalid or inactive API key"
    assert in_words(refused) == said.format("CUSTOMERSMS_API_KEY")
    monkeypatch.delenv("CUSTOMERSMS_API_KEY")
    monkeypatch.setenv("CUSTOMERSMS_API_KEY_FILE", "/run/secrets/sms")
    assert in_words(refused) == said.format("/run/secrets/sms (CUSTOMERSMS_API_KEY_FILE)")


def test_what_the_system_refuses_is_said_with_its_file() -> None:
    assert in_words(OSError(errno.ENOSPC, "No space left on device", "r.csv")) == "r.csv: No space left on device"
    assert in_words(OSError(errno.ENOSPC, "No space left on device")) == "No space left on device"
    assert in_words(OSError("odd")) == "OSError"


@pytest.mark.parametrize(
    ("error", "change"),
    [
        (None, ""),
        (AuthenticationError("no"), ", once the key is mended"),
        (InsufficientCreditsError("no"), ", once there are credits"),
        (InputProblem("no"), ", once that is mended"),
        (CampaignStoppedError("no", guard="max_recipients"), ", with another value of --max-recipients"),
        (CampaignStoppedError("no", guard="until"), ", with another value of --until"),
        (CampaignStoppedError("no", guard="keep_credits"), ", once there are more credits, or with another --keep-c"),
        (CampaignStoppedError("no", guard="allow_prefix"), ", with another --allow-prefix, or with those numbers in "),
        (CampaignStoppedError("no", guard="stop_after_unknown"), ", once the gateway is well"),
        (CampaignStoppedError("no", guard="interrupted"), ", once that is mended"),
    ],
)
def test_the_command_that_goes_on_says_what_must_change_before(error: Exception | None, change: str) -> None:
    assert once_mended(error).startswith(change)
    assert bool(once_mended(error)) is bool(change)


def test_credits_that_do_not_suffice_are_said() -> None:
    assert in_words(InsufficientCreditsError("no credits")) == (
        "the account's credits don't suffice, add some at the provider: no credits"
    )
