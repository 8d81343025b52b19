# SPDX-License-Identifier: MIT
# Asynchronous context managers: one that gives a result, one that
# swallows an error, and a number known only at run time.
import asyncio
import contextlib


class Refused(Exception):
    pass


class Door:
    def __init__(self, name):
        self.name = name

    async def __aenter__(self):
        await asyncio.sleep(0.001)
        print(f"{self.name} opens")
        return self

    async def __aexit__(self, kind, error, trace):
        await asyncio.sleep(0.001)
        print(f"{self.name} closes")
        return isinstance(error, Refused)  # true: it is dealt with

    async def ask(self, what):
        if what not in ("tea", "cake"):
            raise Refused(what)
        return f"{what} at the {self.name}"


async def main():
    async with Door("front") as front:
        print(await front.ask("tea"))

    async with Door("back") as back:
        print(await back.ask("gold"))

    async with contextlib.AsyncExitStack() as stack:
        stack.callback(print, "all is quiet")
        for name in ("left", "right"):
            door = await stack.enter_async_context(Door(name))
            print(await door.ask("cake"))


asyncio.run(main())
