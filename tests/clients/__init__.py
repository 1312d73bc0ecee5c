"""Other people's programs, each in a virtual environment of its own: what they need conflicts with what we need.

Their pins stand beside this file, one file for each. An environment is made when a test first needs it, and kept beside
ours until its pins change.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

_PINS = Path(__file__).parent
_HOME = Path(sys.prefix) / "clients"


def environment(name: str) -> Path:
    """The folder of programs of the environment whose pins are in `<name>.txt`; made if it is not there."""
    pins = _PINS / f"{name}.txt"
    digest = hashlib.sha256(pins.read_bytes() + sys.version.encode()).hexdigest()[:12]
    folder = _HOME / f"{name}-{digest}"
    ready = folder / ".ready"
    if not ready.exists():
        # Left over from a run that was interrupted.
        shutil.rmtree(folder, ignore_errors=True)
        venv.create(folder, with_pip=True)
        pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        made = subprocess.run(
            [*pip, "--requirement", str(pins)], capture_output=True, text=True, check=False, timeout=600
        )
        assert made.returncode == 0, f"{name} cannot be installed:\n{made.stderr}"
        ready.touch()
    return folder / "bin"


def run(*command: str | Path, home: Path, seconds: float = 60, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Runs a program to its end, with a home folder of its own and nothing of ours around it."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TMPDIR") if name in os.environ}
    own = {"HOME": str(home), "XDG_CONFIG_HOME": str(home / "config"), "XDG_CACHE_HOME": str(home / "cache")}
    return subprocess.run(
        [str(word) for word in command],
        env={**kept, **own, "NO_PROXY": "127.0.0.1", **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds,
    )
