"""The workflows that come with Taskward, with the real ffmpeg on real files."""

import re
import subprocess
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import imageio_ffmpeg  # type: ignore[import-untyped]
import pytest

from taskward.auth import HOUSE
from taskward.model.errors import Invalid
from taskward.model.states import State
from taskward.store import SqliteStore
from taskward.wire import WorkflowRun
from tests.workflows import JobHouse, job_house, result

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
RATE = 10


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six seconds of picture and sound, with a key frame each second."""
    path = tmp_path_factory.mktemp("recording") / "recording.mp4"
    picture = ["-f", "lavfi", "-i", f"testsrc=duration=6:size=160x120:rate={RATE}"]
    sound = ["-f", "lavfi", "-i", "sine=duration=6"]
    coded = ["-c:v", "libx264", "-preset", "ultrafast", "-g", str(RATE), "-pix_fmt", "yuv420p", "-c:a", "aac"]
    subprocess.run([FFMPEG, "-v", "error", *picture, *sound, *coded, str(path)], check=True)
    return path


@pytest.fixture
async def media(tmp_path: Path, recording: Path) -> AsyncIterator[JobHouse]:
    """A house whose files are a recording, under its name in the folder `in`."""
    async with job_house(lambda notifier: SqliteStore(":memory:", notifier), tmp_path) as house:
        house.programs["ffmpeg"] = FFMPEG
        (house.root / "in").mkdir()
        (house.root / "in" / "recording.mp4").hardlink_to(recording)
        yield house


def frames_of(path: Path) -> int:
    """How many pictures a video has, counted by decoding it."""
    said = subprocess.run(
        [FFMPEG, "-nostdin", "-i", str(path), "-map", "0:v", "-f", "null", "-"],
        capture_output=True,
        text=True,
        check=True,
    ).stderr
    return int(re.findall(r"frame=\s*(\d+)", said)[-1])


def seconds_of(path: Path) -> float:
    """How long a video says it is."""
    said = subprocess.run([FFMPEG, "-i", str(path)], capture_output=True, text=True, check=False).stderr
    [(hours, minutes, seconds)] = re.findall(r"Duration: (\d+):(\d+):([\d.]+)", said)
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


async def test_vodcapture_cuts_clips_and_joins_them(media: JobHouse) -> None:
    job = await media.run(
        "vodcapture",
        content_id="best-of",
        output_folder="out",
        clips=[
            {"source": "in/recording.mp4", "start": 1, "end": 2.5},
            {
                "source": "in/recording.mp4",
                "start": "2026-01-01T12:00:04Z",
                "end": "2026-01-01T12:00:05Z",
                "source_start": "2026-01-01T12:00:00",
            },
        ],
    )
    video = media.root / "out" / "best-of.mp4"
    assert result(job) == {"outputs": {}, "files": [str(video)], "message": "2 clips joined"}
    assert frames_of(video) == 25
    assert seconds_of(video) == pytest.approx(2.5, abs=0.15)
    assert [path.name for path in (media.root / "out").iterdir()] == ["best-of.mp4"]
    first = (await media.children(job))["cut[0]"]
    assert (first.progress.total, first.progress.unit) == (1.5, "seconds")
    assert first.progress.done == pytest.approx(1.5, abs=0.15)
    assert set(await media.children(job)) == {"prepare", "cut[0]", "cut[1]", "join", "clean"}


async def test_vodcapture_of_what_is_no_video_fails_with_its_words_and_leaves_nothing_behind(media: JobHouse) -> None:
    (media.root / "in" / "noise.mp4").write_bytes(b"no video at all")
    await media.store.registry.set_setting("", "retry_limit", "0", media.clock.now())
    clips = [{"source": "in/noise.mp4", "start": 0, "end": 1}]
    job = await media.run("vodcapture", content_id="x", output_folder="out", clips=clips)
    assert job.state is State.FAILED
    assert job.error is not None
    assert "step cut failed" in job.error.message
    assert "ffmpeg ended with exit code" in job.error.message
    assert list((media.root / "out").iterdir()) == []
    assert (await media.children(job))["clean_up"].state is State.COMPLETED


async def test_vodcapture_waits_for_the_end_of_its_last_clip(media: JobHouse) -> None:
    now = datetime.now(UTC)
    ends = now + timedelta(hours=2)
    clip = {
        "source": "in/recording.mp4",
        "start": now.isoformat(),
        "end": ends.isoformat(),
        "source_start": now.isoformat(),
    }
    parameters: dict[str, Any] = {"content_id": "x", "output_folder": "out", "clips": [clip]}
    assert (await media.submit("vodcapture", **parameters)).run_at == pytest.approx(ends, abs=timedelta(milliseconds=1))

    async def at(wanted: datetime | None, **more: object) -> datetime | None:
        order = WorkflowRun(parameters={**parameters, **more}, run_at=wanted)
        return (await media.service.workflows.submit(HOUSE, "vodcapture", order)).run_at

    later, sooner = now + timedelta(hours=3), now + timedelta(hours=1)
    assert await at(later) == later
    assert await at(sooner) == pytest.approx(ends, abs=timedelta(milliseconds=1))
    share = now + timedelta(hours=2) * 0.8
    assert await at(None, continuous_capture=True) == pytest.approx(share, abs=timedelta(milliseconds=1))
    assert await at(sooner, continuous_capture=True) == sooner
    short = {**clip, "start": (ends - timedelta(seconds=59)).isoformat()}
    assert await at(None, continuous_capture=True, clips=[short]) is None


async def test_createmp4_joins_the_videos_of_a_folder_without_coding_them_again(media: JobHouse) -> None:
    source = media.root / "in" / "recording.mp4"
    (media.root / "in" / "recording 2.mp4").hardlink_to(source)
    (media.root / "in" / "notes.txt").write_text("no video")
    job = await media.run("createmp4", content_id="film", source_folder="in")
    video = media.root / "in" / "film.mp4"
    assert result(job)["files"] == [str(video)]
    assert frames_of(video) == 2 * frames_of(source)
    # A second time, what was made is no source.
    assert (
        frames_of(Path(result(await media.run("createmp4", content_id="film", source_folder="in"))["files"][0])) == 120
    )


async def test_createmp4_of_a_folder_without_a_video_says_so(media: JobHouse) -> None:
    (media.root / "empty").mkdir()
    job = await media.run("createmp4", content_id="film", source_folder="empty")
    assert job.error is not None
    assert "the source folder has no video" in job.error.message


async def test_build_thumbnails_takes_pictures_at_equal_distances(media: JobHouse) -> None:
    job = await media.run(
        "build_thumbnails",
        content_id="film",
        source="in/recording.mp4",
        output_folder="out/pictures",
        interval=2,
        width=80,
    )
    files = [Path(name) for name in result(job)["files"]]
    assert [path.name for path in files] == ["film-00001.jpg", "film-00002.jpg", "film-00003.jpg"]
    assert all(path.read_bytes().startswith(b"\xff\xd8\xff") for path in files)


async def test_asset_delete_deletes_files_and_nothing_outside_the_root(media: JobHouse, tmp_path: Path) -> None:
    doomed, kept = media.root / "-rf", media.root / "kept"
    for path in (doomed, kept, tmp_path / "outside"):
        path.write_text("x")
    await media.store.registry.set_setting("", "retry_limit", "0", media.clock.now())
    assert (await media.run("asset_delete", content_id="c", files=["-rf", "not-there"])).state is State.COMPLETED
    assert not doomed.exists()
    (media.root / "door").symlink_to(tmp_path)
    for named in ("../outside", "door/outside", str(tmp_path / "outside"), "/etc/passwd", "in/../../outside"):
        with pytest.raises(Invalid, match="must be a path inside") as refused:
            await media.submit("asset_delete", content_id="c", files=["kept", named])
        assert refused.value.field == "/parameters/files/1"
    assert (await media.run("asset_delete", content_id="c", files=["in"])).state is State.FAILED
    assert kept.exists()
    assert (tmp_path / "outside").exists()
