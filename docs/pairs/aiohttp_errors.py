# SPDX-License-Identifier: MIT
# What can go wrong with a request, told apart.
import asyncio
import sys

import aiohttp


async def count(session, url, seconds):
    try:
        limit = aiohttp.ClientTimeout(total=seconds)
        async with session.get(url, timeout=limit) as response:
            response.raise_for_status()
            return f"{len(await response.json())} items"
    except aiohttp.ContentTypeError:
        return "no JSON"
    except aiohttp.ClientResponseError as error:
        return f"status {error.status}"
    except asyncio.TimeoutError:
        return "no answer in time"
    except aiohttp.ClientConnectionError:
        return "no connection"


async def main(site):
    async with aiohttp.ClientSession() as session:
        print(await count(session, site + "/users", 30))
        print(await count(session, site + "/text", 30))
        print(await count(session, site + "/missing", 30))
        print(await count(session, site + "/status/500", 30))
        print(await count(session, site + "/delay/30", 0.1))
        print(await count(session, "http://127.0.0.1:1/", 30))
        try:
            await count(session, "http://127.0.0.1:port/", 30)
        except aiohttp.InvalidURL:
            print("no URL")


asyncio.run(main(sys.argv[1]))
