// SPDX-License-Identifier: MIT
// A body that is made while it is sent.
#pragma once

#include <hocket/base/function.h>
#include <hocket/base/owners.h>
#include <hocket/flow/async_generator.h>

#include <concepts>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

namespace hocket::http {

/// The pieces of a request's body (aiohttp's `data=` and httpx's `content=` of an asynchronous generator):
///
///     co_await session.post(url, {.stream = numbers(1000)});
///     co_await session.put(url, {.stream = [path] { return pieces_of(path); }});
///
/// A generator can be sent once: a redirect that would send it again is an error. A function that makes one is called each time. What the generator
/// throws comes out of the request. It runs no faster than the server reads, and ends early, by `aclose` or by a cancel where it waits, when the
/// server answers with an error, 307 or 308 before it has it all, and when the request fails, is cancelled, or takes too long: the request waits for
/// its end, and so it may refer to what its caller has. Where another answer comes before all of it is sent, it goes on to its end beside the response:
/// a request whose answer is whole with its head waits for that, and so does the read that finds the answer's end. A response that is closed or destroyed
/// before cancels it, and it ends a moment later.
/// Copies of a BodyStream stand for the same one.
class HOCKET_EXPORT BodyStream {
public:
    using Pieces = AsyncGenerator<std::string>;

    BodyStream() noexcept = default;
    BodyStream(Pieces pieces);
    template <class F>
        requires(std::is_invocable_r_v<Pieces, F&> && !std::same_as<std::remove_cvref_t<F>, BodyStream>)
    BodyStream(F make) : BodyStream(Function<Pieces()>(std::move(make))) {}

    explicit operator bool() const noexcept { return static_cast<bool>(source_); }
    /// Whether `begin` may be called again.
    bool can_repeat() const noexcept;
    /// The pieces. Throws RuntimeError when they were taken before, and cannot be made again.
    Pieces begin() const;

private:
    struct Source;
    explicit BodyStream(Function<Pieces()> make);

    Shared<Source> source_;
};

}  // namespace hocket::http
