# SPDX-License-Identifier: MIT
# httpx's asynchronous client: two requests at once, an error, and one
# answer piece by piece.
import asyncio
import sys

import httpx


async def main(site):
    async with httpx.AsyncClient(base_url=site, timeout=30) as client:
        users, posts = await asyncio.gather(
            client.get("/users"), client.get("/posts"))
        print(len(users.json()), len(posts.json()))

        missing = await client.get("/missing")
        print(missing.status_code, missing.reason_phrase)
        try:
            missing.raise_for_status()
        except httpx.HTTPStatusError as error:
            print(f"error {error.response.status_code}")

        size = 0
        async with client.stream("GET", "/posts") as response:
            async for piece in response.aiter_bytes():
                size += len(piece)
        print(f"{size} bytes, piece by piece")


asyncio.run(main(sys.argv[1]))
