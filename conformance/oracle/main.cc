// SPDX-License-Identifier: MIT
// Runs programs of the oracle's language with hocket, in virtual time, and prints their traces.
//
// usage: oracle_machine < PROGRAMS > TRACES      a program a line; after each trace a line with a dot
#include "machine.h"

#include <hocket/io/virtual_backend.h>

#include <cstdio>
#include <exception>
#include <iostream>
#include <optional>
#include <string>

namespace {

hocket::Coro<> run_machine(const oracle::Node& program, std::string& trace, std::optional<oracle::Machine>& machine) {
    machine.emplace(program, trace);
    co_await machine->main();
}

std::string trace_of(const std::string& text) {
    const oracle::Node program = oracle::parse(text);
    std::string trace;
    std::optional<oracle::Machine> machine;  // outlives the loop, whose tasks and callbacks use it
    hocket::Runner runner({.loop_factory = [] {
        return hocket::Unique<hocket::EventLoop>::make(hocket::Unique<hocket::VirtualBackend>::make());
    }});
    // What nobody retrieves is no part of the trace: asyncio learns of it from its collector, at another time.
    runner.get_loop().set_exception_handler([](hocket::EventLoop&, const hocket::ErrorContext&) {});
    runner.run(run_machine(program, trace, machine));
    runner.close();
    return trace;
}

}  // namespace

int main() {
    for (std::string text; std::getline(std::cin, text);) {
        std::string trace;
        try {
            trace = trace_of(text) + ".\n";
        } catch (const std::exception& e) {
            std::fprintf(stderr, "oracle_machine: %s\n", e.what());
            return 2;
        }
        if (std::fwrite(trace.data(), 1, trace.size(), stdout) != trace.size() || std::fflush(stdout) != 0) {
            std::perror("oracle_machine: write a trace");
            return 2;
        }
    }
}
