# SPDX-License-Identifier: MIT
# A server of datagrams, and a client of it, which outlives it.
import asyncio


class Shouting(asyncio.DatagramProtocol):
    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        self.transport.sendto(data.upper(), addr)


class Asking(asyncio.DatagramProtocol):
    def __init__(self):
        self.answers = asyncio.Queue()

    def datagram_received(self, data, addr):
        self.answers.put_nowait(data)

    def error_received(self, exc):
        self.answers.put_nowait(exc)


async def main():
    loop = asyncio.get_running_loop()
    server, _ = await loop.create_datagram_endpoint(
        Shouting, local_addr=("127.0.0.1", 0))
    client, asking = await loop.create_datagram_endpoint(
        Asking, remote_addr=server.get_extra_info("sockname"))

    for word in ["good morning", "good night"]:
        client.sendto(word.encode())
        answer = await asyncio.wait_for(asking.answers.get(), 5)
        print(answer.decode())

    server.close()
    await asyncio.sleep(0)  # which closes it
    client.sendto(b"hello?")
    answer = await asyncio.wait_for(asking.answers.get(), 5)
    if isinstance(answer, ConnectionRefusedError):
        print("the server is closed")
    client.close()


asyncio.run(main())
