// SPDX-License-Identifier: MIT
// Names of codings, what Accept-Encoding prefers, and the chain of decoders within its limits.
#include <hocket/http/content_encoding.h>

#include <hocket/base/errors.h>
#include <hocket/http/content_encoding_internal.h>
#include <hocket/http/errors.h>
#include <hocket/http/reading_internal.h>
#include <hocket/http/text.h>

#include <algorithm>
#include <array>
#include <exception>

namespace hocket::http {

namespace {

// In the order in which a server prefers them.
constexpr std::array preference = {ContentCoding::zstd, ContentCoding::br, ContentCoding::gzip, ContentCoding::deflate};

// RFC 9110, 12.4.2, in thousandths: `0.5` is 500. What is no weight is 0.
int weight_of(std::string_view text) noexcept {
    if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return 0;
    if (text.size() > 1 && text[1] != '.') return 0;
    int weight = (text[0] - '0') * 1000;
    int unit = 100;
    for (const char c : text.substr(std::min<std::size_t>(2, text.size()))) {
        if (c < '0' || c > '9') return 0;
        weight += (c - '0') * unit;
        unit /= 10;
    }
    return weight <= 1000 ? weight : 0;
}

struct Accepted {
    std::string_view name;
    int weight;
};

// `gzip;q=0.5`
Accepted accepted(std::string_view element) noexcept {
    const std::size_t semicolon = element.find(';');
    if (semicolon == std::string_view::npos) return {element, 1000};
    const std::string_view parameter = trim(element.substr(semicolon + 1));
    const bool is_weight = parameter.size() > 2 && (parameter[0] == 'q' || parameter[0] == 'Q') && parameter[1] == '=';
    return {trim(element.substr(0, semicolon)), is_weight ? weight_of(parameter.substr(2)) : 0};
}

}  // namespace

std::string_view coding_name(ContentCoding coding) noexcept {
    switch (coding) {
        case ContentCoding::gzip: return "gzip";
        case ContentCoding::deflate: return "deflate";
        case ContentCoding::br: return "br";
        case ContentCoding::zstd: break;
    }
    return "zstd";
}

std::optional<ContentCoding> coding_of(std::string_view name) noexcept {
    if (equal_without_case(name, "x-gzip")) return ContentCoding::gzip;
    for (const ContentCoding coding : preference) {
        if (equal_without_case(name, coding_name(coding))) return coding;
    }
    return std::nullopt;
}

std::optional<std::vector<ContentCoding>> content_codings(const Headers& headers) {
    std::vector<ContentCoding> codings;
    for (const Headers::Field field : headers) {
        if (!equal_without_case(field.name, "Content-Encoding")) continue;
        for (std::string_view list = field.value; !list.empty();) {
            const std::string_view name = take_element(list);
            if (name.empty() || equal_without_case(name, "identity")) continue;
            const auto coding = coding_of(name);
            if (!coding) return std::nullopt;
            codings.push_back(*coding);
        }
    }
    return codings;
}

std::vector<ContentCoding> accepted_codings(const Headers& headers, std::span<const ContentCoding> offered) {
    constexpr int unsaid = -1;
    std::vector<int> weights(offered.size(), unsaid);
    int of_others = unsaid;
    int as_it_is = unsaid;
    for (const Headers::Field field : headers) {
        if (!equal_without_case(field.name, "Accept-Encoding")) continue;
        for (std::string_view list = field.value; !list.empty();) {
            const auto [name, weight] = accepted(take_element(list));
            if (name == "*") of_others = weight;
            if (equal_without_case(name, "identity")) as_it_is = weight;
            const auto found = std::ranges::find(offered, coding_of(name));
            if (found != offered.end()) weights[static_cast<std::size_t>(found - offered.begin())] = weight;
        }
    }
    std::vector<std::pair<int, std::size_t>> best;  // by the weight, then as they were offered
    for (std::size_t i = 0; i < offered.size(); ++i) {
        const int weight = weights[i] == unsaid ? of_others : weights[i];
        // What is as good as the body as it is, is better: it is shorter.
        if (weight > 0 && weight >= as_it_is) best.emplace_back(-weight, i);
    }
    std::ranges::sort(best);
    std::vector<ContentCoding> codings;
    codings.reserve(best.size());
    for (const auto& [weight, i] : best) codings.push_back(offered[i]);
    return codings;
}

std::optional<ContentCoding> preferred_coding(const Headers& headers) {
    const std::vector<ContentCoding> codings = accepted_codings(headers, preference);
    if (codings.empty()) return std::nullopt;
    return codings.front();
}

// ---- Decoding

class Decoder::Chain {
public:
    Chain(const std::vector<ContentCoding>& codings, const DecodeLimits& limits) : limits_(limits) {
        if (codings.empty()) throw ValueError("Decoder: there is no coding to decode");
        if (codings.size() > limits.codings) {
            throw ProtocolError("decode a body: " + std::to_string(codings.size()) +
                                " codings, one over the other, and " + std::to_string(limits.codings) + " are allowed");
        }
        for (auto coding = codings.rbegin(); coding != codings.rend(); ++coding) {
            stages_.push_back({.coding = *coding, .stage = make_decoder(*coding)});
        }
    }

