"""``customersms sandbox``, whose options the sandbox reads itself."""

from __future__ import annotations

from typing import Final

import typer

from . import examples

app: Final = typer.Typer(add_completion=False)


@app.command(
    add_help_option=False,
    epilog=examples.epilog(examples.SANDBOX),
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)
def serve(context: typer.Context) -> None:
    """Serve a made-up gateway."""
    from ..sandbox.__main__ import main

    raise typer.Exit(
        main(context.args, prog="customersms sandbox", epilog="\n  ".join(("For example:", *examples.SANDBOX)))
    )
