# SPDX-License-Identifier: MIT
"""The HTTP client with `aiohttp` or `httpx`, on uvloop."""
import asyncio
import pathlib
import re
import resource
import sys
import time

import uvloop

KIND, PORT, COUNT, CONCURRENCY = sys.argv[1], *map(int, sys.argv[2:5])
URL = f"http://127.0.0.1:{PORT}/"
HEADERS = {"Accept": "*/*", "Accept-Encoding": "gzip, deflate", "User-Agent": "bench/1"}
seconds = []


def memory(label):
    return 1024 * int(re.search(rf"{label}:\s*(\d+)", pathlib.Path("/proc/self/status").read_text())[1])


def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def session():
    if KIND == "httpx":
        import httpx
        return httpx.AsyncClient(headers=HEADERS, timeout=300, limits=httpx.Limits(max_connections=None, max_keepalive_connections=None))
    import aiohttp
    return aiohttp.ClientSession(headers=HEADERS, connector=aiohttp.TCPConnector(limit=0))


async def fetch_one(client):
    begun = time.perf_counter()
    if KIND == "httpx":
        response = await client.get(URL)
        status, body = response.status_code, response.content
    else:
        async with client.get(URL) as response:
            status, body = response.status, await response.read()
    if status != 200 or len(body) != 13:
        sys.exit(f"status {status}, {len(body)} bytes")
    seconds.append(time.perf_counter() - begun)


async def fetch(client, count):
    async def often():
        nonlocal count
        while count > 0:
            count -= 1
            await fetch_one(client)

    await asyncio.gather(*(often() for _ in range(min(CONCURRENCY, count))))


async def main():
    async with session() as client:
        if COUNT > CONCURRENCY:
            await fetch(client, max(COUNT // 10, CONCURRENCY))
        seconds.clear()
        size, before = memory("VmRSS"), cpu()
        await fetch(client, COUNT)
        print("cpu_us", 1e6 * (cpu() - before) / COUNT)
        print("bytes", (memory("VmHWM") - size) / CONCURRENCY)
        seconds.sort()
        for percent in [50, 99]:
            print(f"p{percent}_us", 1e6 * seconds[(COUNT - 1) * percent // 100])


limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
uvloop.install()
asyncio.run(main())
