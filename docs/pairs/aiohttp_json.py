# SPDX-License-Identifier: MIT
# JSON asked for and sent; parameters, headers, a form.
import asyncio
import sys

import aiohttp


async def main(site):
    headers = {"User-Agent": "pairs"}
    async with aiohttp.ClientSession(site, headers=headers) as session:
        async with session.get("/users") as response:
            users = await response.json()
        print(f"{len(users)} users, the last is {users[-1]['name']}")

        async with session.get(
                "/get", params={"q": "tea & cake", "page": "2"},
                headers={"Accept-Language": "la"}) as response:
            asked = await response.json()
        print(asked["args"]["q"], asked["args"]["page"])
        print(asked["headers"]["User-Agent"],
              asked["headers"]["Accept-Language"])

        async with session.post(
                "/post", json={"title": "news", "stars": 4}) as response:
            print(response.status, response.reason)
            answer = await response.json()
        print(answer["json"]["title"], answer["json"]["stars"] + 1)

        person = {"name": "Ada", "town": "London"}
        async with session.post("/post", data=person) as response:
            answer = await response.json()
        for name, value in answer["form"].items():
            print(f"{name} = {value}")


asyncio.run(main(sys.argv[1]))
