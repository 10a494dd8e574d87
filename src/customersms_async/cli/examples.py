"""Examples of the commands, as the end of their ``--help`` shows them: each can be given as it is, file names aside."""

from __future__ import annotations

from typing import Final

SEND: Final = (
    'customersms send +12125551234 --message "Your parcel is here"',
    'customersms send --file people.csv --message "Hi {name}" --dry-run --sample 3',
    'customersms send --file people.csv --message "Hi {name}" --output results.csv',
    'customersms send --file people.csv --message "Hi {name}" --sandbox',
    'customersms send +12125551234 --message "Your code is 123456" --priority urgent --max-wait 10',
)
ESTIMATE: Final = ('customersms estimate --file people.csv --message "Hi {name}"',)
QUOTA: Final = ("customersms quota", "customersms quota --quota redis://quota.internal:6379/0 --json")
DOCTOR: Final = ("customersms doctor", "customersms doctor --url https://sms.example.com/api.php --json")

WORKER: Final = (
    "customersms worker --ledger postgresql://texts@db.internal/app --quota postgresql://texts@db.internal/app",
    "customersms worker --key shop=/run/secrets/shop --key clinic=/run/secrets/clinic --concurrency 50",
)

RUN: Final = (
    'customersms campaign run --ledger spring.ledger people.csv --message "Hi {name}" --until 18:30',
    "customersms campaign run --ledger spring.ledger",
)
ADD: Final = ('customersms campaign add --ledger spring.ledger late.csv --message "Hi {name}" --by ann',)
RETRY: Final = (
    "customersms campaign retry --ledger spring.ledger --rejected --code HTTP_403 --by ann",
    "customersms campaign retry --ledger spring.ledger --unknown --by ann",
)
STATUS: Final = (
    "customersms campaign status --ledger spring.ledger",
    "customersms campaign status --ledger spring.ledger --watch",
)
LIST: Final = ("customersms campaign list .", "customersms campaign list postgresql://texts@db.internal/app --json")
PAUSE: Final = ("customersms campaign pause --ledger spring.ledger --by ann",)
RESUME: Final = ("customersms campaign resume --ledger spring.ledger --by ann",)
STOP: Final = ("customersms campaign stop --ledger spring.ledger --by ann",)
MOVE: Final = (
    'customersms campaign move spring.ledger "postgresql://texts@db.internal/app#spring"',
    'customersms campaign move "postgresql://texts@db.internal/app#spring" spring.ledger --by ann',
)
EXPORT: Final = ("customersms campaign export --ledger spring.ledger --format csv --status unknown > unknown.csv",)
RESOLVE: Final = (
    "customersms campaign resolve --ledger spring.ledger --status unknown --as accepted --by ann",
    "customersms campaign resolve --ledger spring.ledger --phones again.txt --as planned --by ann",
)
SERVE: Final = ("customersms campaign serve --ledger spring.ledger --zone Europe/Berlin",)
REPORT: Final = ("customersms campaign report --ledger spring.ledger --html spring.html",)

SUPPRESS_ADD: Final = ('customersms suppress add +12125551234 --why "asked on the phone" --by ann',)
SUPPRESS_REMOVE: Final = ('customersms suppress remove +12125551234 --why "signed up again" --by ann',)
SUPPRESS_LIST: Final = ("customersms suppress list", "customersms suppress list +12125551234")
SUPPRESS_IMPORT: Final = (
    "customersms suppress import opted-out.csv --by ann",
    "customersms suppress import replies.csv --stops --by ann",
)

IDEMPOTENCY_LIST: Final = (
    "customersms idempotency list --store keys.db",
    "customersms idempotency list --store redis://keys.internal:6379/0 --json",
)
IDEMPOTENCY_SHOW: Final = ("customersms idempotency show order-17/shipped --store keys.db",)
IDEMPOTENCY_RESOLVE: Final = (
    "customersms idempotency resolve order-17/shipped --as accepted --by ann --store keys.db",
)

MIGRATE: Final = (
    "customersms ledger migrate postgresql://owner@db.internal/app",
    "customersms ledger migrate postgresql://owner@db.internal/app --grant texts",
)
TRUST: Final = ("customersms ledger trust postgresql://owner@db.internal/app",)

SANDBOX: Final = (
    "customersms sandbox",
    "customersms sandbox --port 8025 --credits 1000 --limit 10/60 --limit 100/3600",
    "customersms sandbox --latency 0.1,0.5 --fault none --fault status_502",
)


def epilog(examples: tuple[str, ...]) -> str:
    """The end of a command's ``--help``: each example on a line of its own."""
    return "\n\n".join(("For example:", *examples))
