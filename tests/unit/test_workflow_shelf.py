"""The shelf: which of several files counts."""

from pathlib import Path

import pytest

from taskward.model.errors import NotFound
from taskward.modules.workflow import Shelf


def write(folder: Path, name: str, text: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.yaml").write_text(f"description: {text}\nsteps: {{a: {{run: [x]}}}}")


async def found(shelf: Shelf, client: str, name: str) -> str:
    return (await shelf.find(client, name)).workflow.description


async def test_of_several_folders_the_first_counts_and_a_clients_own_before_all_common_ones(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    shelf = Shelf([one, two], tmp_path)
    write(two, "film", "two")
    assert await found(shelf, "ann", "film") == "two"
    write(one, "film", "one")
    assert await found(shelf, "ann", "film") == "one"
    write(two / "clients" / "ann", "film", "two for ann")
    assert await found(shelf, "ann", "film") == "two for ann"
    assert await found(shelf, "bob", "film") == "one"
    write(two, "extra", "extra")
    assert [each.name for each in await shelf.all("ann")] == ["extra", "film"]
    assert [each.client for each in await shelf.all("ann")] == ["", "ann"]


async def test_a_file_is_looked_at_again_whenever_it_has_changed(tmp_path: Path) -> None:
    shelf = Shelf([tmp_path], tmp_path)
    with pytest.raises(NotFound, match="there are none; see `serve --workflow-dir`"):
        await shelf.find("", "film")
    for text in ("first", "other", "third"):
        write(tmp_path, "film", text)
        assert await found(shelf, "", "film") == text
    (tmp_path / "film.yaml").write_text("steps: {}")
    assert await found(shelf, "", "film") == "third"
    (tmp_path / "film.yaml").unlink()
    with pytest.raises(NotFound):
        await shelf.find("", "film")


async def test_a_client_whose_name_is_a_path_has_the_common_ones(tmp_path: Path) -> None:
    shelf = Shelf([tmp_path / "flows"], tmp_path)
    write(tmp_path / "flows", "film", "common")
    write(tmp_path / "flows" / "clients" / "ann", "film", "ann")
    write(tmp_path, "film", "outside")
    for client in ("../..", "..", ".", "ann/", "./ann", "/"):
        assert await found(shelf, client, "film") == "common"
