// SPDX-License-Identifier: MIT
// The choice of a backend: by name, by environment, by what the system allows.
#include <hocket/base/errors.h>
#include <hocket/io/backend_factory.h>
#include <hocket/io/epoll_backend.h>
#include <hocket/io/uring_backend.h>
#include <hocket/io/virtual_backend.h>

#include <cerrno>
#include <cstdlib>
#include <string>

namespace hocket {

namespace {

Unique<Backend> make_uring() {
    UringBackend::probe();
    return Unique<UringBackend>::make();
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
    if (name == "uring") {
        try {
            return make_uring();
        } catch (const OSError& e) {
            throw_why(e);
        }
    }
    if (!name.empty()) {
        throw ValueError((from_environment ? "HOCKET_BACKEND=" : "backend ") + std::string(name) +
                         ": not one of uring, epoll, virtual");
    }
    try {
        return make_uring();
    } catch (const OSError&) {
        return Unique<EpollBackend>::make();
    }
}

}  // namespace hocket
