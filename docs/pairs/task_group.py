# SPDX-License-Identifier: MIT
# Tasks that belong together: when some fail, the others are
# cancelled, and no error is lost.
import asyncio


class NoSuchPage(Exception):
    pass


async def length(page):
    if page.startswith("no"):
        raise NoSuchPage(page)
    await asyncio.sleep(0.01)
    return len(page)


async def watch(page):
    try:
        await asyncio.sleep(3600)
    except asyncio.CancelledError:
        print(f"no longer watching {page}")
        raise


async def main():
    async with asyncio.TaskGroup() as group:
        users = group.create_task(length("users"))
        posts = group.create_task(length("posts"))
    print(f"{users.result() + posts.result()} bytes")

    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(watch("users"))
            group.create_task(length("nowhere"))
            group.create_task(length("nothing"))
    except* NoSuchPage as errors:
        print(errors)
        for error in errors.exceptions:
            print(f"- {type(error).__name__}: {error}")


asyncio.run(main())
