# SPDX-License-Identifier: MIT
# Values that follow tasks: each request has its own, and no call
# passes it on.
import asyncio
import contextvars

request = contextvars.ContextVar("request", default="none")


def log(what):
    print(f"[{request.get()}] {what}")


async def handle(number):
    request.set(f"request {number}")
    log("begins")
    await asyncio.sleep(0)
    await asyncio.create_task(look_up())  # has a copy


async def look_up():
    log("looks something up")
    await asyncio.to_thread(log, "looks at the disk")
    request.set("changed")  # only here


async def main():
    await handle(1)  # inside this task: what it sets stays set
    log("comes back")
    token = request.set("main")
    for number in (2, 3):
        await asyncio.create_task(handle(number))
    log("has its own")
    request.reset(token)
    log("is as before")

    other = contextvars.copy_context()
    other.run(request.set, "elsewhere")
    print(f"{request.get()}, {other.get(request)}")


asyncio.run(main())
