"""The compose file and the manifest of ``examples/fleet``, and what in them is run."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import yaml

from support.places import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER: Final = ROOT / "examples" / "fleet"
COMPOSE: Final = FOLDER / "compose.yaml"
KUBERNETES: Final = FOLDER / "kubernetes.yaml"
README: Final = FOLDER / "README.md"
_FROM_OUTSIDE: Final = re.compile(r"\$\{(\w+):\?[^}]*\}")
_TYPED: Final = re.compile(
    r"^\$ (?:docker compose run .*?(?:worker|migrate)|kubectl exec .* -- customersms) (.+)$", re.MULTILINE
)


class Container(NamedTuple):
    """What runs in a container: the words behind ``customersms``, its environment, seconds until it is killed."""

    words: list[str]
    environment: dict[str, Any]
    seconds: float | None


def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"]
    return found


def service(name: str, **outside: str) -> Container:
    """A service of the compose file that runs the command; ``outside``: what its variables stand for."""
    written = services()[name]
    environment = {name: _filled(value, outside) for name, value in written["environment"].items()}
    return Container(written["command"], environment, _seconds(written.get("stop_grace_period")))


def manifests() -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(KUBERNETES.read_text(encoding="utf-8")))


def pods() -> dict[str, tuple[Container, dict[str, Any]]]:
    """The containers of the manifest by name, each with all that it says."""
    found = {}
    for manifest in manifests():
        if manifest["kind"] in ("Job", "Deployment"):
            pod = manifest["spec"]["template"]["spec"]
            for one in pod["containers"]:
                environment = {each["name"]: each.get("value") for each in one["env"]}
                seconds = pod.get("terminationGracePeriodSeconds")
                found[one["name"]] = Container(one["args"], environment, seconds), one
    return found


def typed() -> list[list[str]]:
    """What the page has people type behind ``customersms`` in a container."""
    return [shlex.split(line) for line in _TYPED.findall(README.read_text(encoding="utf-8"))]


def _filled(value: str, outside: Mapping[str, str]) -> str:
    return _FROM_OUTSIDE.sub(lambda found: outside[found[1]], value)


def _seconds(written: str | None) -> float | None:
    return None if written is None else float(written.removesuffix("s"))
