# SPDX-License-Identifier: MIT
"""The echo server with Python's asyncio on uvloop: `streams`, as hocket's is written, or `protocol`, the fastest that it has."""
import asyncio
import resource
import sys

import uvloop


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)


async def echo(reader, writer):
    while data := await reader.read(64 << 10):
        writer.write(data)
        await writer.drain()
    writer.close()


async def main():
    if sys.argv[1] == "protocol":
        server = await asyncio.get_running_loop().create_server(Echo, "127.0.0.1", 0, backlog=1000)
    else:
        server = await asyncio.start_server(echo, "127.0.0.1", 0, backlog=1000)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
uvloop.install()
asyncio.run(main())
