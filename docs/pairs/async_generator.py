# SPDX-License-Identifier: MIT
# Values one at a time, with awaits between them: a generator,
# an iterator, and a generator that is closed midway.
import asyncio
import contextlib


async def readings(sensor):
    try:
        for degrees in (20, 21, 23, 28):
            await asyncio.sleep(0.001)
            yield degrees
    finally:
        await asyncio.sleep(0.001)
        print(f"{sensor} is off")


class Countdown:
    def __init__(self, start):
        self.left = start

    def __aiter__(self):
        return self

    async def __anext__(self):
        if self.left == 0:
            raise StopAsyncIteration
        await asyncio.sleep(0.001)
        self.left -= 1
        return self.left + 1


async def main():
    async for number in Countdown(3):
        print(number)

    async for degrees in readings("cellar"):
        print(f"cellar: {degrees}")

    async with contextlib.aclosing(readings("attic")) as attic:
        async for degrees in attic:
            print(f"attic: {degrees}")
            if degrees > 20:
                print("too warm")
                break


asyncio.run(main())
