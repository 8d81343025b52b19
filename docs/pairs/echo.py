# SPDX-License-Identifier: MIT
# A server that counts the lines of each connection, and two clients of it.
import asyncio


async def count_lines(reader, writer):  # one task for each connection
    number = 0
    async for line in reader:
        number += 1
        writer.write(f"{number}: ".encode() + line)
        await writer.drain()
    writer.close()
    await writer.wait_closed()


async def talk(port, lines):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answers = []
    for line in lines:
        writer.write(f"{line}\n".encode())
        await writer.drain()
        answers.append((await reader.readline()).decode())
    writer.write_eof()
    rest = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answers, len(rest)


async def main():
    server = await asyncio.start_server(count_lines, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        for answers, rest in await asyncio.gather(
                talk(port, ["good morning", "good night"]),
                talk(port, ["hello"])):
            print("".join(answers), end="")
            print(f"and {rest} bytes")

    try:
        await asyncio.open_connection("127.0.0.1", port)
    except ConnectionRefusedError:
        print("the server is closed")


asyncio.run(main())
