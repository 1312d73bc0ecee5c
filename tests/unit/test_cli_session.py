"""Where commands print."""

from io import StringIO

from rich.table import Table
from rich.text import Text

from taskward.cli.session import console


def test_a_program_reads_lines_that_are_neither_cut_nor_padded() -> None:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(width=10)
    table.add_column(width=900)
    table.add_row("short", "")
    table.add_row(Text("├─ longer"), "x" * 300)

    stream = StringIO()
    console(stream).print(table)

    assert stream.getvalue().split("\n") == ["short", f"├─ longer   {'x' * 300}", ""]
