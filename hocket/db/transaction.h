// SPDX-License-Identifier: MIT
// Transactions: all of a block's changes, or none.
#pragma once

#include <hocket/base/owners.h>
#include <hocket/core/coro.h>

#include <cstdint>
#include <exception>

namespace hocket::sqlite {

class Worker;

/// When a transaction takes its locks.
enum class TransactionMode : std::uint8_t {
    deferred,   ///< with the first statement that needs one
    immediate,  ///< to write, at once: it cannot fail half way because another connection writes
    exclusive,  ///< and nobody else reads
};

/// `with(db.transaction({.mode = sqlite::TransactionMode::immediate}), ...)`
struct TransactionOptions {
    TransactionMode mode = TransactionMode::deferred;
};

/// A transaction around a block; `Connection::transaction` makes it, `with` runs it.
class HOCKET_EXPORT Transaction {
public:
    Transaction(Shared<Worker> worker, TransactionOptions options) noexcept;
    Transaction(Transaction&& other) noexcept;
    ~Transaction();

    Coro<> aenter();
    Coro<> aexit(std::exception_ptr error);

private:
    Shared<Worker> worker_;
    TransactionOptions options_;
    unsigned savepoint_ = 0;  // within another transaction of the same task
};

}  // namespace hocket::sqlite
