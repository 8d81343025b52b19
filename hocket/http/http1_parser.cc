// SPDX-License-Identifier: MIT
// The state machine: whole lines, each of which is checked, and bodies, whose chunks llhttp takes apart.
#include <hocket/http/http1_parser.h>

#include <hocket/http/http1_policy_internal.h>

#include <llhttp.h>
#include <string>
#include <utility>

namespace hocket::http {

namespace {

// What llhttp is told of a head before it is given chunks.
constexpr std::string_view request_with_chunks = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
constexpr std::string_view response_with_chunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

}  // namespace

// A head says how its body ends, once each of its lines was checked: nothing is left to a parser but chunks, which llhttp takes apart. It sees no line
// of a head or trailer as it came, and no chunk's line before it was checked: what its versions 8 and 9 see differently it is not asked.
class Http1Parser::State {
public:
    State(Reads what, const Limits& limits) : reads_requests_(what == Reads::requests), limits_(limits) {
        if (!limits_.body && reads_requests_) limits_.body = Limits::usual_body;
        llhttp_init(&llhttp_, reads_requests_ ? HTTP_REQUEST : HTTP_RESPONSE, &settings());
        llhttp_.data = this;
    }
    State(const State&) = delete;
    State& operator=(const State&) = delete;

    void expect_response_to(std::string_view method) {
        answers_head_ = method == "HEAD";
        answers_connect_ = method == "CONNECT";
    }

    Event next(std::string_view& input) {
        return guarded([&]() -> Event {
            for (;;) {
                switch (advance(input)) {
                    case Step::needs_input: return {};
                    case Step::goes_on: break;
                    case Step::head:
                        if (reads_requests_) return std::move(request_);
                        return std::move(response_);
                    case Step::data: return BodyData{data_};
                    case Step::end: return end_message();
                }
            }
        });
    }

    Event eof() {
        return guarded([this] {
            if (stage_ == Stage::rest || stage_ == Stage::end) return Event(end_message());
            if (!between_messages()) refuse(bad_request, std::string("the connection was closed ") + where());
            return Event();
        });
    }

    bool between_messages() const noexcept { return stage_ == Stage::start && line_.empty() && informational_ == 0; }

private:
    static constexpr std::size_t usual_fields = 8;  // memory for so many is taken at once
    static constexpr int bad_request = 400;
    static constexpr int content_too_large = 413;
    static constexpr int target_too_long = 414;
    static constexpr int fields_too_large = 431;
    static constexpr const char* no_line_end = "a CR or LF that is not part of a CRLF";

    // What the next byte belongs to.
    enum class Stage : std::uint8_t {
        start,
        fields,
        body,  // of a known length
        rest,  // the body, up to the connection's end
        chunk_size,
        chunk_data,
        chunk_end,
        trailers,
        end
    };

    // How far `advance` came: perhaps to an event.
    enum class Step : std::uint8_t { needs_input, goes_on, head, data, end };

    struct LineLimit {
        std::size_t bytes;     // without the CRLF
        int status;            // of a longer one
        const char* too_long;  // what to say of it
    };

    static const llhttp_settings_t& settings();
    static State& of(llhttp_t* llhttp) noexcept { return *static_cast<State*>(llhttp->data); }

    template <class F>
    Event guarded(const F& f) {
        if (failure_) throw ProtocolError(*failure_);
        try {
            return f();
        } catch (const Refusal& refusal) {
            const std::string what = reads_requests_ ? "read HTTP request: " : "read HTTP response: ";
            failure_.emplace(what + refusal.why, refusal.status);
        }
        throw ProtocolError(*failure_);
    }

    Step advance(std::string_view& input);
    Step read_start_line(std::string_view& input);
    bool read_fields(std::string_view& input, Headers& to);
    Step read_trailers(std::string_view& input);
    Step end_head();
    template <class Head>
    void begin_body(const Head& head);
    bool has_no_body() const noexcept;
    Step read_body(std::string_view& input);
    Step read_rest(std::string_view& input);
    Step read_chunk_size(std::string_view& input);
    Step read_chunk_data(std::string_view& input);
    Step read_chunk_end(std::string_view& input);
    MessageEnd end_message();
    void begin_message();

