// SPDX-License-Identifier: MIT
// The handle of a child process: its streams, waiting, and a conversation with it.
#include <hocket/process/process.h>

#include <hocket/flow/gather.h>
#include <hocket/process/child_internal.h>

#include <cerrno>
#include <csignal>

namespace hocket {

namespace {

constexpr const char* stream_names[] = {"stdin", "stdout", "stderr"};

const TransportHandle& stream_of(const Child& child, const TransportHandle (&streams)[3], int which) {
    if (!streams[which])
        throw RuntimeError(child.name() + " was not started with a pipe for " + std::string(stream_names[which]));
    return streams[which];
}

Coro<int> end_of(Shared<Child> child) {
    child->check_loop("Process::wait");
    while (!child->returncode()) co_await child->ended.suspend();
    co_return *child->returncode();
}

// It may end, or close its standard input, before it has read all.
Coro<> feed(TransportHandle stream, std::string input) {
    if (!stream) co_return;
    const StreamWriter writer(std::move(stream));
    try {
        if (!input.empty()) co_await writer.write(input);
    } catch (const OSError& e) {
        if (e.error_number() != EPIPE && e.error_number() != ECONNRESET) throw;
    }
    writer.close();
}

Coro<std::string> drain(TransportHandle stream) {
    if (!stream) co_return std::string();
    co_return co_await StreamReader(std::move(stream)).read();
}

// Waits until all has come. It stays in the stream, where a cancel leaves it.
Coro<> until_all_came(TransportHandle stream) {
    while (stream && !stream->eof() && !stream->exception()) {
        if (stream->awaited()) co_await drain(stream);  // which says that somebody reads there
        co_await stream->more(stream->limit());
    }
}

struct Conversation {
    Shared<Child> child;
    TransportHandle in, out, err;
};

Coro<std::pair<std::string, std::string>> converse(Conversation with, std::string input) {
    with.child->check_loop("Process::communicate");
    if (!with.in && !input.empty())
        throw ValueError("communicate: " + with.child->name() + " has no pipe for its input");
    co_await gather(feed(std::move(with.in), std::move(input)), until_all_came(with.out), until_all_came(with.err));
    co_await end_of(std::move(with.child));
    std::string out = co_await drain(std::move(with.out)), err = co_await drain(std::move(with.err));  // at once
    co_return std::pair(std::move(out), std::move(err));
}

}  // namespace

int Process::pid() const noexcept { return child_->pid(); }
std::optional<int> Process::returncode() const noexcept { return child_->returncode(); }

StreamWriter Process::stdin() const { return StreamWriter(stream_of(*child_, streams_, 0)); }
StreamReader Process::stdout() const { return StreamReader(stream_of(*child_, streams_, 1)); }
StreamReader Process::stderr() const { return StreamReader(stream_of(*child_, streams_, 2)); }

HOCKET_CORO_WRAPPER Coro<int> Process::wait() const { return end_of(child_); }

HOCKET_CORO_WRAPPER Coro<std::pair<std::string, std::string>> Process::communicate(std::string input) const {
    return converse(Conversation{child_, streams_[0], streams_[1], streams_[2]}, std::move(input));
}

void Process::send_signal(int signal_number) const {
    child_->check_loop("Process::send_signal");
    child_->send_signal(signal_number);
}
void Process::terminate() const { send_signal(SIGTERM); }
void Process::kill() const { send_signal(SIGKILL); }

void Process::close() const {
    child_->check_loop("Process::close");
    for (const TransportHandle& stream : streams_) {
        if (stream) stream->close();
    }
    child_->kill_if_alive();
}

}  // namespace hocket
