# SPDX-License-Identifier: MIT
# Programs that are started, talked to, waited for, and ended.
import asyncio
from asyncio.subprocess import PIPE


async def upside_down(lines):
    process = await asyncio.create_subprocess_exec(
        "sort", "-r", stdin=PIPE, stdout=PIPE)
    out, _ = await process.communicate(lines)
    return out


async def answer_of(command):
    process = await asyncio.create_subprocess_shell(command, stdout=PIPE)
    out, _ = await process.communicate()
    return f"{out.decode().rstrip()}, status {process.returncode}"


async def talk():
    cat = await asyncio.create_subprocess_exec("cat", stdin=PIPE, stdout=PIPE)
    for line in [b"first\n", b"second\n"]:
        cat.stdin.write(line)
        await cat.stdin.drain()
        answer = await cat.stdout.readline()
        print(answer.decode(), end="")
    cat.stdin.close()
    print("cat ended with", await cat.wait())


async def be_impatient():
    process = await asyncio.create_subprocess_exec("sleep", "1000")
    try:
        await asyncio.wait_for(process.wait(), 0.02)
    except TimeoutError:
        process.terminate()
    print("sleep ended with", await process.wait())


async def main():
    print((await upside_down(b"a\nb\nc\n")).decode(), end="")
    for answer in await asyncio.gather(
            *(answer_of(f"echo {n}; exit {n}") for n in range(3))):
        print(answer)
    await talk()
    await be_impatient()
    try:
        await asyncio.create_subprocess_exec("no-such-program")
    except FileNotFoundError:
        print("there is no such program")


asyncio.run(main())
