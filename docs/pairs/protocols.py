# SPDX-License-Identifier: MIT
# A client and a server of callbacks.
import asyncio


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)

    def eof_received(self):
        self.transport.write(b" (end)")


class Client(asyncio.Protocol):
    def __init__(self, message, over):
        self.message = message
        self.over = over
        self.answer = b""

    def connection_made(self, transport):
        transport.write(self.message.encode())
        transport.write_eof()

    def data_received(self, data):
        self.answer += data

    def connection_lost(self, exc):
        self.over.set_result(None)


async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Echo, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]

    over = loop.create_future()
    transport, client = await loop.create_connection(
        lambda: Client("hello", over), "127.0.0.1", port)
    await over
    print(client.answer.decode())
    print(transport.is_closing())
    server.close()


asyncio.run(main())
