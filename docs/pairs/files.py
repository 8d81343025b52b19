# SPDX-License-Identifier: MIT
# Files written, read line by line, and changed, without blocking the loop.
import asyncio

import aiofiles
import aiofiles.os


async def main():
    async with aiofiles.open("diary.txt", "w") as diary:
        await diary.write("Monday: rain\n")
        await diary.write("Tuesday: sun\n")

    async with aiofiles.open("diary.txt") as diary:
        number = 0
        async for line in diary:
            number += 1
            print(f"{number}: {line}", end="")

    async with aiofiles.open("diary.txt", "r+b") as diary:
        monday = await diary.readline()
        await diary.seek(8)  # after "Monday: "
        await diary.write(b"wind")
        await diary.seek(0)
        print(len(monday), "bytes, now", (await diary.read(12)).decode())

    size = await aiofiles.os.path.getsize("diary.txt")
    print(f"{size} bytes in all")
    await aiofiles.os.remove("diary.txt")
    try:
        await aiofiles.open("diary.txt")
    except FileNotFoundError as error:
        print(f"there is no {error.filename}")


asyncio.run(main())
