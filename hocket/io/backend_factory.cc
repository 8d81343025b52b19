// SPDX-License-Identifier: MIT
// The choice of a backend: by name, by environment, by what the system allows.
#include <hocket/base/errors.h>
#include <hocket/io/backend_factory.h>
#include <hocket/io/epoll_backend.h>
#include <hocket/io/solo_backend.h>
#include <hocket/io/uring_backend.h>
#include <hocket/io/virtual_backend.h>

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <system_error>

namespace hocket {

namespace {

Unique<Backend> make_uring() {
    UringBackend::probe();
    return Unique<UringBackend>::make();
}

// What HOCKET_SIM_SEED says; 0, which is calm, without it.
std::uint64_t sim_seed() {
    const char* const text = std::getenv("HOCKET_SIM_SEED");
    if (text == nullptr || *text == '\0') return 0;
    const std::string_view digits = text;
    std::uint64_t seed = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), seed);
    if (error != std::errc() || end != digits.data() + digits.size())
        throw ValueError("HOCKET_SIM_SEED=" + std::string(digits) + ": not a number");
    return seed;
}

const char* likely_reason(int error) noexcept {
    switch (error) {
        case EPERM:
        case EACCES: return "containers and the setting kernel.io_uring_disabled often forbid it";
        case ENOSYS: return "the kernel is older than 5.10, or a container hides it";
        case ENOMEM: return "the limit of locked memory, ulimit -l, is too low";
        case EMFILE:
        case ENFILE: return "too many open files";
        default: return "it does not work here";
    }
}

[[noreturn]] void throw_why(const OSError& e) {
    // what() of the new error: `io_uring (<reason>; HOCKET_BACKEND=epoll works everywhere): Operation not permitted`
    throw OSError(e.error_number(), std::string("io_uring (") + likely_reason(e.error_number()) +
                                        "; HOCKET_BACKEND=epoll works everywhere)");
}

}  // namespace

Unique<Backend> make_backend(std::string_view name) {
    bool from_environment = false;
    if (name.empty()) {
        if (const char* chosen = std::getenv("HOCKET_BACKEND"); chosen != nullptr && *chosen != '\0') {
            name = chosen;
            from_environment = true;
        }
    }
    if (name == "epoll") return Unique<EpollBackend>::make();
    if (name == "virtual") return Unique<VirtualBackend>::make();
    if (name == "sim") return sim::make_solo_backend(sim_seed());
    if (name == "uring") {
        try {
            return make_uring();
        } catch (const OSError& e) {
            throw_why(e);
        }
    }
    if (!name.empty()) {
        throw ValueError((from_environment ? "HOCKET_BACKEND=" : "backend ") + std::string(name) +
                         ": not one of uring, epoll, virtual, sim");
    }
    try {
        return make_uring();
    } catch (const OSError&) {
        return Unique<EpollBackend>::make();
    }
}

}  // namespace hocket
