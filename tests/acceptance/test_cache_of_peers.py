"""What real peers keep: processes on loopback, fetched through, searched, cleared, searched again."""

from pathlib import Path
from typing import Any

import httpx2

from taskward.modules.cache.identity import task_id
from tests.origins import MIB, running_origin, some_bytes
from tests.peers import download_network
from tests.serving import running_server


def result(api: httpx2.Client, operation: str, **args: Any) -> Any:
    answer = api.post("/v1/tasks", json={"operation": operation, "args": args}, headers={"Prefer": "wait=30"}).json()
    assert answer["state"] == "completed", answer
    return answer["result"]


def holders(found: Any) -> dict[str, str]:
    """Each host that keeps something, and how whole its first copy is."""
    return {
        holder["host"]["hostname"]: holder["copies"][0]["state"]
        for cluster in found["clusters"]
        for holder in cluster["holders"]
    }


def test_what_peers_keep_is_found_listed_cleared_and_fetched_again(tmp_path: Path) -> None:
    with running_origin() as origin, download_network(tmp_path) as network:
        network.scheduler()
        network.seed()
        peers = [network.peer(f"peer{number}") for number in range(2)]
        flags = {"cache.clusters": [{"id": 4, "name": "loopback", "schedulers": [network.scheduler_address]}]}
        with running_server(tmp_path / "data", flags=flags) as server, server.client() as api:
            url = origin.page("/file", some_bytes(5 * MIB))
            for peer in peers:
                code, said = network.fetched(url, tmp_path / "got", peer, "--tag", "t")
                assert code == 0, said
            what = {"url": url, "tag": "t"}
            found = result(api, "cache.search", what=what)
            assert holders(found) == dict.fromkeys(["peer0", "peer1", "seed"], "finished")
            [copy] = found["clusters"][0]["holders"][0]["copies"]
            assert (copy["task_id"], copy["content_length"]) == (task_id(url, tag="t"), 5 * MIB)
            assert holders(result(api, "cache.list")) == holders(found)
            assert holders(result(api, "cache.search", what={"url": url})) == {}

            peers[1].kill()
            job = api.post("/oapi/v1/jobs", json={"type": "delete_task", "args": what}).json()
            job = api.get(f"/oapi/v1/jobs/{job['id']}").json()
            assert job["state"] == "SUCCESS", job
            [cleared] = job["result"]["job_states"][0]["results"]
            assert [one["hostname"] for one in cleared["success_tasks"]] == ["peer0", "seed"]
            # Its scheduler may have missed it already, and then nobody asks it.
            assert {one["hostname"] for one in cleared["failure_tasks"]} <= {"peer1"}
            assert holders(result(api, "cache.search", what=what)) == {}

            warmed = result(api, "cache.preheat", what={"urls": [url], "tag": "t"})
            assert [one["host"]["hostname"] for one in warmed["clusters"][0]["warmed"]] == ["seed"]
            assert holders(result(api, "cache.search", what=what)) == {"seed": "finished"}
