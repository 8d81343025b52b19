# SPDX-License-Identifier: MIT
# Time limits: of one call, of a block, and work that goes on all the same.
import asyncio


async def answer(question, takes):
    await asyncio.sleep(takes)
    return f"{question}: 42"


async def main():
    try:
        await asyncio.wait_for(answer("why", 3600), timeout=0.01)
    except TimeoutError:
        print("no answer in time")

    try:
        async with asyncio.timeout(5) as limit:
            print(await answer("first", 0.01))
            loop = asyncio.get_running_loop()
            limit.reschedule(loop.time() + 0.01)
            print(await answer("second", 3600))
    except TimeoutError:
        print("no second answer" if limit.expired() else "?")

    saving = asyncio.create_task(answer("saved", 0.05))
    try:
        await asyncio.wait_for(asyncio.shield(saving), timeout=0.001)
    except TimeoutError:
        print("still saving")
    print(await saving)


asyncio.run(main())
