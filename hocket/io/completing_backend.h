// SPDX-License-Identifier: MIT
// What every backend completes operations with: a list of the finished ones, emptied by `poll`.
#pragma once

#include <hocket/core/backend.h>

#include <cstddef>
#include <utility>

namespace hocket {

/// Operations in order of arrival, linked through themselves. Each is in one list at a time; its state says which.
class OperationList {
public:
    bool empty() const noexcept { return first_ == nullptr; }
    Operation* front() const noexcept { return first_; }

    void push_back(Operation& op) noexcept {
        op.next = nullptr;
        op.prev = &op;
        if (first_ != nullptr) {
            op.prev = std::exchange(first_->prev, &op);
            op.prev->next = &op;
        } else {
            first_ = &op;
        }
    }
    /// Where the order says nothing: touches no other operation but the first.
    void push_front(Operation& op) noexcept {
        op.next = first_;
        op.prev = first_ != nullptr ? std::exchange(first_->prev, &op) : &op;
        first_ = &op;
    }
    void remove(Operation& op) noexcept {
        if (&op == first_) {
            first_ = op.next;
        } else {
            op.prev->next = op.next;
        }
        if (op.next != nullptr) {
            op.next->prev = op.prev;
        } else if (first_ != nullptr) {
            first_->prev = op.prev;
        }
        op.next = op.prev = nullptr;
    }

private:
    Operation* first_ = nullptr;  // its `prev` is the last one: epoll has three lists for each descriptor
};

/// A backend whose operations finish at any time and are completed by the next `poll`.
class CompletingBackend : public Backend {
protected:
    /// The result of `op`, which is in no list, stands.
    void finish(Operation& op, int result) noexcept {
        op.result = result;
        op.state = Operation::State::finished;
        finished_.push_back(op);
        ++finished_count_;
        call_for_poll();
    }

    /// Completes what is finished by now; what the callbacks finish is for the next time, so that nobody starves. A callback may call
    /// `poll`, which then takes the rest.
    void complete_finished() noexcept {
        for (std::size_t left = finished_count_; left > 0 && !finished_.empty(); --left) {
            Operation& op = *finished_.front();
            finished_.remove(op);
            --finished_count_;
            op.state = Operation::State::idle;
            --pending_;
            op.completed(op);
        }
        if (!finished_.empty()) call_for_poll();
    }

    OperationList finished_;

private:
    std::size_t finished_count_ = 0;
};

}  // namespace hocket
