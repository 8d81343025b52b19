// SPDX-License-Identifier: MIT
// Opening a database, on a thread of its own.
#include <hocket/db/sqlite.h>

#include <hocket/base/errors.h>
#include <hocket/db/worker_internal.h>

namespace hocket::sqlite {

Coro<Connection> Connecting::open(std::string path, ConnectOptions options) {
    if (path.find('\0') != std::string::npos) throw ValueError("a null character in the path of a database");
    if (options.timeout.count() < 0) throw ValueError("connect to " + path + ": a negative time-out");
    const auto worker = Worker::start(std::move(path), options);
    Connection connection(worker);  // closes it when it cannot be opened
    const Attempt attempt{"connect"};
    auto open = [](Database& database) { database.open(); };
    std::exception_ptr error;
    try {
        co_await on_thread(*worker, attempt, open, Call::Kind::shielded);
    } catch (...) {  // thrown on when the thread has ended
        error = std::current_exception();
    }
    if (error) {
        co_await Worker::close(worker);
        std::rethrow_exception(error);
    }
    co_return connection;
}

Coro<Connection&> Connecting::aenter() {
    connection_ = co_await open(path_, options_);
    co_return *connection_;
}

Coro<> Connecting::aexit(const std::exception_ptr&) { return connection_->close(); }

}  // namespace hocket::sqlite
