#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""D13 with aiohttp: the same crawl of the same server."""
import asyncio
import resource
import sys
import time

import aiohttp

COUNT, AT_A_TIME = 5000, 100


async def worker(session, urls, sizes):
    for url in urls:  # all workers take from one iterator
        async with session.get(url) as response:
            response.raise_for_status()
            sizes.append(len(await response.read()))


async def main(server):
    urls = iter([f"/posts/{1 + i % 100}?visit={i}" for i in range(COUNT)])
    sizes = []
    async with aiohttp.ClientSession(server, connector=aiohttp.TCPConnector(limit=AT_A_TIME)) as session:
        start, processor = time.monotonic(), time.process_time()
        await asyncio.gather(*(worker(session, urls, sizes) for _ in range(AT_A_TIME)))
        seconds, busy = time.monotonic() - start, time.process_time() - processor
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    print(f"aiohttp: {len(sizes)} pages, {sum(sizes)} bytes, {COUNT / seconds:.0f} requests a second, "
          f"{busy * 1e6 / COUNT:.0f} us of processor each, {peak:.1f} MB at most")


asyncio.run(main(sys.argv[1]))
