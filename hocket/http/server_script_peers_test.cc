// SPDX-License-Identifier: MIT
// Our server with clients in Python and JavaScript: aiohttp, httpx, Node's fetch, plain and over TLS.
#include <hocket/http/server_peers_test.h>

#include <string>

namespace hocket::http {
namespace {

using namespace testing;

/// Runs a program with the server's URL, the tests' authority and the folder as arguments; what it prints.
Coro<std::string> script(const Folder& folder, const HttpServer& server, std::string interpreter, std::string name,
                         std::string_view program) {
    const std::string ca = Certificates::get().ca_file;
    const std::string file = folder.write(name, program);
    co_return co_await printed(
        "unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY; NODE_EXTRA_CA_CERTS=" + ca +
        " timeout 50 " + interpreter + " " + file + " " + server.url() + " " + ca + " " + folder.path());
}

// ---- aiohttp

constexpr std::string_view aiohttp_client = R"(
import asyncio, ssl, sys, aiohttp
base, ca, folder = sys.argv[1:]
big = open(folder + "/files/big.bin", "rb").read()
page = open(folder + "/files/page.html").read()
connections = 0

async def made(*_):
    global connections
    connections += 1

async def main():
    trace = aiohttp.TraceConfig()
    trace.on_connection_create_end.append(made)
    context = ssl.create_default_context(cafile=ca)
    jar = aiohttp.CookieJar(unsafe=True)  # of addresses, too
    connector = aiohttp.TCPConnector(ssl=context, limit=20)
    async with aiohttp.ClientSession(base, connector=connector, cookie_jar=jar, trace_configs=[trace]) as session:
        async def text(method, path, **options):
            async with session.request(method, path, **options) as response:
                return response.status, await response.text()
        for _ in range(20):
            assert await text("GET", "/") == (200, "hello\n")
            assert (await text("HEAD", "/files/page.html"))[1] == ""
            assert (await text("GET", "/nothing"))[0] == 204
            assert (await text("GET", "/missing"))[0] == 404
            assert (await text("PATCH", "/echo"))[0] == 405
        assert connections == 1, connections
        assert (await text("GET", "/numbers"))[1].split() == [str(i) for i in range(1000)]
        assert (await text("GET", "/old"))[1].endswith("\n999\n")
        assert (await text("POST", "/moved", data=b"again"))[1] == "again"
        async with session.post("/echo", data=big) as response:
            assert await response.read() == big
        async with session.post("/echo", data=b"x" * 3000, expect100=True) as response:
            assert await response.read() == b"x" * 3000
        async def pieces():
            for i in range(0, len(big), 50000):
                yield big[i:i + 50000]
        async with session.post("/back", data=pieces()) as response:
            assert response.headers["Transfer-Encoding"] == "chunked"
            assert await response.read() == big
        for encoding in "gzip", "deflate", "br":
            async with session.get("/files/page.html", headers={"Accept-Encoding": encoding}) as response:
                assert response.headers["Content-Encoding"] == encoding and await response.text() == page
        for encoding in "gzip", "deflate":
            assert (await text("POST", "/echo", data=page.encode(), compress=encoding))[1] == page
        form = aiohttp.FormData()
        form.add_field("title", "Té")
        form.add_field("file", b"leaves", filename="tea.txt", content_type="text/plain")
        print((await text("POST", "/form", data=form))[1], end="")
        print((await text("POST", "/form", data={"a": "b c", "d": "&"}))[1], end="")
        assert [(await text("GET", "/cookies"))[1] for _ in range(2)] == ["none\n", "alto\n"]
        async with session.get("/json") as response:
            assert await response.json() == {"voices": 2}
        assert (await text("GET", "/private"))[0] == 401
        assert (await text("GET", "/private", auth=aiohttp.BasicAuth("ada", "secret")))[1] == "the secret\n"
        async with session.get("/files/big.bin", headers={"Range": "bytes=10-19"}) as response:
            assert response.status == 206 and await response.read() == big[10:20]
        async with session.get("/files/page.html") as response:
            tag = response.headers["ETag"]
        assert (await text("GET", "/files/page.html", headers={"If-None-Match": tag}))[0] == 304
        async with session.get("/endless") as response:  # leaves in the midst of it
            assert (await response.content.readexactly(100)).startswith(b"more\nmore\n")
        got = await asyncio.gather(*(text("GET", f"/seen?{i}") for i in range(200)))
        assert [t.split()[1] for _, t in got] == [f"/seen?{i}" for i in range(200)]
    print("all is well")
asyncio.run(main())
)";

constexpr const char* fields_seen = "title=T\xc3\xa9\nfile: tea.txt text/plain 6\na=b c\nd=&\nall is well\n";

class RealPythonPeers : public WithServer {};
INSTANTIATE_TEST_SUITE_P(Peers, RealPythonPeers, ::testing::Bool(), plain_or_tls);

TEST_P(RealPythonPeers, aiohttp_is_answered) {
    if (lacks_module("aiohttp")) GTEST_SKIP() << "aiohttp is not installed";
    with_server([](const Folder& folder, const HttpServer& server) -> Coro<> {
        EXPECT_EQ(co_await script(folder, server, debians_python, "client.py", aiohttp_client), fields_seen);
    });
}

// ---- httpx

constexpr std::string_view httpx_client = R"(
import asyncio, ssl, sys, httpx
base, ca, folder = sys.argv[1:]
big = open(folder + "/files/big.bin", "rb").read()
page = open(folder + "/files/page.html").read()

async def main():
    options = dict(base_url=base, verify=ssl.create_default_context(cafile=ca), trust_env=False, timeout=40)
    async with httpx.AsyncClient(**options) as client:
        for _ in range(20):
            assert (await client.get("/")).text == "hello\n"
            assert (await client.head("/files/page.html")).content == b""
            assert (await client.get("/nothing")).status_code == 204
            assert (await client.get("/missing")).status_code == 404
        assert (await client.get("/numbers")).text.split() == [str(i) for i in range(1000)]
        assert (await client.get("/old", follow_redirects=True)).text.endswith("\n999\n")
        assert (await client.post("/moved", content=b"again", follow_redirects=True)).text == "again"
        assert (await client.post("/echo", content=big)).content == big
        async def pieces():
            for i in range(0, len(big), 50000):
                yield big[i:i + 50000]
        assert (await client.post("/back", content=pieces())).content == big
        for encoding in "gzip", "deflate", "br":
            answer = await client.get("/files/page.html", headers={"Accept-Encoding": encoding})
            assert answer.headers["Content-Encoding"] == encoding and answer.text == page
        print((await client.post("/form", data={"title": "Té"}, files={"file": ("tea.txt", b"leaves", "text/plain")})).text, end="")
        print((await client.post("/form", data={"a": "b c", "d": "&"})).text, end="")
        assert [(await client.get("/cookies")).text for _ in range(2)] == ["none\n", "alto\n"]
        assert (await client.get("/json")).json() == {"voices": 2}
        assert (await client.get("/private")).status_code == 401
        assert (await client.get("/private", auth=("ada", "secret"))).text == "the secret\n"
        answer = await client.get("/files/big.bin", headers={"Range": "bytes=10-19"})
        assert answer.status_code == 206 and answer.content == big[10:20]
        tag = (await client.get("/files/page.html")).headers["ETag"]
        assert (await client.get("/files/page.html", headers={"If-None-Match": tag})).status_code == 304
        async with client.stream("GET", "/endless") as response:
            async for line in response.aiter_lines():
                assert line.strip() == "more"
                break
        got = await asyncio.gather(*(client.get(f"/seen?{i}") for i in range(200)))
        assert [answer.text.split()[1] for answer in got] == [f"/seen?{i}" for i in range(200)]
    with httpx.Client(**options) as client:
        assert [client.get("/").text for _ in range(10)] == ["hello\n"] * 10
    print("all is well")
asyncio.run(main())
)";

