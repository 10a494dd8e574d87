"""The compose file and the manifest: valid, with commands that can be given, time to stop, and no secret."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import kubernetes_validate
import pytest

from support.command_lines import options_given
from support.fleet_example import COMPOSE, FOLDER, KUBERNETES, Container, manifests, pods, service, services, typed

OUTSIDE = {"OWNER_PASSWORD": "of the owner", "TEXTS_PASSWORD": "of the workers"}
WORKERS = [
    pytest.param(service("worker", **OUTSIDE), id="compose"),
    pytest.param(pods()["worker"][0], id="kubernetes"),
]
MIGRATIONS = [
    pytest.param(service("migrate", **OUTSIDE), id="compose"),
    pytest.param(pods()["migrate"][0], id="kubernetes"),
]
PLACEHOLDER = "replace-me"
RECORDING_SECONDS = 5 + 2 + 2
"""What a worker takes at the end of its grace, at most: to record what it aborts, and to end its runs and its jobs."""


@pytest.mark.parametrize("manifest", [pytest.param(each, id=each["kind"]) for each in manifests()])
def test_the_manifest_is_what_kubernetes_takes(manifest: dict[str, Any]) -> None:
    kubernetes_validate.validate(manifest, kubernetes_validate.latest_version(), strict=True)


def test_the_compose_file_is_what_compose_takes() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(COMPOSE)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own words
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_a_broken_file_is_seen() -> None:
    broken = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {}, "spec": {"replica": 2}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, kubernetes_validate.latest_version(), strict=True)


@pytest.mark.parametrize("worker", WORKERS)
def test_a_worker_has_time_to_stop(worker: Container) -> None:
    """Its grace lets a whole request end, and it is killed no sooner than it has recorded what it aborted."""
    given = options_given(worker.words)
    assert given["grace"] >= given["timeout"] + 0.5 * given["batch_size"]
    assert worker.seconds is not None
    assert worker.seconds > given["grace"] + RECORDING_SECONDS


@pytest.mark.parametrize("worker", WORKERS)
def test_a_worker_keeps_everything_where_all_hosts_see_it(worker: Container) -> None:
    places = {worker.environment["CUSTOMERSMS_LEDGER"], worker.environment["CUSTOMERSMS_QUOTA"]}
    places.add(options_given(worker.words)["suppression_list"])
    assert len(places) == 1
    assert places.pop().startswith("postgresql://texts@")


@pytest.mark.parametrize("migrate", MIGRATIONS)
def test_the_owner_makes_the_schema_for_the_role_of_the_workers(migrate: Container) -> None:
    assert migrate.words[:2] == ["ledger", "migrate"]
    assert options_given(migrate.words)["grant"] == ["texts"]
    assert migrate.environment["CUSTOMERSMS_DATABASE"].startswith("postgresql://app@")
    assert "CREATE ROLE texts LOGIN" in (FOLDER / "roles.sql").read_text(encoding="utf-8")


@pytest.mark.parametrize("words", [pytest.param(words, id=" ".join(words[:2])) for words in typed()])
def test_what_people_are_told_to_type_can_be_typed(words: list[str]) -> None:
    options_given(words)


def test_there_is_something_to_type() -> None:
    assert {words[1] for words in typed()} == {"run", "resume", "status"}


def test_a_campaign_has_the_list_that_the_worker_has() -> None:
    """Else the worker would leave it to others."""
    ours = options_given(service("worker", **OUTSIDE).words)["suppression_list"]
    (run,) = (words for words in typed() if words[1] == "run")
    assert options_given(run)["suppression_list"] == ours


def test_probes_are_commands_and_none_of_them_ends_a_worker() -> None:
    _, said = pods()["worker"]
    assert {name for name in said if name.endswith("Probe")} == {"readinessProbe"}
    program, *words = said["readinessProbe"]["exec"]["command"]
    assert program == "customersms"
    options_given(words)


def test_no_password_and_no_key_is_in_the_files() -> None:
    for path in sorted(FOLDER.iterdir()):
        text = path.read_text(encoding="utf-8")
        assert re.findall(r"postgresql://[^@/\s]*:[^@/\s]*@", text) == [], path
        assert "cspro_" not in text, path
    secrets = [each["stringData"] for each in manifests() if each["kind"] == "Secret"]
    assert {value for each in secrets for value in each.values()} == {PLACEHOLDER}
    for one in services().values():
        for name, value in one.get("environment", {}).items():
            assert "PASSWORD" not in name or re.fullmatch(r"\$\{\w+_PASSWORD:\?[^}]*\}", value), name
    for name in ("worker", "migrate"):
        said = {each["name"]: each for each in pods()[name][1]["env"]}
        assert set(said["PGPASSWORD"]) == {"name", "valueFrom"}


def test_what_a_pod_names_is_in_the_manifest() -> None:
    """Its secrets with their keys, and its volumes."""
    secrets = {each["metadata"]["name"]: set(each["stringData"]) for each in manifests() if each["kind"] == "Secret"}
    text = KUBERNETES.read_text(encoding="utf-8")
    for name, key in re.findall(r"secretKeyRef: \{name: ([\w-]+), key: ([\w-]+)\}", text):
        assert key in secrets[name]
    assert "api-key" in secrets["texts-worker"]
    key_file = pods()["worker"][0].environment["CUSTOMERSMS_API_KEY_FILE"]
    mounts = {each["mountPath"] for each in pods()["worker"][1]["volumeMounts"]}
    assert key_file.rpartition("/")[0] in mounts
    assert pods()["migrate"][0].environment["PGSSLROOTCERT"].rpartition("/")[0] in mounts
