// SPDX-License-Identifier: MIT
// Values that follow tasks: each request has its own, and no call
// passes it on.
#include <hocket/hocket.h>

#include <cstdio>
#include <string>

using hocket::Coro;

hocket::ContextVar<std::string> request("request", "none");

void log(const char* what) {
    std::printf("[%s] %s\n", request.get().c_str(), what);
}

Coro<> look_up() {
    log("looks something up");
    co_await hocket::to_thread(log, "looks at the disk");
    request.set("changed");  // only here
}

Coro<> handle(int number) {
    request.set("request " + std::to_string(number));
    log("begins");
    co_await hocket::sleep(0);
    co_await hocket::create_task(look_up());  // has a copy
}

Coro<> amain() {
    co_await handle(1);  // inside this task: what it sets stays set
    log("comes back");
    auto token = request.set("main");
    for (int number : {2, 3}) co_await hocket::create_task(handle(number));
    log("has its own");
    request.reset(token);
    log("is as before");

    auto other = hocket::copy_context();
    other.run([] { request.set("elsewhere"); });
    std::printf("%s, %s\n", request.get().c_str(),
                other.get(request)->c_str());
}

int main() { hocket::run(amain()); }
