// SPDX-License-Identifier: MIT
// The HTTP client with hocket's session. HOCKET_BACKEND says on what.

#include <hocket/hocket.h>
#include <hocket/http.h>

#include <string>
#include <vector>

#include "figures.h"

namespace {

using namespace hocket;

Coro<> fetch_often(const http::ClientSession& session, std::string url, int& left, bench::ClientFigures& figures) {
    while (left > 0) {
        --left;
        const double begun = bench::now();
        const auto response = co_await session.get(url);
        const std::string body = co_await response.read();
        figures.check(response.status(), body.size());
        figures.add(bench::now() - begun);
    }
}

Coro<> fetch(const http::ClientSession& session, const bench::ClientRun& run, int count,
             bench::ClientFigures& figures) {
    const std::string url = "http://127.0.0.1:" + std::to_string(run.port) + "/";
    std::vector<Coro<>> fetchers;
    for (int i = 0; i < run.concurrency && i < count; ++i)
        fetchers.push_back(fetch_often(session, url, count, figures));
    co_await gather(std::move(fetchers));
}

Coro<> amain(const bench::ClientRun& run) {
    bench::ClientFigures figures;
    const http::ClientSession session({.limit = 0});
    co_await fetch(session, run, run.to_warm_up(), figures);
    figures.begin();
    co_await fetch(session, run, run.count, figures);
    figures.report(run.concurrency);
}

}  // namespace

int main(int argc, char** argv) {
    const bench::ClientRun arguments(argc, argv);
    run(amain(arguments));
}
