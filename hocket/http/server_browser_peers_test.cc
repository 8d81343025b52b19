// SPDX-License-Identifier: MIT
// Our server with Chromium, which loads a page with all that belongs to it and reports what it has seen, plain and over TLS.
#include <hocket/http/server_peers_test.h>
#include <hocket/http/text.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

namespace hocket::http {
namespace {

using namespace testing;

constexpr std::string_view page = R"html(<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>A page with resources</title>
<link rel="stylesheet" href="/site/style.css"><script src="/site/classic.js"></script>
</head><body><p id="styled">styled</p><img id="image" src="/site/image.svg" alt="">
<iframe id="frame" src="/site/frame.html"></iframe>
<script type="module" src="/site/main.js"></script></body></html>
)html";

// What a browser does by itself, and what a page can ask of it. Each line is one thing that has been seen.
constexpr std::string_view main_js = R"js(
import { voices } from './module.js';
const seen = [];
const see = (name, value) => seen.push(`${name}: ${value}`);
const text = async (path, options) => (await fetch(path, options)).text();
const loaded = new Promise(done => document.readyState === 'complete' ? done() : addEventListener('load', done));
try {
    await loaded;
    see('style', getComputedStyle(document.getElementById('styled')).color);
    see('scripts', `${window.classic} ${voices}`);
    see('image', document.getElementById('image').naturalWidth);
    see('frame', document.getElementById('frame').contentDocument.body.textContent.trim());
    const images = await Promise.all(Array.from({ length: 30 }, (_, i) => new Promise((done, failed) => {
        const image = new Image();
        image.onload = () => done(image.naturalWidth);
        image.onerror = failed;
        image.src = `/site/image.svg?${i}`;
    })));
    see('images at once', images.filter(width => width === 40).length);
    see('json', (await (await fetch('/json')).json()).voices);
    see('chunks', (await text('/numbers')).trim().split('\n').length);
    see('compressed', (await fetch('/site/long.txt')).headers.get('Content-Encoding') !== null);
    const body = new Uint8Array(1 << 20).map((_, i) => i * 7);
    const echo = new Uint8Array(await (await fetch('/echo', { method: 'POST', body })).arrayBuffer());
    see('echo', echo.length === body.length && echo.every((byte, i) => byte === body[i]));
    const form = new FormData();
    form.append('title', 'Té');
    form.append('file', new Blob(['leaves'], { type: 'text/plain' }), 'tea.txt');
    see('form', (await text('/form', { method: 'POST', body: form })).trim().replace('\n', ', '));
    see('redirect', (await fetch('/old')).redirected);
    await text('/cookies');
    see('cookie', `${document.cookie} ${(await text('/cookies')).trim()}`);
    await text('/site/long.txt', { cache: 'no-cache' });
    const again = await fetch('/site/long.txt', { cache: 'no-cache' });
    see('revalidated', `${again.status} ${(await again.text()).length}`);
    const part = await fetch('/site/long.txt', { headers: { Range: 'bytes=2-5' }, cache: 'no-store' });
    see('part', `${part.status} ${await part.text()}`);
    see('nothing', (await fetch('/nothing')).status);
    see('events', await new Promise((done, failed) => {
        const events = [], source = new EventSource('/events');
        source.onmessage = event => {
            events.push(`${event.lastEventId} ${event.data}`);
            if (events.length === 3) { source.close(); done(events.join(', ')); }
        };
        source.onerror = failed;
    }));
    const leaving = new AbortController(), endless = await fetch('/endless', { signal: leaving.signal });
    await endless.body.getReader().read();
    leaving.abort();
    see('protocols', [...new Set(performance.getEntriesByType('resource').map(entry => entry.nextHopProtocol))].filter(p => p).join());
    see('scheme', (await text('/seen')).trim());
} catch (error) {
    see('error', error.stack ?? error.type ?? error);
}
await fetch('/report', { method: 'POST', body: seen.join('\n') });
)js";

