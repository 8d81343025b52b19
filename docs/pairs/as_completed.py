# SPDX-License-Identifier: MIT
# Results in the order in which they come, and the first of several.
import asyncio


async def fetch(page, takes):
    await asyncio.sleep(takes)
    if page == "news":
        raise ValueError("no news today")
    return page


async def main():
    pages = asyncio.as_completed([
        fetch("users", 0.03), fetch("news", 0.02), fetch("posts", 0.01)])
    for earliest in pages:
        try:
            print(await earliest)
        except ValueError as error:
            print(f"error: {error}")

    near = asyncio.create_task(fetch("near", 0.01))
    far = asyncio.create_task(fetch("far", 3600))
    done, pending = await asyncio.wait(
        [near, far], return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        print(f"the fastest: {task.result()}")
    for task in pending:
        task.cancel()
    await asyncio.wait(pending)
    print("far is cancelled" if far.cancelled() else "far goes on")


asyncio.run(main())
