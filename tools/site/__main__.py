"""``python -m tools.site build`` makes the site in ``.site/html``; ``serve`` shows it as it is written."""

from __future__ import annotations

import sys

from . import building


def main() -> int:
    """Do what was asked for, and give the exit status."""
    commands = {"build": building.build, "serve": building.serve}
    if len(sys.argv) != 2 or sys.argv[1] not in commands:
        print(f"usage: python -m tools.site {'|'.join(commands)}", file=sys.stderr)
        return 2
    return commands[sys.argv[1]]()


if __name__ == "__main__":
    sys.exit(main())
