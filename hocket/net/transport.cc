// SPDX-License-Identifier: MIT
// Bytes fed by hand, and the task that waits for them.
#include <hocket/net/transport.h>

#include <hocket/core/await_graph.h>
#include <hocket/core/operation_text_internal.h>

#include <algorithm>
#include <cstring>

namespace hocket {

Transport::Transport(std::size_t read_limit)
    : limit_(static_cast<std::uint32_t>(std::min<std::size_t>(read_limit, UINT32_MAX))) {
    check_limit(read_limit);
}

void Transport::check_limit(std::size_t limit) {
    if (limit == 0) throw ValueError("Limit cannot be <= 0");
}

Transport::~Transport() = default;

std::string Transport::name() const { return peername().str(); }

void Transport::throw_securing() {
    throw RuntimeError("start_tls is in progress, or has come before: this write would go in the clear");
}

void Transport::throw_other_loop() const {
    throw RuntimeError("the stream of " + name() + " belongs to a different event loop");
}

void Transport::check_fed_by_hand(const char* call) const {
    if (!fed_by_hand()) throw RuntimeError(std::string(call) + ": this stream has its bytes from a socket");
}

void Transport::feed_data(std::string_view bytes) {
    check_fed_by_hand("feed_data");
    if (eof_) throw RuntimeError("feed_data after feed_eof");
    incoming_.append(bytes);
    if (!bytes.empty()) wake_reader();
}

void Transport::feed_eof() {
    check_fed_by_hand("feed_eof");
    end_reading();
}

void Transport::set_exception(std::exception_ptr error) {
    check_fed_by_hand("set_exception");
    fail_reading(std::move(error));
}

void Transport::end_reading() noexcept {
    eof_ = true;
    wake_reader();
}

void Transport::fail_reading(std::exception_ptr error) noexcept {
    exception_ = std::move(error);
    wake_reader();
}

void Transport::wake_reader() noexcept {
    if (reader_) {
        std::exchange(reader_, nullptr)->wake();
    } else if (upper_) {
        wanted_ = false;
        upper_->lower_news();
    }
}

bool Transport::cancel_wait(TaskBase& t) noexcept {
    if (reader_ != &t) return false;
    reader_ = nullptr;
    t.interrupt();
    return true;
}

std::string Transport::descriptor() const {
    EventLoop* const mine = loop();
    std::string its_name = name();
    if (!mine || fileno() < 0) return its_name;
    std::string text = descriptor_text(mine->backend(), fileno());
    if (its_name != peername().str() && !text.starts_with(its_name)) text += ", " + its_name;
    return text;
}

void Transport::describe(AwaitDescription& to) const {
    to.text = fed_by_hand() ? "data of a stream" : "read from " + descriptor();
}

Transport::More Transport::more(std::size_t of_use) noexcept {
    of_use_ = static_cast<std::uint32_t>(std::min<std::size_t>(of_use, UINT32_MAX));
    return More(*this, true);
}

Transport::More Transport::quiet() noexcept { return More(*this, false); }

std::size_t Transport::read_into(std::span<char> buffer) noexcept {
    const std::string_view there = unread().substr(0, buffer.size());
    if (there.empty()) return 0;
    std::memcpy(buffer.data(), there.data(), there.size());
    consume(there.size());
    return there.size();
}

bool Transport::lend(ReceiveBuffer& buffer) noexcept {
    if (filling()) return false;
    buffer.swap(incoming_);
    return true;
}

void Transport::give_back(ReceiveBuffer& buffer) noexcept {
    buffer.consume(buffer.size());
    if (!incoming_.holds_memory() && !filling()) buffer.swap(incoming_);
}

void Transport::More::await_suspend(AwaitingFrame h) const noexcept {
    TaskBase& t = *this_loop->current;
    t.wait_on(transport_, h);
    transport_.reader_ = &t;
    if (!(t.flags & f_must_cancel)) [[likely]] {
        if (wants_) transport_.want_data();
        return;
    }
    t.deliver_pending_cancel();
}

namespace {
[[noreturn]] void throw_read_only() { throw RuntimeError("this stream cannot be written to"); }
}  // namespace

Coro<> Transport::write(std::string_view) {
    throw_read_only();
    co_return;
}
Coro<> Transport::write_owned(std::string) {
    throw_read_only();
    co_return;
}
void Transport::write_nowait(std::string_view) { throw_read_only(); }
void Transport::set_write_buffer_limits(WriteBufferLimits) { throw_read_only(); }
std::pair<std::size_t, std::size_t> Transport::get_write_buffer_limits() const { throw_read_only(); }
Coro<> Transport::drain() {
    throw_read_only();
    co_return;
}
void Transport::write_eof() { throw_read_only(); }
Coro<> Transport::wait_closed() { co_return; }

}  // namespace hocket
