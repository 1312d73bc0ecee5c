"""What the kinds of step do: programs, requests, waits, calls."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from taskward.auth import HOUSE
from taskward.model.states import State
from tests.workflows import JobHouse, result


@asynccontextmanager
async def http_server(*answers: bytes) -> AsyncIterator[tuple[str, list[bytes]]]:
    """Gives these answers in turn, the last one for ever; remembers the requests."""
    asked: list[bytes] = []
    left = list(answers)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            (int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0
        )
        asked.append(head + await reader.readexactly(length))
        writer.write(left.pop(0) if len(left) > 1 else left[0])
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", asked


def answer(status: str, body: bytes = b"") -> bytes:
    return b"HTTP/1.1 %s\r\nX-Place: 3\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (
        status.encode(),
        len(body),
        body,
    )


async def test_a_request_is_made_and_its_answer_seen(quick: JobHouse) -> None:
    quick.write(
        "ask",
        """
        parameters:
          url: {type: string, format: uri}
          token: {type: string}
        steps:
          ask:
            request:
              method: POST
              url: "{{ parameters.url }}/told?token={{ parameters.token }}"
              headers: {X-Count: "{{ 1 }}", X-Token: "{{ parameters.token }}"}
              json: {list: ["{{ parameters.url | length }}", null]}
              expect: [201]
            retries: {limit: 1, delay: 0}
            outputs: {id: "{{ (body | from_json).id }}", place: "{{ headers['x-place'] }}", status: "{{ status }}"}
        outputs: {seen: "{{ steps.ask.outputs }}"}
        """,
    )
    async with http_server(answer("503 Busy"), answer("201 Made", b'{"id": 7}')) as (url, asked):
        job = await quick.run("ask", url=url, token="hush-hush-1234")
        assert result(job)["outputs"]["seen"] == {"id": 7, "place": "3", "status": 201}
        assert len(asked) == 2
        head, body = asked[1].split(b"\r\n\r\n")
        assert head.startswith(b"POST /told?token=hush-hush-1234 HTTP/1.1\r\n")
        assert b"\r\nX-Count: 1\r\n" in head
        assert body == b'{"list":[%d,null]}' % len(url)
    lines = await quick.lines((await quick.children(job))["ask"])
    assert lines[-1] == f"POST {url}/told?token=****1234 answered 201"
    assert not any("hush" in line for line in lines)


async def test_a_request_that_is_answered_otherwise_fails(quick: JobHouse) -> None:
    quick.write(
        "ask", 'parameters: {url: {type: string}}\nsteps: {ask: {request: {url: "{{ parameters.url }}"}, retries: 0}}'
    )
    async with http_server(answer("404 Nothing")) as (url, _):
        job = await quick.run("ask", url=url)
    assert job.error is not None
    assert f"GET {url} answered 404 where 200 to 299 was expected" in job.error.message
    closed = await quick.run("ask", url=url)
    assert closed.error is not None
    assert "OutboundFailed" in closed.error.message


async def test_a_wait_occupies_nobody_and_is_seen_with_its_time(quick: JobHouse) -> None:
    quick.write("rest", "parameters: {long: {type: string}}\nsteps: {rest: {wait: {for: '{{ parameters.long }}'}}}")
    job = await quick.submit("rest", long="1h")
    rest = await quick.wait_for_child(job, "rest", State.SCHEDULED)
    assert rest.run_at is not None
    assert timedelta(minutes=59) < rest.run_at - rest.created_at <= timedelta(hours=1)
    await quick.service.tasks.cancel(HOUSE, job.id, "")
    assert (await quick.run("rest", long="0.1s")).state is State.COMPLETED
    quick.write("till", "steps: {till: {wait: {until: '{{ null }}'}}, past: {wait: {until: '2020-01-01T00:00:00Z'}}}")
    assert (await quick.run("till")).state is State.COMPLETED


async def test_a_workflow_calls_another(quick: JobHouse) -> None:
    quick.write(
        "inner", "parameters: {n: {type: integer}}\nsteps: {one: {run: [echo]}}\noutputs: {n: '{{ parameters.n }}'}"
    )
    quick.write(
        "outer",
        """
        steps:
          inner:
            for_each: "[1, 2]"
            call: {operation: workflow.run, arguments: {workflow: inner, parameters: {n: "{{ item }}"}}}
            outputs: {n: "{{ result.outputs.n }}", place: "{{ index }}"}
        outputs: {all: "{{ steps.inner.outputs }}"}
        """,
    )
    assert result(await quick.run("outer"))["outputs"]["all"] == {"n": [1, 2], "place": [0, 1]}


async def test_a_called_workflow_that_fails_is_not_repeated_unless_its_step_says_so(quick: JobHouse) -> None:
    quick.write("inner", "steps: {bad: {run: [sh, -c, 'echo x >> marks; false'], retries: 0}}")
    call = "call: {operation: workflow.run, arguments: {workflow: inner}}"
    for outer, retries, runs in (("once", "", 1), ("twice", ", retries: {limit: 1, delay: 0}", 2)):
        (quick.root / "marks").write_text("")
        quick.write(outer, f"steps: {{inner: {{{call}{retries}}}}}")
        job = await quick.run(outer)
        assert job.error is not None
        assert "step bad failed: bad (task " in job.error.message
        assert (quick.root / "marks").read_text().count("x") == runs


async def test_a_program_gets_its_arguments_variables_input_and_folder(
    quick: JobHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TASKWARD_SERVER__DATABASE", "postgresql://u:secret@h/d")
    (quick.root / "below").mkdir()
    quick.write(
        "all",
        """
        parameters: {words: {type: array}}
        steps:
          all:
            run:
              command:
                - sh
                - -c
                - 'cat; echo "$# $1 $2|$3"; echo "$MINE ${TASKWARD_SERVER__DATABASE:-hidden}"; pwd; exit 3'
                - "{{ parameters.words }}"
                - "{{ null }}"
                - "$(touch nothing); {{ parameters.words | length }}"
                - 2.5
              environment: {MINE: "{{ job.workflow }}-1"}
              stdin: "read {{ parameters.words | first }}\\n"
              folder: below
              exit_codes: [0, 3]
            outputs: {lines: "{{ stdout | lines }}", code: "{{ exit_code }}"}
        outputs: {it: "{{ steps.all.outputs }}"}
        """,
    )
    it = result(await quick.run("all", words=["zero", "a b", "'c'"]))["outputs"]["it"]
    assert it == {
        "code": 3,
        "lines": ["read zero", "4 a b 'c'|$(touch nothing); 3", "all-1 hidden", str(quick.root / "below")],
    }


async def test_whatever_a_program_writes_its_log_is_lines_of_bounded_length_and_number(quick: JobHouse) -> None:
    program = (
        r"import sys; w = sys.stdout.buffer.write; w(b'one\r\ntwo\rthree\n\n  \n'); w(b'x' * 9000 + b'\n');"
        r" w(b'\xff\0end'); sys.stdout.flush(); print('more\n' * 12000, file=sys.stderr)"
    )
    quick.write("noise", f"steps:\n  noise:\n    run:\n      - python3\n      - -c\n      - {program!r}\n")
    job = await quick.run("noise")
    assert job.state is State.COMPLETED, job.error
    noise = (await quick.children(job))["noise"]
    lines: list[str] = []
    after = 0
    while page := await quick.store.journal.logs(noise.id, after=after, limit=5000):
        lines += [line.message for line in page]
        after = page[-1].seq
    out = [line for line in lines[1:] if "more" not in line]
    assert out == ["one", "two", "three", "x" * 4000, "x" * 4000, "x" * 1000, "\N{REPLACEMENT CHARACTER}" * 2 + "end"]
    assert lines.count("more") == 10_000
    assert lines[-1] == "... and 2000 more lines, which are not kept"


async def test_a_program_tells_how_far_it_is_by_its_output(quick: JobHouse) -> None:
    quick.write(
        "far",
        """
        parameters: {frames: {type: integer}}
        steps:
          far:
            run:
              command: [printf, 'begin\\nframe=10\\rframe=30 time=00:01\\nframe=x\\nend\\n']
              progress: {pattern: 'frame=(?P<done>\\S+)', total: "{{ parameters.frames }}", unit: frames}
        """,
    )
    job = await quick.run("far", frames=40)
    far = (await quick.children(job))["far"]
    assert (far.progress.done, far.progress.total, far.progress.unit) == (30, 40, "frames")
    assert (await quick.lines(far))[1:] == ["begin", "frame=x", "end"]


async def test_a_paused_job_begins_no_step_until_it_is_resumed(jobs: JobHouse) -> None:
    jobs.write(
        "stops",
        """
        steps:
          first: {run: [sh, -c, 'until test -e go; do sleep 0.05; done; echo first >> marks']}
          second: {needs: [first], run: [sh, -c, 'echo second >> marks']}
        """,
    )
    job = await jobs.submit("stops")
    first = await jobs.wait_for_child(job, "first")
    await jobs.service.tasks.pause(HOUSE, job.id)
    (jobs.root / "go").touch()
    paused = await jobs.wait_for(job, lambda now: now.state is State.PAUSED)
    assert (await jobs.ended(first)).state is State.COMPLETED
    assert set(await jobs.children(paused)) == {"first"}
    await jobs.service.tasks.resume(HOUSE, job.id)
    assert (await jobs.ended(job)).state is State.COMPLETED
    assert (jobs.root / "marks").read_text().split() == ["first", "second"]