constexpr std::string_view expected = R"(style: rgb(1, 2, 3)
scripts: classic 2
image: 40
frame: in a frame
images at once: 30
json: 2
chunks: 1000
compressed: true
echo: true
form: title=Té, file: tea.txt text/plain 6
redirect: true
cookie: voice=alto alto
revalidated: 200 60000
part: 206 lllo
nothing: 204
events: 1 event 1, 2 event 2, 3 event 3
protocols: http/1.1
scheme: GET /seen )";

std::string long_text() {
    std::string text = "helllo";
    while (text.size() < 60'000) text += "more and more of it\n";
    text.resize(60'000);
    return text;
}

class RealBrowserPeers : public ::testing::TestWithParam<bool> {
protected:
    void SetUp() override {
        if (lacks("/usr/bin/chromium")) GTEST_SKIP() << "Chromium is not installed";
    }
};
INSTANTIATE_TEST_SUITE_P(Peers, RealBrowserPeers, ::testing::Bool(), plain_or_tls);

/// The page and what belongs to it, beside what other clients get.
Application site(const Folder& folder, std::shared_ptr<std::string> report) {
    folder.write("site/page.html", page);
    folder.write("site/style.css", "#styled { color: rgb(1, 2, 3); }\n");
    folder.write("site/classic.js", "window.classic = 'classic';\n");
    folder.write("site/main.js", main_js);
    folder.write("site/module.js", "export const voices = 2;\n");
    folder.write("site/frame.html", "<!DOCTYPE html><body>in a frame</body>\n");
    folder.write("site/image.svg", R"(<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30"></svg>)");
    folder.write("site/long.txt", long_text());
    Application app = many_sided(folder);
    app.static_files("/site", folder / "site");
    app.post("/report", [report](Request& request) -> Coro<Response> {
        *report = co_await request.text();
        co_return Response(204);
    });
    return app;
}

/// It keeps to this machine: no proxy, no names, nothing in the background. Whom it trusts is the key of the tests' certificate.
Coro<std::vector<std::string>> chromium(const Folder& folder, std::string url) {
    std::vector<std::string> command{"/usr/bin/chromium",
                                     "--headless",
                                     "--no-sandbox",
                                     "--disable-gpu",
                                     "--disable-dev-shm-usage",
                                     "--no-first-run",
                                     "--no-default-browser-check",
                                     "--disable-background-networking",
                                     "--disable-component-update",
                                     "--disable-sync",
                                     "--disable-extensions",
                                     "--disable-breakpad",
                                     "--disable-crash-reporter",
                                     "--disable-client-side-phishing-detection",
                                     "--disable-domain-reliability",
                                     "--metrics-recording-only",
                                     "--no-pings",
                                     "--no-proxy-server",
                                     "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
                                     "--remote-debugging-port=0"};
    command.push_back("--user-data-dir=" + folder.open_folder("profile"));
    std::string key =
        co_await printed("openssl x509 -pubkey -noout -in " + Certificates::get().server.certificate_file +
                         " | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | openssl base64");
    key.resize(key.find('\n'));
    command.push_back("--ignore-certificate-errors-spki-list=" + key);
    command.push_back(std::move(url));
    co_return command;
}

TEST_P(RealBrowserPeers, chromium_loads_a_page_with_all_that_belongs_to_it) {
    hocket::testing::run_net([](bool is_secure) -> Coro<> {
        const Folder folder;
        const auto report = std::make_shared<std::string>();
        const HttpServer server = co_await serve_peers(site(folder, report), is_secure);
        {
            Daemon browser(folder, co_await chromium(folder, server.url() + "/site/page.html"));
            co_await hocket::testing::until([&] { return !report->empty() || !browser.runs(); });
            EXPECT_EQ(*report, std::string(expected) + (is_secure ? "https" : "http")) << browser.said();
        }
        server.close();
        co_await server.wait_closed();
    }(GetParam()));
}

}  // namespace
}  // namespace hocket::http
