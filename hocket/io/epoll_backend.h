// SPDX-License-Identifier: MIT
// The backend for systems that forbid io_uring: completions emulated over level-triggered epoll.
#pragma once

#include <hocket/io/system_backend.h>

#include <cstdint>
#include <vector>

struct epoll_event;

namespace hocket {

/// Each operation is tried when it is submitted; what would block waits until epoll says that it may go on, and is tried again.
///
/// A descriptor stays registered between operations: level-triggered, with the events that were last waited for. It costs a call again
/// only when an event comes that nobody waits for (it is then disarmed) or a new kind is waited for. After a read that took all there
/// was, the next one is not tried but waits at once, which makes two calls a request in a busy server: one read, one write.
///
/// A blocking descriptor works too: it is asked for readiness before each call. Calls on regular files are made at once.
/// A descriptor that was used here must be closed here, or the table keeps what it knew of it, until the next of that number is adopted: but
/// for a borrowed one, which is registered while something waits for it, and then forgotten.
class EpollBackend final : public SystemBackend {
public:
    /// Without `nanoseconds`, deadlines are rounded up to milliseconds, as on kernels before 5.11. Throws OSError.
    explicit EpollBackend(bool nanoseconds = true);
    ~EpollBackend() override;

    const char* name() const noexcept override { return "epoll"; }
    void submit(Operation& op) noexcept override;
    void cancel(Operation& op) noexcept override;
    void poll(std::int64_t deadline) noexcept override;
    int fileno() const noexcept override;
    int send_at_once(int fd, const void* data, std::size_t size) noexcept override;
    int socket(int domain, int type, int protocol) noexcept override;
    int accept(int fd, sockaddr* address, unsigned* size) noexcept override;
    int adopt(int fd) noexcept override;
    int close(int fd) noexcept override;

private:
    enum class Kind : std::uint8_t { unknown, non_blocking, blocking, always_ready };

    struct Descriptor {
        OperationList readers, writers, pollers;  // what would block, in order of submission
        std::uint32_t armed = 0;                  // the events that epoll reports
        bool registered = false;
        bool dry = false;       // the last read found nothing more: trying again before the next event is likely vain
        bool borrowed = false;  // so was the descriptor of the last operation
        Kind kind = Kind::unknown;

        bool idle() const noexcept { return readers.empty() && writers.empty() && pollers.empty(); }
    };

    void create();
    void wait(std::int64_t deadline, bool may_block) noexcept;
    int wait_once(epoll_event* events, int room, std::int64_t timeout) noexcept;
    void take_event(int fd, std::uint32_t events) noexcept;
    Descriptor* find(int fd, int& error) noexcept;
    int arm(int fd, Descriptor& d, std::uint32_t events, bool verify) noexcept;
    void disarm(int fd, Descriptor& d, std::uint32_t keep) noexcept;
    void give_back(int fd, Descriptor& d) noexcept;
    bool attempt(Operation& op, Descriptor& d) noexcept;
    bool attempt_message(Operation& op, Descriptor& d) noexcept;
    void advance(OperationList& list, Descriptor& d) noexcept;
    void learn_kind(int fd, Descriptor& d) noexcept;
    void is_new(int fd, bool borrowed) noexcept;
    void forget(int fd, Descriptor& d) noexcept;
    void leave_to_parent() noexcept;

    static OperationList& list_of(const Operation& op, Descriptor& d) noexcept;
    static std::uint32_t wanted(const Descriptor& d) noexcept;

    int epoll_ = -1;
    bool nanoseconds_;
    static constexpr int most_events = 256;  // taken in one call
    int event_room_ = most_events;           // the same, fewer when much comes with each
    std::size_t received_ = 0;               // bytes, in the latest wait
    unsigned unasked_ = 0;                   // polls in a row that completed without asking the kernel
    std::size_t waiting_ = 0;                // operations in the table
    std::vector<Descriptor> table_;          // by descriptor
};

}  // namespace hocket