    void feed(std::string_view bytes) {
        if (error_) std::rethrow_exception(error_);
        fed_ += bytes.size();
        Link& first = stages_.front();
        first.buffer.erase(0, first.buffer.size() - first.left);
        first.buffer += bytes;
        first.left = first.buffer.size();
    }

    std::size_t read(std::string& to, std::size_t most) {
        const std::size_t before = to.size();
        std::size_t room = std::min(most, first_room);
        to.resize(before + room);
        std::size_t size = 0;
        try {
            if (error_) std::rethrow_exception(error_);
            while (size < most) {
                if (size == room) {
                    room = std::min(most, 4 * room);
                    to.resize(before + room);
                }
                const std::size_t more = pull(stages_.size() - 1, to.data() + before + size, room - size);
                if (more == 0) break;
                size += more;
            }
        } catch (const std::exception&) {
            to.resize(before);
            error_ = std::current_exception();
            throw;
        }
        to.resize(before + size);
        return size;
    }

    void finish() {
        if (error_) std::rethrow_exception(error_);
        if (fed_ == 0) return;
        for (const Link& link : stages_) {
            if (!link.stage->is_whole()) fail(link, "the data ends early", 400);
        }
    }

private:
    static constexpr std::size_t first_room = 1 << 10;  // a chunk of a few bytes most often becomes no more

    struct Link {
        ContentCoding coding;
        Unique<DecoderStage> stage;
        std::string buffer = {};  // what it reads
        std::size_t left = 0;     // bytes at the buffer's end that it has not taken yet
        std::uint64_t given = 0;
    };

    std::size_t pull(std::size_t place, char* to, std::size_t room) {
        constexpr std::size_t between = 16 << 10;
        Link& link = stages_[place];
        for (;;) {
            std::string_view input = std::string_view(link.buffer).substr(link.buffer.size() - link.left);
            const std::size_t size = link.stage->run(input, to, room);
            link.left = input.size();
            link.given += size;
            check(link);
            if (size > 0 || place == 0) return size;
            link.buffer.resize(between);
            link.left = 0;
            const std::size_t more = pull(place - 1, link.buffer.data(), between);
            link.buffer.resize(more);
            link.left = more;
            if (more == 0) return 0;
        }
    }

    void check(const Link& link) {
        if (link.given > limits_.size) fail(link, "more than " + std::to_string(limits_.size) + " bytes", 413);
        if (link.given > limits_.allowance && link.given / std::max<std::uint64_t>(limits_.ratio, 1) >= fed_) {
            fail(link,
                 "more than " + std::to_string(limits_.ratio) + " times the " + std::to_string(fed_) +
                     " bytes that came",
                 413);
        }
    }

    [[noreturn]] void fail(const Link& link, const std::string& why, int status) {
        error_ = std::make_exception_ptr(
            ProtocolError("decode " + std::string(coding_name(link.coding)) + ": " + why, status));
        std::rethrow_exception(error_);
    }

    const DecodeLimits limits_;
    std::vector<Link> stages_;  // the first takes what is fed, the last gives what is read
    std::uint64_t fed_ = 0;
    std::exception_ptr error_;
};

Decoder::Decoder(ContentCoding coding, const DecodeLimits& limits)
    : Decoder(std::vector<ContentCoding>{coding}, limits) {}
Decoder::Decoder(const std::vector<ContentCoding>& codings, const DecodeLimits& limits)
    : chain_(Unique<Chain>::make(codings, limits)) {}
Decoder::Decoder(Decoder&&) noexcept = default;
Decoder& Decoder::operator=(Decoder&&) noexcept = default;
Decoder::~Decoder() = default;

void Decoder::feed(std::string_view bytes) { chain_->feed(bytes); }
std::size_t Decoder::read(std::string& to, std::size_t most) { return chain_->read(to, most); }
void Decoder::finish() { chain_->finish(); }

}  // namespace hocket::http
