// SPDX-License-Identifier: MIT
// The HTTP server with Node's http.
import { createServer } from 'node:http';

const body = 'Hello, World!';
const server = createServer((request, response) => {
  const found = request.method === 'GET' && request.url === '/';
  response.writeHead(found ? 200 : 404, { 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': found ? body.length : 0 });
  response.end(found ? body : '');
});
server.keepAliveTimeout = 75_000;
server.listen({ port: 0, host: '127.0.0.1', backlog: 10_000 }, () => console.log(server.address().port));
