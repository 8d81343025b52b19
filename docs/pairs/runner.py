# SPDX-License-Identifier: MIT
# Coroutines called from ordinary code: once, and several times on one
# loop.
import asyncio


async def length(page):
    await asyncio.sleep(0.001)
    if page == "news":
        raise ValueError("no news today")
    return len(page)


async def add_up(pages):
    lengths = [length(page) for page in pages]
    return sum(await asyncio.gather(*lengths))


def total(pages):  # an ordinary function
    return asyncio.run(add_up(pages))


class Store:  # an ordinary class around a loop
    def __init__(self):
        self.runner = asyncio.Runner()
        self.events = asyncio.Queue()

    def add(self, page):
        async def work():
            await self.events.put(f"{page}: {await length(page)}")

        self.runner.run(work())

    def take(self):
        return self.runner.run(self.events.get())

    def close(self):
        self.runner.close()


print(f"{total(['users', 'posts'])} bytes")
try:
    total(["users", "news"])
except ValueError as error:
    print(error)

store = Store()
store.add("comments")
store.add("albums")
print(store.take())
print(store.take())
store.close()
