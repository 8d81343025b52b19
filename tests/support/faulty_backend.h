// SPDX-License-Identifier: MIT
// A backend around another one that makes what is rare happen often: short transfers, errors, late completions, cancels that lose.
#pragma once

#include <hocket/base/owners.h>
#include <hocket/io/completing_backend.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

namespace hocket::testing {

/// How many of a hundred operations meet it.
struct Faults {
    int shorter = 0;      ///< moves fewer bytes than it could
    int late = 0;         ///< is complete some polls before that is told: a cancel in between loses
    int late_cancel = 0;  ///< its cancel reaches the system some polls later
};

/// What is drawn comes from the seed, the rest from the backend inside. `fail` makes the next operations of a kind fail.
class FaultyBackend final : public CompletingBackend {
public:
    FaultyBackend(Unique<Backend> inside, Faults faults, std::uint64_t seed)
        : inside_(std::move(inside)), faults_(faults), state_(seed) {
        call_for_poll();
    }

    /// The next `times` operations `code` end with `error` (EMFILE ...), and do nothing; `sendmsg` at once is one of them.
    void fail(Opcode code, int error, int times = 1) { failures_.push_back({code, error, times}); }
    /// Failures of `fail` that have not happened.
    int failures_left() const noexcept {
        int left = 0;
        for (const Failure& f : failures_) left += f.times;
        return left;
    }
    /// Which of the faults have happened, how often.
    int shortened = 0, delayed = 0, cancels_lost = 0;

    const char* name() const noexcept override { return inside_->name(); }
    std::int64_t now() noexcept override { return inside_->now(); }
    std::int64_t wall_time() noexcept override { return inside_->wall_time(); }
    bool real_time() const noexcept override { return inside_->real_time(); }
    std::uint64_t entropy() noexcept override { return inside_->entropy(); }

    void submit(Operation& op) noexcept override {
        ++pending_;
        op.state = Operation::State::in_flight;
        if (const int error = next_failure(op.code)) return finish(op, -error);
        auto& shadow = shadows_[&op];
        shadow = std::make_unique<Shadow>(*this, op);
        if (moves_bytes(op.code) && op.size > 1 && happens(faults_.shorter)) {
            shadow->size = 1 + random() % (op.size - 1);
            ++shortened;
        }
        inside_->submit(*shadow);
        call_for_poll();
    }
    void cancel(Operation& op) noexcept override {
        const auto found = shadows_.find(&op);
        if (found == shadows_.end()) return;  // it is finished
        Shadow& shadow = *found->second;
        op.state = Operation::State::cancelling;
        if (shadow.complete) {
            cancels_lost += shadow.result != -ECANCELED;
        } else if (shadow.polls_to_cancel == 0) {
            shadow.polls_to_cancel = happens(faults_.late_cancel) ? 1 + static_cast<int>(random() % 3) : 0;
            if (shadow.polls_to_cancel == 0) inside_->cancel(shadow);
        }
    }
    void poll(std::int64_t deadline) noexcept override {
        advance();
        inside_->poll(waits_ ? 0 : deadline);
        complete_finished();
        call_for_poll();
    }
    void wake() noexcept override { inside_->wake(); }
    int fileno() const noexcept override { return inside_->fileno(); }

