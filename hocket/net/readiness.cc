// SPDX-License-Identifier: MIT
// The loop's table of watched descriptors: an operation for each callback, begun again after each call.
#include <hocket/net/readiness.h>

#include <hocket/net/socket.h>

#include <poll.h>
#include <sys/socket.h>
#include <array>
#include <cerrno>
#include <string>
#include <unordered_map>
#include <utility>

namespace hocket {

namespace {

enum class Way : std::uint8_t { reading, writing };

class Watches;

/// One callback. It is at each moment in flight, in the ready queue or running, until it is removed or the system refuses; removed, it lives on
/// until whichever of these holds it lets go.
class Watch final : Node, Operation, public Pooled {
public:
    Watch(Watches& watches, int descriptor, Way way, Function<void()> callback);

    void begin() noexcept;
    /// It is in no table any more.
    void remove() noexcept;

private:
    enum class At : std::uint8_t { rest, in_flight, queued, running };

    ~Watch() = default;
    void polled() noexcept;
    void run() override;
    void discard() noexcept override;
    void now_at(At at) noexcept;

    Watches& watches_;  // alive while it is in flight
    Function<void()> callback_;
    ContextSlot context_;
    At at_ = At::rest;
    bool removed_ = false;
};

/// Those of one loop.
class Watches final : LoopResource {
public:
    static Watches* find(EventLoop& loop) noexcept {
        return loop.network ? static_cast<Watches*>(Network::of(loop).watches) : nullptr;
    }
    static Watches& of(EventLoop& loop) {
        LoopResource*& watches = Network::of(loop).watches;
        if (!watches)
            watches = new Watches(loop);  // destroyed when the loop closes, before the Network, which is older
        return static_cast<Watches&>(*watches);
    }

    EventLoop& loop() const noexcept { return loop_; }

    void add(int fd, Way way, Function<void()> callback) {
        Watch*& place = table_[fd].at(static_cast<std::size_t>(way));
        auto* watch = new Watch(*this, fd, way, std::move(callback));
        Watch* const before = std::exchange(place, watch);
        watch->begin();
        if (before) before->remove();
    }

    bool remove(int fd, Way way) noexcept {
        const auto found = table_.find(fd);
        if (found == table_.end()) return false;
        Watch* const watch = std::exchange(found->second.at(static_cast<std::size_t>(way)), nullptr);
        if (found->second == Pair{}) table_.erase(found);
        const bool there = watch;
        if (there) watch->remove();
        return there;
    }

    void submit(Operation& op) noexcept {
        ++in_flight_;
        loop_.backend().submit(op);
    }
    void completed_one() noexcept { --in_flight_; }

private:
    using Pair = std::array<Watch*, 2>;  // the reader and the writer

    explicit Watches(EventLoop& loop) : LoopResource(loop), loop_(loop) {}
    ~Watches() override = default;

    void loop_closing() noexcept override {
        while (!table_.empty()) {
            const int fd = table_.begin()->first;
            remove(fd, Way::reading);
            remove(fd, Way::writing);
        }
        while (in_flight_ > 0) loop_.backend().poll(Backend::forever);
        Network::of(loop_).watches = nullptr;
        delete this;
    }

    EventLoop& loop_;
    std::unordered_map<int, Pair> table_;
    std::size_t in_flight_ = 0;
};

// ---- One callback

Watch::Watch(Watches& watches, int descriptor, Way way, Function<void()> callback)
    : watches_(watches), callback_(std::move(callback)), context_(watches.loop().context_for()) {
    code = Opcode::poll;
    fd = descriptor;
    borrowed = true;
    Operation::flags = way == Way::reading ? POLLIN : POLLOUT;
    completed = [](Operation& op) noexcept { static_cast<Watch&>(op).polled(); };
}

void Watch::begin() noexcept {
    at_ = At::in_flight;
    watches_.submit(*this);
}

void Watch::polled() noexcept {
    watches_.completed_one();
    if (removed_) {
        delete this;
    } else if (result == -ECANCELED) {  // it was the parent's, and this is a child of fork
        begin();
    } else if (result < 0) {
        at_ = At::rest;
        watches_.loop().call_exception_handler(
            {"A descriptor cannot be watched any more",
             std::make_exception_ptr(OSError(-result, "watch descriptor " + std::to_string(fd)))});
    } else {
        at_ = At::queued;
        watches_.loop().push(*this);
    }
}

// What is still ready is found so by the next poll, which comes after the callbacks of this iteration.
void Watch::run() {
    if (!removed_) {
        at_ = At::running;
        run_callback(*this, context_, [](Node& n) { static_cast<Watch&>(n).callback_(); }, "Exception in callback");
    }
    if (removed_) {
        delete this;
    } else {
        begin();
    }
}

void Watch::discard() noexcept {
    at_ = At::rest;
    if (removed_) delete this;
}

void Watch::remove() noexcept {
    removed_ = true;
    const Function<void()> dropped = at_ == At::running ? nullptr : std::move(callback_);  // what it holds goes now
    if (at_ == At::in_flight) {
        watches_.loop().backend().cancel(*this);
    } else if (at_ == At::rest) {
        delete this;
    }
}

// ---- The calls

void check(EventLoop& loop, int fd) {
    if (fd < 0) throw ValueError("Invalid file descriptor: " + std::to_string(fd));
    check_not_owned(loop, fd);
}

void add(EventLoop& loop, int fd, Way way, Function<void()> callback, const char* call) {
    loop.check_usable(call);
    check(loop, fd);
    if (!callback) {
        throw ValueError(call + std::string(": there is no callback for descriptor ") + std::to_string(fd));
    }
    int type = 0;
    unsigned size = sizeof type;
    const int known = loop.backend().getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size);
    if (known < 0 && known != -ENOTSOCK) throw OSError(-known, "watch descriptor " + std::to_string(fd));
    Watches::of(loop).add(fd, way, std::move(callback));
}

bool remove(EventLoop& loop, int fd, Way way, const char* call) {
    if (loop.is_closed()) return false;
    loop.check_usable(call);
    check(loop, fd);
    Watches* const watches = Watches::find(loop);
    return watches && watches->remove(fd, way);
}

}  // namespace

void add_reader(EventLoop& loop, int fd, Function<void()> callback) {
    add(loop, fd, Way::reading, std::move(callback), "add_reader");
}

bool remove_reader(EventLoop& loop, int fd) { return remove(loop, fd, Way::reading, "remove_reader"); }

void add_writer(EventLoop& loop, int fd, Function<void()> callback) {
    add(loop, fd, Way::writing, std::move(callback), "add_writer");
}

bool remove_writer(EventLoop& loop, int fd) { return remove(loop, fd, Way::writing, "remove_writer"); }

}  // namespace hocket
