"""``--metrics-port`` and OpenTelemetry's variables, with the command as a process."""

from __future__ import annotations

import signal
import socket
from typing import TYPE_CHECKING

import pytest

from support.command import KEY, PATIENCE, Commands, until
from support.platforms import WINDOWS
from support.ports import free_port
from support.scraping import figure, scraped

if TYPE_CHECKING:
    from collections.abc import Callable

    from customersms_async.sandbox import Sandbox

    Serve = Callable[..., tuple[Sandbox, dict[str, str]]]

PEOPLE = 400
SLOWLY = ("--batch-size", "1", "--pace", "5", "--yes")
WAYS = {
    "send": ("send", "--file", "people.csv", "-m", "Hi {name}", *SLOWLY),
    "campaign": ("campaign", "run", "people.csv", "-m", "Hi {name}", "--ledger", "spring.ledger", *SLOWLY),
}


@pytest.mark.skipif(WINDOWS, reason="a process can't be sent SIGINT alone there")
@pytest.mark.parametrize("way", WAYS)
def test_prometheus_gets_what_the_command_does_while_it_does_it(customersms: Commands, serve: Serve, way: str) -> None:
    sandbox, there = serve()
    customersms.people(PEOPLE)
    port = free_port()
    process = customersms.start(*WAYS[way], "--metrics-port", str(port), **there)
    until(lambda: len(sandbox.texts) >= 3)
    text = scraped(port)
    assert figure(text, "customersms_client_outcomes_total", status="accepted", priority="bulk") >= 1
    assert figure(text, "customersms_quota_limit", window="60") == 100
    assert figure(text, "customersms_quota_usage", window="60") >= 3
    planned = figure(text, "customersms_campaign_recipients", state="planned")
    assert (PEOPLE - 100 < planned < PEOPLE) if way == "campaign" else planned == 0
    assert KEY not in text
    assert "1212555" not in text
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert "Traceback" not in said


@pytest.mark.parametrize("way", WAYS)
def test_a_port_that_is_taken_is_said_and_nothing_is_sent(customersms: Commands, serve: Serve, way: str) -> None:
    sandbox, there = serve()
    customersms.people(3)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = customersms(*WAYS[way], "--metrics-port", port, **there)
    assert ended.status == 2
    assert f"--metrics-port: 127.0.0.1:{port} can't be had" in ended.words
    assert sandbox.requests == 0


def test_spans_go_where_the_environment_says(customersms: Commands, serve: Serve) -> None:
    _, there = serve()
    ended = customersms("send", "+12125550000", "-m", "Hello", "--yes", **there, OTEL_TRACES_EXPORTER="console")
    assert ended.status == 0
    assert '"name": "send customersms"' in ended.err
    assert "send customersms" not in ended.out
    assert "12125550000" not in ended.err.partition('"name"')[2]


def test_an_exporter_that_is_not_there_is_said_and_nothing_is_sent(customersms: Commands, serve: Serve) -> None:
    sandbox, there = serve()
    ended = customersms("send", "+12125550000", "-m", "Hello", **there, OTEL_METRICS_EXPORTER="none,carrier_pigeon")
    assert ended.status == 2
    said = "OpenTelemetry's exporter carrier_pigeon, which OTEL_METRICS_EXPORTER asks for, is not installed"
    assert said in ended.words
    off = customersms(
        "send", "+12125550000", "-m", "Hello", **there, OTEL_METRICS_EXPORTER="pigeon", OTEL_SDK_DISABLED="true"
    )
    assert (off.status, sandbox.requests) == (0, 1)


@pytest.mark.parametrize(
    ("options", "variables", "said"),
    [
        (("--metrics-port", "9464"), {"OTEL_SDK_DISABLED": "true"}, "and OTEL_SDK_DISABLED for none"),
        ((), {"OTEL_TRACES_EXPORTER": "console", "OTEL_BSP_SCHEDULE_DELAY": "-1"}, "OpenTelemetry can't be set up:"),
        (
            (),
            {"OTEL_METRICS_EXPORTER": "prometheus", "OTEL_EXPORTER_PROMETHEUS_PORT": "abc"},
            "can't be set up: invalid",
        ),
    ],
)
def test_what_can_t_be_is_said_and_nothing_is_sent(
    customersms: Commands, serve: Serve, options: tuple[str, ...], variables: dict[str, str], said: str
) -> None:
    sandbox, there = serve()
    ended = customersms("send", "+12125550000", "-m", "Hello", *options, **there, **variables)
    assert ended.status == 2
    assert said in ended.words
    assert sandbox.requests == 0


def test_a_collector_that_all_programs_of_a_machine_are_told_of_asks_for_no_exporter_that_is_not_there(
    customersms: Commands, serve: Serve
) -> None:
    _, there = serve()
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_EXPORTER_OTLP_PROTOCOL": "carrier_pigeon"}
    ended = customersms("send", "+12125550000", "-m", "Hello", **there, **variables)
    assert (ended.status, ended.err.count("OpenTelemetry")) == (0, 0)