    int socket(int domain, int type, int protocol) noexcept override { return inside_->socket(domain, type, protocol); }
    int bind(int fd, const sockaddr* address, unsigned size) noexcept override {
        return inside_->bind(fd, address, size);
    }
    int listen(int fd, int backlog) noexcept override { return inside_->listen(fd, backlog); }
    int accept(int fd, sockaddr* address, unsigned* size) noexcept override {
        const int error = next_failure(Opcode::accept);
        return error != 0 ? -error : inside_->accept(fd, address, size);
    }
    int getsockname(int fd, sockaddr* address, unsigned* size) noexcept override {
        return inside_->getsockname(fd, address, size);
    }
    int getpeername(int fd, sockaddr* address, unsigned* size) noexcept override {
        return inside_->getpeername(fd, address, size);
    }
    int setsockopt(int fd, int level, int option, const void* value, unsigned size) noexcept override {
        return inside_->setsockopt(fd, level, option, value, size);
    }
    int getsockopt(int fd, int level, int option, void* value, unsigned* size) noexcept override {
        return inside_->getsockopt(fd, level, option, value, size);
    }
    int shutdown(int fd, int how) noexcept override { return inside_->shutdown(fd, how); }
    int readable(int fd) noexcept override { return inside_->readable(fd); }
    int read(int fd, void* data, std::size_t size) noexcept override { return inside_->read(fd, data, size); }
    int sendmsg(int fd, const msghdr* message) noexcept override {
        const int error = next_failure(Opcode::sendmsg);
        return error != 0 ? -error : inside_->sendmsg(fd, message);
    }
    int send_at_once(int fd, const void* data, std::size_t size) noexcept override {
        if (const int error = next_failure(Opcode::send)) return -error;
        if (happens(faults_.late)) return -EAGAIN;
        if (size > 1 && happens(faults_.shorter)) size = 1 + random() % (size - 1);
        return inside_->send_at_once(fd, data, size);
    }
    int sendfile(int to, int from, std::int64_t offset, std::size_t count) noexcept override {
        return inside_->sendfile(to, from, offset, count);
    }
    int adopt(int fd) noexcept override { return inside_->adopt(fd); }
    int close(int fd) noexcept override { return inside_->close(fd); }
    int spawn(Spawn& child) noexcept override { return inside_->spawn(child); }
    int wait_for_child(int pidfd, int& returncode) noexcept override {
        return inside_->wait_for_child(pidfd, returncode);
    }
    int pidfd_send_signal(int pidfd, int signal_number) noexcept override {
        return inside_->pidfd_send_signal(pidfd, signal_number);
    }

private:
    // What the backend inside works on in place of the caller's operation.
    struct Shadow : Operation {
        FaultyBackend& owner;
        Operation& original;
        bool complete = false;
        int polls_to_tell = 0, polls_to_cancel = 0;

        Shadow(FaultyBackend& backend, Operation& op) : Operation(op), owner(backend), original(op) {
            state = State::idle;
            next = prev = nullptr;
            completed = [](Operation& done) noexcept {
                auto& shadow = static_cast<Shadow&>(done);
                shadow.owner.completed_inside(shadow);
            };
        }
    };
    struct Failure {
        Opcode code;
        int error, times;
    };

    static bool moves_bytes(Opcode code) noexcept {
        return code == Opcode::recv || code == Opcode::send || code == Opcode::read || code == Opcode::write;
    }
    std::uint64_t random() noexcept {  // splitmix64
        std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    }
    bool happens(int of_hundred) noexcept { return static_cast<int>(random() % 100) < of_hundred; }
    int next_failure(Opcode code) noexcept {
        for (Failure& f : failures_) {
            if (f.code == code && f.times > 0) {
                --f.times;
                return f.error;
            }
        }
        return 0;
    }

    void completed_inside(Shadow& shadow) noexcept {
        shadow.complete = true;
        if (!happens(faults_.late)) return tell(shadow);
        ++delayed;
        shadow.polls_to_tell = 1 + static_cast<int>(random() % 3);
        waits_ = true;
    }
    void tell(Shadow& shadow) noexcept {
        Operation& op = shadow.original;
        const int result = shadow.result;
        shadows_.erase(&op);
        finish(op, result);
    }
    // What was put off comes nearer. The order of the map is that of addresses: nothing may depend on it.
    void advance() noexcept {
        std::vector<Shadow*> due;
        waits_ = !finished_.empty();
        for (const auto& [op, shadow] : shadows_) {
            if (shadow->polls_to_tell > 0 && --shadow->polls_to_tell == 0) due.push_back(shadow.get());
            if (!shadow->complete && shadow->polls_to_cancel > 0 && --shadow->polls_to_cancel == 0)
                inside_->cancel(*shadow);
            waits_ |= shadow->polls_to_tell > 0 || (!shadow->complete && shadow->polls_to_cancel > 0);
        }
        for (Shadow* shadow : due) tell(*shadow);
        waits_ |= !due.empty();
    }

    Unique<Backend> inside_;
    Faults faults_;
    std::uint64_t state_;
    bool waits_ = false;  // something was put off: the backend inside must not wait long
    std::vector<Failure> failures_;
    std::unordered_map<Operation*, std::unique_ptr<Shadow>> shadows_;
};

}  // namespace hocket::testing
