// SPDX-License-Identifier: MIT
// What a child of this process says of it: it has all memory as it was at one moment, and may read it at leisure.
#pragma once

#include <hocket/base/errors.h>
#include <hocket/base/function.h>

#include <unistd.h>
#include <cerrno>
#include <string>
#include <utility>

namespace hocket::inspect {

class Descriptor {
public:
    Descriptor(int fd, const char* attempt) : fd_(fd) {
        if (fd < 0) throw OSError(errno, attempt);
    }
    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    operator int() const noexcept { return fd_; }

private:
    int fd_;
};

/// A child of this process, which ends when it has said one thing.
class TalkingChild {
public:
    /// Forks. The child writes down what `say` says. Where it `looks_at_threads`, this process lets it, and nobody else from then on, attach to
    /// its threads as a debugger does (PR_SET_PTRACER). Throws OSError. Not for a loop's thread.
    explicit TalkingChild(const Function<std::string()>& say, bool looks_at_threads = false);
    TalkingChild(const TalkingChild&) = delete;
    TalkingChild& operator=(const TalkingChild&) = delete;

    /// Waits for its end, which is near. Empty: it could not read what it saw, or `stop`, a descriptor, can be read, and it was ended. Once.
    std::string text(int stop) const;

private:
    Descriptor file_;
    pid_t child_ = -1;
};

/// The lines of a snapshot, for which the loops stand while it forks; empty: what was seen could not be read.
std::string take_snapshot(int stop);

}  // namespace hocket::inspect
