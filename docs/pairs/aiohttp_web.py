# SPDX-License-Identifier: MIT
# A web application with routes, JSON and errors, and a client that asks it.
import asyncio

import aiohttp
from aiohttp import web

shelf = {1: "tea", 2: "cake"}


async def hello(request):
    name = request.query.get("name", "world")
    return web.Response(text=f"Hello, {name}!")


async def get_item(request):
    number = int(request.match_info["id"])
    if number not in shelf:
        return web.json_response({"error": "sold out"}, status=404)
    return web.json_response({"id": number, "name": shelf[number]})


async def add_item(request):
    item = await request.json()
    number = len(shelf) + 1
    shelf[number] = item["name"]
    return web.json_response(
        {"id": number}, status=201,
        headers={"Location": f"/items/{number}"})


def make_app():
    app = web.Application()
    app.router.add_get("/hello", hello)
    app.router.add_get("/items/{id}", get_item)
    app.router.add_post("/items", add_item)
    return app


async def ask(session):
    for path in ("/hello", "/hello?name=Ada"):
        async with session.get(path) as response:
            print(await response.text())
    async with session.post("/items", json={"name": "jam"}) as response:
        place = response.headers["Location"]
        print(response.status, place)
    for path in (place, "/items/9"):
        async with session.get(path) as response:
            item = await response.json()
            print(response.status, item.get("name", item.get("error")))
    for path in ("/nowhere", "/items"):
        async with session.get(path) as response:
            print(response.status, response.reason)


async def main():
    runner = web.AppRunner(make_app())
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    site = f"http://127.0.0.1:{port}"
    async with aiohttp.ClientSession(site) as session:
        await ask(session)
    await runner.cleanup()


asyncio.run(main())
