// SPDX-License-Identifier: MIT
// Making and releasing semaphores.
#include <hocket/sync/semaphore.h>

#include <hocket/core/await_graph.h>

#include <string>

namespace hocket {

namespace {

std::size_t checked(std::ptrdiff_t value) {
    if (value < 0) throw ValueError("Semaphore initial value must be >= 0");
    return static_cast<std::size_t>(value);
}

}  // namespace

Semaphore::Semaphore(std::ptrdiff_t value) : Semaphore("Semaphore", value) {}

Semaphore::Semaphore(const char* what, std::ptrdiff_t value) : Permits(what, checked(value)) {}

void Semaphore::release() { give_back(); }

void Semaphore::describe(AwaitDescription& to) const {
    to.text = std::string(what_) + ", " + std::to_string(unpromised()) + " free";
}

BoundedSemaphore::BoundedSemaphore(std::ptrdiff_t value)
    : Semaphore("BoundedSemaphore", value), bound_(static_cast<std::size_t>(value)) {}

void BoundedSemaphore::release() {
    if (unpromised() >= bound_) throw ValueError("BoundedSemaphore released too many times");
    Semaphore::release();
}

void BoundedSemaphore::describe(AwaitDescription& to) const {
    to.text = std::string(what_) + ", " + std::to_string(unpromised()) + " of " + std::to_string(bound_) + " free";
}

}  // namespace hocket
