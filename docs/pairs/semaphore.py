# SPDX-License-Identifier: MIT
# Ten guests, of whom three are cooked for at a time; a lock around
# what must not be interrupted.
import asyncio


class Kitchen:
    def __init__(self):
        self.stoves = asyncio.Semaphore(3)
        self.till = asyncio.Lock()
        self.cooking = 0
        self.most = 0
        self.money = 0

    async def serve(self, guest):
        async with self.stoves:
            self.cooking += 1
            self.most = max(self.most, self.cooking)
            await asyncio.sleep(0.001)
            self.cooking -= 1
        async with self.till:
            money = self.money
            await asyncio.sleep(0)
            self.money = money + 10
        return f"dish {guest}"


async def main():
    kitchen = Kitchen()
    dishes = await asyncio.gather(
        *[kitchen.serve(guest) for guest in range(10)])
    print(f"{len(dishes)} dishes, from {dishes[0]} to {dishes[-1]}")
    print(f"at most {kitchen.most} at a time")
    print(f"{kitchen.money} in the till")


asyncio.run(main())
