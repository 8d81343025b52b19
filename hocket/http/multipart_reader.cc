// SPDX-License-Identifier: MIT
// Reading parts from where a body comes from.
#include <hocket/http/multipart.h>

#include <hocket/base/errors.h>
#include <hocket/http/errors.h>
#include <hocket/http/text.h>

#include <utility>

namespace hocket::http {

struct BodyPart::Reading {
    MultipartReader::Source source;
    MultipartParser parser;
    std::string bytes = {};      // the piece that is being read
    std::string_view left = {};  // of it
    std::size_t number = 0;      // of the part
    std::string gathered = {};   // of the part, by a `read` that was cancelled
    bool is_in_part = false;
    bool has_ended = false;

    /// The next event; none never.
    Coro<PartEvent> event() {
        for (;;) {
            PartEvent found = parser.next(left);
            if (!std::holds_alternative<std::monostate>(found)) co_return found;
            auto piece = co_await source();
            if (!piece) parser.finish();
            bytes = piece.value_or("");
            left = bytes;
        }
    }
};

BodyPart::BodyPart(Shared<Reading> reading, std::size_t number, PartHead head) noexcept
    : reading_(std::move(reading)), number_(number), head_(std::move(head)) {}

void BodyPart::check() const {
    if (reading_->number != number_)
        throw RuntimeError("the part " + in_quotes(head_.name) + " is over: the reader has gone on");
}

Coro<std::optional<std::string>> BodyPart::next() const {
    const Shared<Reading> reading = reading_;
    check();
    if (!reading->gathered.empty()) co_return std::exchange(reading->gathered, {});
    if (!reading->is_in_part) co_return std::nullopt;
    const PartEvent event = co_await reading->event();
    if (const auto* data = std::get_if<PartData>(&event)) co_return std::string(data->bytes);
    reading->is_in_part = false;
    co_return std::nullopt;
}

Coro<std::string> BodyPart::read(std::size_t most) const {
    const BodyPart part = *this;
    const Shared<Reading> reading = reading_;
    part.check();
    while (reading->is_in_part) {
        const PartEvent event = co_await reading->event();
        const auto* const data = std::get_if<PartData>(&event);
        if (!data) {
            reading->is_in_part = false;
            break;
        }
        reading->gathered += data->bytes;
        if (reading->gathered.size() > most) {
            throw ProtocolError("read multipart: the part " + in_quotes(part.name()) + " has more than " +
                                    std::to_string(most) + " bytes",
                                413);
        }
    }
    co_return std::exchange(reading->gathered, {});
}

MultipartReader::MultipartReader(const Headers& headers, Source source, const MultipartLimits& limits)
    : reading_(Shared<BodyPart::Reading>(Unique<BodyPart::Reading>(new BodyPart::Reading{
          .source = std::move(source), .parser = MultipartParser(multipart_boundary(headers), limits)}))) {}

MultipartReader::~MultipartReader() = default;

Coro<std::optional<BodyPart>> MultipartReader::next() {
    const Shared<BodyPart::Reading> reading = reading_;
    while (!reading->has_ended) {
        PartEvent event = co_await reading->event();
        if (auto* head = std::get_if<PartHead>(&event)) {
            reading->is_in_part = true;
            reading->gathered.clear();
            co_return BodyPart(reading, ++reading->number, std::move(*head));
        }
        if (std::holds_alternative<PartEnd>(event)) reading->is_in_part = false;
        reading->has_ended = std::holds_alternative<MultipartEnd>(event);
    }
    co_return std::nullopt;
}

}  // namespace hocket::http
