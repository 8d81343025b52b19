// SPDX-License-Identifier: MIT
// Where the pieces of a body come from: a generator, or a function that makes one each time.
#include <hocket/http/body_stream.h>

#include <hocket/base/errors.h>

namespace hocket::http {

struct BodyStream::Source {
    std::optional<Pieces> once;
    Function<Pieces()> make;
};

BodyStream::BodyStream(Pieces pieces) : source_(Shared<Source>::make()) { source_->once.emplace(std::move(pieces)); }

BodyStream::BodyStream(Function<Pieces()> make) : source_(Shared<Source>::make()) { source_->make = std::move(make); }

bool BodyStream::can_repeat() const noexcept { return source_ && source_->make; }

BodyStream::Pieces BodyStream::begin() const {
    if (can_repeat()) return source_->make();
    if (!source_ || !source_->once)
        throw RuntimeError("the body, a generator, was sent before: give a function that makes one");
    Pieces pieces = *std::move(source_->once);
    source_->once.reset();
    return pieces;
}

}  // namespace hocket::http