    // The next line, without its CRLF; false if it is not complete yet. It holds until the next call.
    bool take_line(std::string_view& input, const LineLimit& limit, std::string_view& line);
    bool complete_line(std::string_view& input, const LineLimit& limit, std::string_view& line);
    void give_to_llhttp(std::string_view bytes);
    void count_body(std::uint64_t more);
    const char* where() const noexcept;

    llhttp_t llhttp_{};
    bool reads_requests_;
    Limits limits_;
    std::optional<ProtocolError> failure_;
    std::string_view data_;       // of a body, in the input
    std::string line_;            // its beginning, if it came in several pieces
    bool is_line_taken_ = false;  // what is in line_ has been looked at
    bool answers_head_ = false;   // the next response
    bool answers_connect_ = false;
    bool is_last_ = false;  // no message may follow on this connection
    int informational_ = 0;

    // Of the current message.
    Stage stage_ = Stage::start;
    bool is_chunk_begun_ = false;  // llhttp has read the size of one
    std::size_t section_ = 0;      // bytes of the head, or of the trailers
    std::size_t extensions_ = 0;   // bytes of all chunk extensions
    std::uint64_t body_ = 0;       // bytes
    std::uint64_t left_ = 0;       // bytes of the body, if its length is known, or of the chunk
    RequestHead request_;
    ResponseHead response_;
    Headers trailers_;
};

const llhttp_settings_t& Http1Parser::State::settings() {
    static const llhttp_settings_t shared = [] {
        llhttp_settings_t s;
        llhttp_settings_init(&s);
        s.on_chunk_header = [](llhttp_t* llhttp) {
            of(llhttp).is_chunk_begun_ = true;
            of(llhttp).left_ = llhttp->content_length;
            return 0;
        };
        return s;
    }();
    return shared;
}

Http1Parser::State::Step Http1Parser::State::advance(std::string_view& input) {
    switch (stage_) {
        case Stage::start: return read_start_line(input);
        case Stage::fields:
            if (!read_fields(input, reads_requests_ ? request_.headers : response_.headers)) return Step::needs_input;
            return end_head();
        case Stage::body: return read_body(input);
        case Stage::rest: return read_rest(input);
        case Stage::chunk_size: return read_chunk_size(input);
        case Stage::chunk_data: return read_chunk_data(input);
        case Stage::chunk_end: return read_chunk_end(input);
        case Stage::trailers: return read_trailers(input);
        case Stage::end: break;
    }
    return Step::end;
}

Http1Parser::State::Step Http1Parser::State::read_start_line(std::string_view& input) {
    if (is_last_ && !input.empty()) refuse(bad_request, "bytes after the last message of the connection");
    const LineLimit limit = reads_requests_ ? LineLimit{limits_.line, target_too_long, "the request line is too long"}
                                            : LineLimit{limits_.line, bad_request, "the status line is too long"};
    std::string_view content;
    if (!take_line(input, limit, content)) return Step::needs_input;
    section_ += content.size() + 2;
    if (section_ > limits_.head) refuse(fields_too_large, "the head is too long");
    if (reads_requests_) {
        if (content.empty()) return Step::goes_on;  // RFC 9112, 2.2: there are clients that send one after a body
        const RequestLine parts = read_request_line(content);
        request_.method = parts.method;
        request_.target = parts.target;
        request_.minor_version = parts.minor_version;
    } else {
        const StatusLine parts = read_status_line(content);
        response_.status = parts.status;
        response_.reason = parts.reason;
        response_.minor_version = parts.minor_version;
    }
    (reads_requests_ ? request_.headers : response_.headers).reserve(usual_fields);
    stage_ = Stage::fields;
    return Step::goes_on;
}

// Header fields, or trailers, and the empty line after them. False: that has not come yet.
bool Http1Parser::State::read_fields(std::string_view& input, Headers& to) {
    const LineLimit limit{limits_.field, fields_too_large, "a header line is too long"};
    std::string_view content;
    while (take_line(input, limit, content)) {
        section_ += content.size() + 2;
        if (section_ > limits_.head) refuse(fields_too_large, "the head is too long");
        if (content.empty()) return true;
        const FieldLine field = read_field_line(content);
        if (stage_ == Stage::trailers) {
            check_trailer(field);
        } else {
            check_framing(field, content, to);
            if (reads_requests_) check_singleton(field, to);
        }
        if (to.size() == limits_.fields) refuse(fields_too_large, "too many header fields");
        to.add_checked(field.name, field.value);
    }
    return false;
}

Http1Parser::State::Step Http1Parser::State::read_trailers(std::string_view& input) {
    if (!read_fields(input, trailers_)) return Step::needs_input;
    give_to_llhttp("\r\n");
    stage_ = Stage::end;
    return Step::goes_on;
}

Http1Parser::State::Step Http1Parser::State::end_head() {
    reads_requests_ ? settle(request_) : settle(response_);
    section_ = 0;
    reads_requests_ ? begin_body(request_) : begin_body(response_);
    if (reads_requests_) {
        is_last_ = !request_.keep_alive;
        return Step::head;
    }
    const int status = response_.status;
    if (status / 100 == 1 && status != 101) {
        if (++informational_ > limits_.informational) refuse(bad_request, "too many 1xx responses");
        begin_message();
        return Step::goes_on;
    }
    const bool other_protocol = status == 101 || (answers_connect_ && status / 100 == 2);
    response_.keep_alive = response_.keep_alive && stage_ != Stage::rest && !other_protocol;
    is_last_ = !response_.keep_alive;
    return Step::head;
}

// RFC 9112, 6.3.
template <class Head>
void Http1Parser::State::begin_body(const Head& head) {
    left_ = head.content_length.value_or(0);
    if (has_no_body()) {
        stage_ = Stage::end;
    } else if (head.chunked) {
        llhttp_reset(&llhttp_);
        give_to_llhttp(reads_requests_ ? request_with_chunks : response_with_chunks);
        stage_ = Stage::chunk_size;
    } else if (head.content_length || reads_requests_) {
        if (limits_.body && left_ > *limits_.body) count_body(left_);
        stage_ = left_ == 0 ? Stage::end : Stage::body;
    } else {
        stage_ = Stage::rest;
    }
}

// Whatever its fields say.
bool Http1Parser::State::has_no_body() const noexcept {
    if (reads_requests_) return request_.method == "CONNECT";
    const int status = response_.status;
    return answers_head_ || status / 100 == 1 || status == 204 || status == 304 ||
           (answers_connect_ && status / 100 == 2);
}

Http1Parser::State::Step Http1Parser::State::read_body(std::string_view& input) {
    if (input.empty()) return Step::needs_input;
    data_ = input.substr(0, left_);
    count_body(data_.size());
    input.remove_prefix(data_.size());
    left_ -= data_.size();
    if (left_ == 0) stage_ = Stage::end;
    return Step::data;
}

Http1Parser::State::Step Http1Parser::State::read_rest(std::string_view& input) {
    if (input.empty()) return Step::needs_input;
    data_ = std::exchange(input, {});
    count_body(data_.size());
    return Step::data;
}

Http1Parser::State::Step Http1Parser::State::read_chunk_size(std::string_view& input) {
    constexpr std::size_t digits = 16;
    std::string_view line;
    if (!take_line(
            input,
            {limits_.chunk_extension - extensions_ + digits, content_too_large, "the chunk extensions are too long"},
            line)) {
        return Step::needs_input;
    }
    const std::size_t extensions = check_chunk_line(line);
    extensions_ += extensions;
    if (extensions_ > limits_.chunk_extension) refuse(content_too_large, "the chunk extensions are too long");
    is_chunk_begun_ = false;
    // Without the extensions, which mean nothing to us, and not all of which llhttp 8 understands.
    give_to_llhttp(line.substr(0, line.size() - extensions));
    give_to_llhttp("\r\n");
    if (!is_chunk_begun_) refuse(bad_request, "no chunk where one was expected");
    count_body(left_);
    stage_ = left_ == 0 ? Stage::trailers : Stage::chunk_data;
    return Step::goes_on;
}

Http1Parser::State::Step Http1Parser::State::read_chunk_data(std::string_view& input) {
    if (input.empty()) return Step::needs_input;
    data_ = input.substr(0, left_);
    give_to_llhttp(data_);
    input.remove_prefix(data_.size());
    left_ -= data_.size();
    if (left_ == 0) stage_ = Stage::chunk_end;
    return Step::data;
}

Http1Parser::State::Step Http1Parser::State::read_chunk_end(std::string_view& input) {
    std::string_view line;
    if (!take_line(input, {0, bad_request, "no CRLF after the data of a chunk"}, line)) return Step::needs_input;
    give_to_llhttp("\r\n");
    stage_ = Stage::chunk_size;
    return Step::goes_on;
}

MessageEnd Http1Parser::State::end_message() {
    MessageEnd end{std::move(trailers_)};
    informational_ = 0;
    answers_head_ = answers_connect_ = false;
    begin_message();
    return end;
}

void Http1Parser::State::begin_message() {
    if (std::exchange(is_line_taken_, false)) line_.clear();
    stage_ = Stage::start;
    section_ = extensions_ = 0;
    body_ = left_ = 0;
    if (reads_requests_) {
        request_ = RequestHead();
    } else {
        response_ = ResponseHead();
    }
    trailers_ = Headers();
}

bool Http1Parser::State::take_line(std::string_view& input, const LineLimit& limit, std::string_view& line) {
    if (std::exchange(is_line_taken_, false)) line_.clear();
    const std::size_t feed = input.find('\n');
    if (feed == std::string_view::npos || !line_.empty()) return complete_line(input, limit, line);
    if (feed > limit.bytes + 1) refuse(limit.status, limit.too_long);
    if (feed == 0 || input.find('\r') != feed - 1) refuse(bad_request, no_line_end);
    line = input.substr(0, feed - 1);
    input.remove_prefix(feed + 1);
    return true;
}

// One that comes in several pieces.
bool Http1Parser::State::complete_line(std::string_view& input, const LineLimit& limit, std::string_view& line) {
    const std::size_t feed = input.find('\n');
    const bool is_whole = feed != std::string_view::npos;
    const std::string_view piece = input.substr(0, is_whole ? feed + 1 : feed);
    // What is not whole yet may end in the CR.
    if (line_.size() + piece.size() > limit.bytes + (is_whole ? 2 : 1)) refuse(limit.status, limit.too_long);
    input.remove_prefix(piece.size());
    line_ += piece;
    if (!is_whole) return false;
    is_line_taken_ = true;
    if (line_.size() < 2 || line_.find('\r') != line_.size() - 2) refuse(bad_request, no_line_end);
    line = std::string_view(line_).substr(0, line_.size() - 2);
    return true;
}

void Http1Parser::State::give_to_llhttp(std::string_view bytes) {
    const llhttp_errno_t error = llhttp_execute(&llhttp_, bytes.data(), bytes.size());
    if (error == HPE_OK) return;
    const char* reason = llhttp_get_error_reason(&llhttp_);
    refuse(bad_request, reason && *reason ? reason : llhttp_errno_name(error));
}

void Http1Parser::State::count_body(std::uint64_t more) {
    // No underflow: what was counted has not exceeded the limit.
    if (limits_.body && more > *limits_.body - body_) {
        refuse(content_too_large, "the body is longer than " + std::to_string(*limits_.body) + " bytes");
    }
    body_ += more;
}

const char* Http1Parser::State::where() const noexcept {
    switch (stage_) {
        case Stage::start: return line_.empty() ? "before the final response" : "within the first line";
        case Stage::fields: return "within the header fields";
        case Stage::trailers: return "within the trailers";
        default: return "within the body";
    }
}

Http1Parser::Http1Parser(Reads what, const Limits& limits) : state_(Unique<State>::make(what, limits)) {}
Http1Parser::Http1Parser(Http1Parser&&) noexcept = default;
Http1Parser& Http1Parser::operator=(Http1Parser&&) noexcept = default;
Http1Parser::~Http1Parser() = default;

void Http1Parser::expect_response_to(std::string_view method) { state_->expect_response_to(method); }
Event Http1Parser::next(std::string_view& input) { return state_->next(input); }
Event Http1Parser::eof() { return state_->eof(); }
bool Http1Parser::between_messages() const noexcept { return state_->between_messages(); }

}  // namespace hocket::http
