# SPDX-License-Identifier: MIT
"""Reading many small files with aiofiles on uvloop, 64 at a time."""
import asyncio
import sys
import time

import aiofiles
import uvloop


async def read_every_64th(folder, first, n):
    for i in range(first, n, 64):
        async with aiofiles.open(f"{folder}/{i}", "rb") as file:
            assert len(await file.read()) == 4096


async def main(folder, n):
    for count in [1000, n]:
        start = time.perf_counter()
        await asyncio.gather(*(read_every_64th(folder, first, count) for first in range(64)))
    print(f"us {(time.perf_counter() - start) / n * 1e6:.4f}")


uvloop.install()
asyncio.run(main(sys.argv[1], int(sys.argv[2])))
