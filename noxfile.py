"""Sessions over every supported Python: ``nox`` runs them, ``nox -l`` lists them; ``make test`` does without.

The Pythons are those of the classifiers in pyproject.toml; one that is not installed is skipped.
"""

from __future__ import annotations

import nox

nox.needs_version = ">=2024.4.15"
nox.options.sessions = ["tests", "lint"]
nox.options.reuse_existing_virtualenvs = True
nox.options.error_on_external_run = True

PYTHONS = nox.project.python_versions(nox.project.load_toml("pyproject.toml"))
PARALLEL = ("-n", "auto", "--dist", "worksteal")


@nox.session(python=PYTHONS)
@nox.parametrize("loop", ["asyncio", "eager", "uvloop"])
def tests(session: nox.Session, loop: str) -> None:
    """All tests; in another kind of event loop, those that depend on it. What follows ``--`` goes to pytest."""
    session.install("-e", ".[all,dev]")
    if loop == "uvloop" and session.run("python", "-c", "import uvloop", success_codes=[0, 1], silent=True):
        session.skip("uvloop is not made for this Python or platform")
    session.run("pytest", "-q", *PARALLEL, f"--loop={loop}", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Everything that pre-commit checks."""
    session.install("-e", ".[all,dev]", "pre-commit")
    session.run("pre-commit", "run", "--all-files", *session.posargs)
