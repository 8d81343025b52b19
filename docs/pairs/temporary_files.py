# SPDX-License-Identifier: MIT
# Text files and their positions; files and folders that are gone at the end of their block.
import asyncio

import aiofiles
import aiofiles.os
from aiofiles import tempfile


async def in_a_folder():
    async with tempfile.TemporaryDirectory(prefix="job_") as folder:
        path = folder + "/cities.txt"
        async with aiofiles.open(path, "w", encoding="utf-8",
                                 newline="\r\n") as cities:
            print(await cities.write("Köln\n"), "characters")
            await cities.writelines(["Oslo\n", "Paris\n"])
        print(await aiofiles.os.path.getsize(path), "bytes")

        async with aiofiles.open(path, encoding="utf-8") as cities:
            await cities.read(2)
            print(end=await cities.readline())
            place = await cities.tell()
            print(end=await cities.readline())
            await cities.seek(place)
            async for line in cities:
                print("again or new:", line, end="")
        print(await aiofiles.os.listdir(folder))
    return folder


async def without_a_folder():
    async with tempfile.NamedTemporaryFile("w+", suffix=".log") as log:
        await log.write("started\nstopped\n")
        await log.seek(0)
        print(len(await log.readlines()), "lines")
        print(log.name.endswith(".log"))

    async with tempfile.SpooledTemporaryFile(max_size=8) as scratch:
        await scratch.write(b"0123456789")  # on the disk from here on
        await scratch.truncate(6)
        await scratch.seek(4)
        print((await scratch.read()).decode())
    return log.name


async def no_text():
    async with tempfile.NamedTemporaryFile() as file:
        await file.write(b"good\nbad \xff\n")
        await file.flush()
        async with aiofiles.open(file.name, encoding="utf-8") as text:
            try:
                await text.read()
            except UnicodeDecodeError as error:
                print("no UTF-8 at byte", error.start)


async def main():
    for path in await in_a_folder(), await without_a_folder():
        print("there" if await aiofiles.os.path.exists(path) else "gone")
    await no_text()


asyncio.run(main())
