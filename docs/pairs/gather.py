# SPDX-License-Identifier: MIT
# Several pages at once: errors kept in their places, then the first
# error thrown.
import asyncio


class NoSuchPage(Exception):
    pass


async def fetch(page):
    await asyncio.sleep(0.01)
    if page == "news":
        raise NoSuchPage(page)
    return f"<{page}>"


async def main():
    pages = ["users", "news", "posts"]
    results = await asyncio.gather(
        *[fetch(page) for page in pages], return_exceptions=True)
    for page, result in zip(pages, results):
        if isinstance(result, Exception):
            print(f"{page}: {type(result).__name__}: {result}")
        else:
            print(f"{page}: {result}")

    users, posts = await asyncio.gather(fetch("users"), fetch("posts"))
    print(users, posts)

    try:
        await asyncio.gather(fetch("users"), fetch("news"))
    except NoSuchPage as error:
        print(f"there is no page {error}")


asyncio.run(main())
