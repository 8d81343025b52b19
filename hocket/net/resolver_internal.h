// SPDX-License-Identifier: MIT
// The loop's questions about names: who waits for which, and the threads that ask the system.
#pragma once

#include <hocket/base/clock.h>
#include <hocket/base/owners.h>
#include <hocket/core/coro.h>
#include <hocket/core/event_loop.h>
#include <hocket/core/future.h>
#include <hocket/net/address.h>
#include <hocket/os/thread_pool.h>

#include <cstdint>
#include <deque>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace hocket {

struct NameQuestion {
    enum class Kind : std::uint8_t {
        addresses,  // of the host `text`, those of `family`
        port,       // of the service `text`
        names,      // of `address`, as `flags` of getnameinfo(3) say
    };
    Kind kind{};
    std::string text = {};
    AddressFamily family = AddressFamily::unspecified;
    Address address = {};
    int flags = 0;

    /// Equal questions have the same.
    std::string key() const;
};

/// What belongs to the question's kind.
struct NameAnswer {
    std::vector<Address> addresses = {};  // of port 0
    std::uint16_t port = 0;
    std::pair<std::string, std::string> names = {};
};

/// Who knows the answers: the operating system, or what a test puts in its place.
class HOCKET_EXPORT NameSystem {
public:
    NameSystem() = default;
    NameSystem(const NameSystem&) = delete;
    NameSystem& operator=(const NameSystem&) = delete;
    virtual ~NameSystem();
    /// Blocks; several threads call it at once, and one of them may outlive the loop. Throws GaiError.
    virtual NameAnswer answer(const NameQuestion& question) = 0;
};
Shared<NameSystem> operating_system_names();

/// Asks on threads of its own, so that names that answer slowly keep neither the jobs of the default executor nor each other waiting.
///
/// Equal questions are asked once, for all who wait for the answer. `at_once` questions are asked at a time, the others wait in turn; one
/// that has no answer after `slow_after` counts no longer, so that quick names go on while a name server is silent, until `most` threads
/// wait. Nobody can make getaddrinfo(3) return: a cancel leaves it to itself, and so does the end of the loop after `patience`.
class HOCKET_EXPORT Resolver final : LoopResource {
public:
    /// The loop's, made at the first question.
    static Shared<Resolver> of(EventLoop& loop);
    explicit Resolver(EventLoop& loop);
    ~Resolver() override;

    /// Suspends until the answer is there. Throws GaiError, and OSError when there is no thread. A cancel abandons the question, which is not
    /// asked if its turn has not come.
    static Coro<NameAnswer> ask(NameQuestion question);

    unsigned at_once = 8, most = 32;
    Duration slow_after = std::chrono::seconds(1);
    Duration patience = std::chrono::seconds(1);
    Shared<NameSystem> system = operating_system_names();

    /// Threads started so far.
    unsigned workers() const noexcept { return threads_ ? threads_->workers() : 0; }
    /// Questions that have no answer yet.
    std::size_t open_questions() const noexcept { return open_.size(); }

private:
    struct Asked;
    class Waiting;
    void loop_closing() noexcept override;
    Shared<Asked> join(NameQuestion question);
    void begin_next();
    void begin(const Shared<Asked>& asked);
    void end(Asked& asked) noexcept;

    EventLoop& loop_;
    std::unordered_map<std::string, Shared<Asked>> open_;
    std::deque<Shared<Asked>> queue_;  // those of them whose turn has not come
    unsigned busy_ = 0;                // questions that a thread asks,
    unsigned slow_ = 0;                // and those of them that count no longer
    Unique<ThreadPoolExecutor> threads_;
};

}  // namespace hocket
