// SPDX-License-Identifier: MIT
// How the oracle's traces write an exception.
#include "words.h"

#include <hocket/base/errors.h>
#include <hocket/base/exception_group.h>
#include <hocket/sync/barrier.h>
#include <hocket/sync/queue.h>

#include <algorithm>
#include <cctype>
#include <string_view>

namespace oracle {

namespace {

/// With `e7`, if that is what the program said: what a library says has other words on each side.
std::string named(const char* name, std::string_view said) {
    const bool of_the_program =
        said.size() > 1 && said[0] == 'e' &&
        std::all_of(said.begin() + 1, said.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
    return of_the_program ? std::string(name) + ":" + std::string(said) : name;
}

}  // namespace

std::string words(const std::exception_ptr& error) {
    if (const hocket::ExceptionGroup* group = hocket::exception_group(error)) {
        std::string all;
        for (const std::exception_ptr& member : group->exceptions()) all += (all.empty() ? "" : ",") + words(member);
        return "Group[" + all + "]";
    }
    try {
        std::rethrow_exception(error);
    } catch (const hocket::CancelledError& e) {
        const std::string_view said = e.message();
        return said.empty() ? "CancelledError" : "CancelledError:" + std::string(said);
    } catch (const hocket::BrokenBarrierError&) {
        return "BrokenBarrierError";
    } catch (const hocket::QueueEmpty&) {
        return "QueueEmpty";
    } catch (const hocket::QueueFull&) {
        return "QueueFull";
    } catch (const hocket::QueueShutDown&) {
        return "QueueShutDown";
    } catch (const hocket::InvalidStateError&) {
        return "InvalidStateError";
    } catch (const hocket::TimeoutError& e) {
        return named("TimeoutError", e.what());
    } catch (const hocket::ValueError& e) {
        return named("ValueError", e.what());
    } catch (const hocket::RuntimeError& e) {
        return named("RuntimeError", e.what());
    } catch (...) {  // no other type has a counterpart: the traces differ, and say by what
        return hocket::describe(error);
    }
}

}  // namespace oracle
