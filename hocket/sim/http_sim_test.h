// SPDX-License-Identifier: MIT
// What the simulations of TLS and HTTP share.
#pragma once

#include <hocket/base/errors.h>
#include <hocket/core/await_graph.h>
#include <hocket/core/event_loop.h>
#include <hocket/http/errors.h>
#include <hocket/sim/world.h>

#include <exception>

namespace hocket::sim::testing {

/// What a server cannot do for a client that is gone, or that has sent half of something, it reports; all else fails the world.
inline void only_of_clients(World& world) {
    get_running_loop().set_exception_handler([&world](EventLoop&, const ErrorContext& context) {
        try {
            if (context.exception) std::rethrow_exception(context.exception);
        } catch (const OSError&) {
            return;
        } catch (const http::ProtocolError&) {
            return;
        } catch (...) {
            world.fail(error_text(context));
            return;
        }
        world.fail(error_text(context));
    });
}

}  // namespace hocket::sim::testing
