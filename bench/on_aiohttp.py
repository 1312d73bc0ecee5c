"""aiohttp as a contestant of `transfer.py`: `seed FILE` (prints its port) or `get URL FILE` (prints a JSON object).

Ranges of a piece's length over four connections, written, and not compared with anything.
"""

import asyncio
import json
import os
import sys
import time

import aiohttp
from aiohttp import web

PIECE_BYTES = 4 * 1024 * 1024
_CONNECTIONS = 4


async def seed(file: str) -> None:
    """Sends until it is killed."""

    async def send(_: web.Request) -> web.FileResponse:
        return web.FileResponse(file, chunk_size=1024 * 1024)

    app = web.Application()
    app.router.add_get("/", send)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


async def get(url: str, file: str) -> None:
    """Receives and writes."""
    loop = asyncio.get_running_loop()
    async with aiohttp.ClientSession(auto_decompress=False, read_bufsize=2 * 1024 * 1024) as session:
        async with session.head(url) as head:
            length = int(head.headers["Content-Length"])
        target = os.open(file, os.O_CREAT | os.O_RDWR)
        os.posix_fallocate(target, 0, length)
        offsets = iter(range(0, length, PIECE_BYTES))

        async def work() -> None:
            for offset in offsets:
                asked = {"Range": f"bytes={offset}-{min(offset + PIECE_BYTES, length) - 1}"}
                async with session.get(url, headers=asked) as answer:
                    await loop.run_in_executor(None, os.pwrite, target, await answer.read(), offset)

        begun = time.perf_counter()
        await asyncio.gather(*(work() for _ in range(_CONNECTIONS)))
        print(json.dumps({"seconds": time.perf_counter() - begun}))


if __name__ == "__main__":
    asyncio.run({"seed": seed, "get": get}[sys.argv[1]](*sys.argv[2:]))
