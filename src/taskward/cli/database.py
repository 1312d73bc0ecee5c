"""`taskward db`."""

import typer

app = typer.Typer()