TEST_P(RealPythonPeers, httpx_is_answered) {
    if (lacks_module("httpx")) GTEST_SKIP() << "httpx is not installed";
    with_server([](const Folder& folder, const HttpServer& server) -> Coro<> {
        EXPECT_EQ(co_await script(folder, server, debians_python, "client.py", httpx_client), fields_seen);
    });
}

// ---- Node

constexpr std::string_view node_client = R"(
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
const [base, , folder] = process.argv.slice(2);
const big = readFileSync(folder + '/files/big.bin'), page = readFileSync(folder + '/files/page.html', 'utf8');
const ask = (path, options) => fetch(base + path, options);
const text = async (path, options) => (await ask(path, options)).text();
const bytes = async (path, options) => Buffer.from(await (await ask(path, options)).arrayBuffer());

for (let i = 0; i < 20; ++i) {
    assert.equal(await text('/'), 'hello\n');
    assert.equal(await text('/files/page.html', { method: 'HEAD' }), '');
    assert.equal((await ask('/nothing')).status, 204);
    const missing = await ask('/missing');
    assert.equal(missing.status, 404);
    assert.deepEqual(await missing.json(), { detail: 'Not Found' });
}
assert.deepEqual((await text('/numbers')).trim().split('\n'), Array.from({ length: 1000 }, (_, i) => String(i)));
const redirected = await ask('/old');
assert.ok(redirected.redirected && redirected.url === base + '/numbers');
await redirected.text();
assert.equal(await text('/moved', { method: 'POST', body: 'again' }), 'again');
assert.ok(big.equals(await bytes('/echo', { method: 'POST', body: big })));
async function* pieces() { for (let i = 0; i < big.length; i += 50000) yield big.subarray(i, i + 50000); }
assert.ok(big.equals(await bytes('/back', { method: 'POST', body: ReadableStream.from?.(pieces()) ?? pieces(), duplex: 'half' })));
for (const encoding of ['gzip', 'deflate', 'br']) {
    const answer = await ask('/files/page.html', { headers: { 'Accept-Encoding': encoding } });
    assert.equal(answer.headers.get('Content-Encoding'), encoding);
    assert.equal(await answer.text(), page);
}
const form = new FormData();
form.append('title', 'Té');
form.append('file', new Blob(['leaves'], { type: 'text/plain' }), 'tea.txt');
process.stdout.write(await text('/form', { method: 'POST', body: form }));
process.stdout.write(await text('/form', { method: 'POST', body: new URLSearchParams({ a: 'b c', d: '&' }) }));
assert.deepEqual(await (await ask('/json')).json(), { voices: 2 });
const cookie = (await ask('/cookies')).headers.get('Set-Cookie').split(';')[0];
assert.equal(await text('/cookies', { headers: { cookie } }), 'alto\n');
const part = await ask('/files/big.bin', { headers: { Range: 'bytes=10-19' } });
assert.equal(part.status, 206);
assert.ok(Buffer.from(await part.arrayBuffer()).equals(big.subarray(10, 20)));
const whole = await ask('/files/page.html');
await whole.text();
assert.equal((await ask('/files/page.html', { headers: { 'If-None-Match': whole.headers.get('ETag') } })).status, 304);
const leaving = new AbortController(), endless = await ask('/endless', { signal: leaving.signal });
const first = await endless.body.getReader().read();
assert.ok(Buffer.from(first.value).toString().startsWith('more\n'));
leaving.abort();
const all = await Promise.all(Array.from({ length: 200 }, (_, i) => text(`/seen?${i}`)));
assert.deepEqual(all.map(line => line.split(' ')[1]), Array.from({ length: 200 }, (_, i) => `/seen?${i}`));
console.log('all is well');
)";

class RealNodePeers : public WithServer {};
INSTANTIATE_TEST_SUITE_P(Peers, RealNodePeers, ::testing::Bool(), plain_or_tls);

TEST_P(RealNodePeers, its_fetch_is_answered) {
    if (lacks("/usr/bin/node")) GTEST_SKIP() << "Node is not installed";
    with_server([](const Folder& folder, const HttpServer& server) -> Coro<> {
        EXPECT_EQ(co_await script(folder, server, "/usr/bin/node --no-warnings", "client.mjs", node_client),
                  fields_seen);
    });
}

}  // namespace
}  // namespace hocket::http
