"""`make run`, over a small folder."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def demo(data_dir: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("TASKWARD_")}
    command = [sys.executable, "-m", "taskward.demo", "--once", "--data-dir", str(data_dir), "--folder", str(folder)]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=60, cwd=ROOT, env=environ)


def test_it_shows_the_operation_and_ends_as_it_does(tmp_path: Path) -> None:
    folder = tmp_path / "docs"
    (folder / "how-to").mkdir(parents=True)
    (folder / "how-to" / "a.md").write_text("a")
    first = demo(tmp_path / "data", folder)
    assert first.returncode == 0, first
    assert re.search(r"Taskward is at http://127\.0\.0\.1:\d+\n", first.stdout)
    assert "admin-token" in first.stdout
    assert "completed    how-to" in first.stderr
    assert "✔ completed docs #1 in" in first.stdout
    (folder / "how-to" / "b.md").write_text("b")
    second = demo(tmp_path / "data", folder)
    assert "added: how-to/b.md" in second.stdout
    assert not (tmp_path / "data" / "server.json").exists(), "the server has ended"


def test_it_ends_with_123_when_the_operation_fails(tmp_path: Path) -> None:
    ran = demo(tmp_path / "data", tmp_path / "nowhere")
    assert ran.returncode == 123, ran
    assert "is no folder" in ran.stdout


def test_it_says_why_the_server_did_not_start(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    (data_dir / "taskward.db").write_bytes(os.urandom(4096))
    ran = demo(data_dir, tmp_path)
    assert ran.returncode == 1, ran
    assert "the server did not start" in ran.stderr
    assert "file is not a database" in ran.stderr
