"""`taskward worker`."""

import typer

app = typer.Typer()
