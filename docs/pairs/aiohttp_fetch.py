# SPDX-License-Identifier: MIT
# Several pages over one session, no more than two at a time.
import asyncio
import sys

import aiohttp


async def fetch(session, limit, path):
    async with limit:
        async with session.get(path) as response:
            text = await response.text()
            return response.status, len(text)


async def main(site):
    paths = ["/users", "/posts", "/text", "/missing"]
    limit = asyncio.Semaphore(2)
    async with aiohttp.ClientSession(site) as session:
        answers = await asyncio.gather(
            *[fetch(session, limit, path) for path in paths])
    for path, (status, size) in zip(paths, answers):
        print(f"{path}: {status}, {size} bytes")


asyncio.run(main(sys.argv[1]))
