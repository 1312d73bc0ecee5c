"""What `taskward serve` and `taskward worker` share: the options that become settings."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import msgspec
import typer

if TYPE_CHECKING:
    from taskward.settings import Settings

AppOption = Annotated[
    list[str] | None,
    typer.Option("--app", "-a", metavar="MODULE", help="A Python module with operations; may be repeated."),
]
ConfigOption = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="A TOML file with settings; else ./taskward.toml.")
]
DataDirOption = Annotated[
    Path | None, typer.Option("--data-dir", metavar="FOLDER", help="The folder of the SQLite file and the admin token.")
]
DatabaseOption = Annotated[
    str | None,
    typer.Option("--database", metavar="URL", help="postgresql://USER:PASSWORD@HOST/DATABASE, or sqlite:///PATH."),
]
ConcurrencyOption = Annotated[
    int | None, typer.Option("--concurrency", "-c", min=1, help="How many tasks a worker runs at once.")
]
QueuesOption = Annotated[
    list[str] | None, typer.Option("--queue", "-q", metavar="NAME", help="A queue the worker serves; may be repeated.")
]


WorkflowDirOption = Annotated[
    list[Path] | None,
    typer.Option("--workflow-dir", metavar="FOLDER", help="A folder of workflow files; may be repeated."),
]


def settings_of(config: Path | None, **flags: Any) -> "Settings":
    """The settings in force; `flags` by name with two underscores for the dot. Raises SettingError."""
    from taskward.settings import load

    return load({_setting(name): value for name, value in flags.items()}, config_path=config).settings


def become_worker(config: Path | None, apps: Sequence[str], **flags: Any) -> NoReturn:
    """Goes on as a worker without what the command line keeps in memory: a quarter of what a worker has.

    Raises SettingError.
    """
    # A mistake is told here, where the whole command line is known.
    settings_of(config, **flags)
    given = {"flags": {_setting(name): flag for name, flag in flags.items()}, "config": config, "apps": apps}
    sys.stdout.flush()
    words = [sys.executable, "-m", "taskward.bootstrap", msgspec.json.encode(given, enc_hook=str).decode()]
    os.execv(sys.executable, words)  # noqa: S606 - ourselves


def _setting(name: str) -> str:
    return name.replace("__", ".")


def see_own_folder() -> None:
    """Lets `--app` name a module of the folder that the command is run in."""
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
