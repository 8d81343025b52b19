# SPDX-License-Identifier: MIT
# Functions that block, on threads, while the loop goes on.
import asyncio
import time
from concurrent.futures import ThreadPoolExecutor


# An ordinary function that blocks its thread.
def look_up(name):
    time.sleep(0.02)
    if not name:
        raise ValueError("nobody has no name")
    return f"number of {name}"


class Clock:
    ticks = 0


async def tick(clock):
    while True:
        clock.ticks += 1
        await asyncio.sleep(0.001)


async def main():
    clock = Clock()
    ticker = asyncio.create_task(tick(clock))
    anna = await asyncio.to_thread(look_up, "Anna")
    print(anna)
    print("it ticked on" if clock.ticks > 1 else "it stood still")
    ticker.cancel()

    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(max_workers=2) as pool:
        # These begin now.
        bert = loop.run_in_executor(pool, look_up, "Bert")
        carla = loop.run_in_executor(pool, look_up, "Carla")
        print(await bert, "and", await carla)

    try:
        await loop.run_in_executor(None, look_up, "")
    except ValueError as error:
        print(error)


asyncio.run(main())
