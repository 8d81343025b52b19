// SPDX-License-Identifier: MIT
// The state machine around llhttp: whole lines, each checked before llhttp sees it, and bodies.
#include <hocket/http/http1_parser.h>

#include <hocket/http/http1_policy_internal.h>

#include <llhttp.h>
#include <charconv>
#include <string>
#include <utility>

namespace hocket::http {

namespace {

// What llhttp is told of a head: all that makes a difference to where the message ends, in a form that every version of it reads in the
// same way.

class PlainHead {
public:
    explicit PlainHead(const RequestHead& head) noexcept {
        add(head.method == "CONNECT" ? "CONNECT a:1" : "GET /");
        add(head.minor_version == 0 ? " HTTP/1.0\r\n" : " HTTP/1.1\r\n");
        add_framing(head);
    }
    explicit PlainHead(const ResponseHead& head) noexcept {
        add(head.minor_version == 0 ? "HTTP/1.0 " : "HTTP/1.1 ");
        add(static_cast<std::uint64_t>(head.status));
        add(" OK\r\n");
        add_framing(head);
    }
    std::string_view text() const noexcept { return {text_, size_}; }

private:
    template <class Head>
    void add_framing(const Head& head) noexcept {
        if (head.chunked) add("Transfer-Encoding: chunked\r\n");
        if (head.content_length) {
            add("Content-Length: ");
            add(*head.content_length);
            add("\r\n");
        }
        add("\r\n");
    }
    void add(std::string_view part) noexcept { size_ += part.copy(text_ + size_, sizeof text_ - size_); }
    void add(std::uint64_t number) noexcept {
        size_ = static_cast<std::size_t>(std::to_chars(text_ + size_, text_ + sizeof text_, number).ptr - text_);
    }

    char text_[128];  // more than the longest of each
    std::size_t size_ = 0;
};

}  // namespace

// llhttp decides where a message ends, and the chunks in it. It sees no line of a head or trailer as it came, and no chunk's line before it
// was checked: what its versions 8 and 9 see differently it is not asked. Of its many callbacks only the three are used that say what comes
// next.
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
        return guarded([&] {
            while (advance(input)) {
                if (event_.index() != 0) return std::exchange(event_, Event());
            }
            return Event();
        });
    }

    Event eof() {
        return guarded([this] {
            if (stage_ == Stage::body) llhttp_finish(&llhttp_);  // which knows whether the body ends so
            if (is_complete_) return Event(end_message());
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

    // What the next byte belongs to.
    enum class Stage : std::uint8_t { start, fields, body, chunk_size, chunk_data, chunk_end, trailers, end };

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

    // Takes one step, perhaps to an event. Returns false if that needs more input.
    bool advance(std::string_view& input);
    bool read_start_line(std::string_view& input);
    bool read_field(std::string_view& input, Headers& to, Stage after);
    void end_head();
    bool read_body(std::string_view& input);
    bool read_chunk_size(std::string_view& input);
    bool read_chunk_data(std::string_view& input);
    bool read_chunk_end(std::string_view& input);
    MessageEnd end_message();
    void begin_message();

    // The next line, with its CRLF; nothing if it is not complete yet. It holds until the next call.
    std::optional<std::string_view> take_line(std::string_view& input, const LineLimit& limit);
    // How many bytes it took: all, but of a body no more than belong to it.
    std::size_t give_to_llhttp(std::string_view bytes);
    int headers_complete() const noexcept;
    void count_body(std::uint64_t more);
    const char* where() const noexcept;

    llhttp_t llhttp_{};
    bool reads_requests_;
    Limits limits_;
    std::optional<ProtocolError> failure_;
    Event event_;
    std::string line_;            // its beginning, if it came in several pieces
    bool is_line_taken_ = false;  // what is in line_ has been looked at
    bool answers_head_ = false;   // the next response
    bool answers_connect_ = false;
    bool is_last_ = false;  // no message may follow on this connection
    int informational_ = 0;

    // Of the current message.
    Stage stage_ = Stage::start;
    bool is_complete_ = false;     // llhttp has seen its end
    bool is_chunk_begun_ = false;  // llhttp has read the size of one
    std::size_t section_ = 0;      // bytes of the head, or of the trailers
    std::size_t extensions_ = 0;   // bytes of all chunk extensions
    std::uint64_t body_ = 0;       // bytes
    std::uint64_t chunk_left_ = 0;
    RequestHead request_;
    ResponseHead response_;
    Headers trailers_;
};

const llhttp_settings_t& Http1Parser::State::settings() {
    static const llhttp_settings_t shared = [] {
        llhttp_settings_t s;
        llhttp_settings_init(&s);
        s.on_headers_complete = [](llhttp_t* llhttp) { return of(llhttp).headers_complete(); };
        s.on_chunk_header = [](llhttp_t* llhttp) {
            of(llhttp).is_chunk_begun_ = true;
            of(llhttp).chunk_left_ = llhttp->content_length;
            return 0;
        };
        s.on_message_complete = [](llhttp_t* llhttp) {
            of(llhttp).is_complete_ = true;
            return static_cast<int>(HPE_PAUSED);  // here, so that it takes nothing of the next message
        };
        return s;
    }();
    return shared;
}

// llhttp's convention: 1 for a message that has no body whatever its fields say, 2 if another protocol follows.
int Http1Parser::State::headers_complete() const noexcept {
    if (reads_requests_) return 0;
    const int status = response_.status;
    if (answers_connect_ && status / 100 == 2) return 2;
    return answers_head_ || status / 100 == 1 || status == 204 || status == 304 ? 1 : 0;
}

bool Http1Parser::State::advance(std::string_view& input) {
    switch (stage_) {
        case Stage::start: return read_start_line(input);
        case Stage::fields:
            return read_field(input, reads_requests_ ? request_.headers : response_.headers, Stage::body);
        case Stage::body: return read_body(input);
        case Stage::chunk_size: return read_chunk_size(input);
        case Stage::chunk_data: return read_chunk_data(input);
        case Stage::chunk_end: return read_chunk_end(input);
        case Stage::trailers: return read_field(input, trailers_, Stage::end);
        case Stage::end: event_ = end_message(); return true;
    }
    return false;
}

bool Http1Parser::State::read_start_line(std::string_view& input) {
    if (is_last_ && !input.empty()) refuse(bad_request, "bytes after the last message of the connection");
    const auto line =
        take_line(input, reads_requests_ ? LineLimit{limits_.line, target_too_long, "the request line is too long"}
                                         : LineLimit{limits_.line, bad_request, "the status line is too long"});
    if (!line) return false;
    const std::string_view content = line->substr(0, line->size() - 2);
    section_ += line->size();
    if (section_ > limits_.head) refuse(fields_too_large, "the head is too long");
    if (reads_requests_) {
        if (content.empty()) return true;  // RFC 9112, 2.2: there are clients that send one after a body
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
    return true;
}

// A header field, or a trailer, or the empty line after them.
bool Http1Parser::State::read_field(std::string_view& input, Headers& to, Stage after) {
    const auto line = take_line(input, {limits_.field, fields_too_large, "a header line is too long"});
    if (!line) return false;
    const std::string_view content = line->substr(0, line->size() - 2);
    section_ += line->size();
    if (section_ > limits_.head) refuse(fields_too_large, "the head is too long");
    if (!content.empty()) {
        const FieldLine field = read_field_line(content);
        if (stage_ == Stage::trailers) {
            check_trailer(field);
        } else {
            check_framing(field, content, to);
            if (reads_requests_) check_singleton(field, to);
        }
        if (to.size() == limits_.fields) refuse(fields_too_large, "too many header fields");
        to.add_checked(field.name, field.value);
        return true;
    }
    stage_ = after;
    if (after == Stage::body) {
        end_head();
    } else {
        give_to_llhttp(*line);
    }
    return true;
}

void Http1Parser::State::end_head() {
    reads_requests_ ? settle(request_) : settle(response_);
    give_to_llhttp((reads_requests_ ? PlainHead(request_) : PlainHead(response_)).text());
    const bool chunked = reads_requests_ ? request_.chunked : response_.chunked;
    const auto length = reads_requests_ ? request_.content_length : response_.content_length;
    section_ = 0;
    if (is_complete_) {
        stage_ = Stage::end;
    } else if (chunked) {
        stage_ = Stage::chunk_size;
    } else if (limits_.body && length.value_or(0) > *limits_.body) {
        count_body(*length);
    }
    if (reads_requests_) {
        is_last_ = !request_.keep_alive;
        event_ = std::move(request_);
        return;
    }
    const int status = response_.status;
    if (status / 100 == 1 && status != 101) {
        if (++informational_ > limits_.informational) refuse(bad_request, "too many 1xx responses");
        begin_message();
        return;
    }
    const bool other_protocol = status == 101 || (answers_connect_ && status / 100 == 2);
    const bool has_end = is_complete_ || chunked || length;
    response_.keep_alive = response_.keep_alive && has_end && !other_protocol;
    is_last_ = !response_.keep_alive;
    event_ = std::move(response_);
}

bool Http1Parser::State::read_body(std::string_view& input) {
    if (input.empty()) return false;
    const std::size_t size = give_to_llhttp(input);
    count_body(size);
    event_ = BodyData{input.substr(0, size)};
    input.remove_prefix(size);
    if (is_complete_) stage_ = Stage::end;
    return true;
}

bool Http1Parser::State::read_chunk_size(std::string_view& input) {
    constexpr std::size_t digits = 16;
    const auto line = take_line(input, {limits_.chunk_extension - extensions_ + digits, content_too_large,
                                        "the chunk extensions are too long"});
    if (!line) return false;
    const std::size_t extensions = check_chunk_line(line->substr(0, line->size() - 2));
    extensions_ += extensions;
    if (extensions_ > limits_.chunk_extension) refuse(content_too_large, "the chunk extensions are too long");
    is_chunk_begun_ = false;
    // Without the extensions, which mean nothing to us, and not all of which llhttp 8 understands.
    give_to_llhttp(line->substr(0, line->size() - 2 - extensions));
    give_to_llhttp("\r\n");
    if (!is_chunk_begun_) refuse(bad_request, "no chunk where one was expected");
    count_body(chunk_left_);
    stage_ = chunk_left_ == 0 ? Stage::trailers : Stage::chunk_data;
    return true;
}

bool Http1Parser::State::read_chunk_data(std::string_view& input) {
    if (input.empty()) return false;
    const std::string_view data = input.substr(0, chunk_left_);
    give_to_llhttp(data);
    event_ = BodyData{data};
    input.remove_prefix(data.size());
    chunk_left_ -= data.size();
    if (chunk_left_ == 0) stage_ = Stage::chunk_end;
    return true;
}

bool Http1Parser::State::read_chunk_end(std::string_view& input) {
    const auto line = take_line(input, {0, bad_request, "no CRLF after the data of a chunk"});
    if (!line) return false;
    give_to_llhttp(*line);
    stage_ = Stage::chunk_size;
    return true;
}

MessageEnd Http1Parser::State::end_message() {
    MessageEnd end{std::move(trailers_)};
    informational_ = 0;
    answers_head_ = answers_connect_ = false;
    begin_message();
    return end;
}

void Http1Parser::State::begin_message() {
    llhttp_reset(&llhttp_);
    if (std::exchange(is_line_taken_, false)) line_.clear();
    stage_ = Stage::start;
    is_complete_ = false;
    section_ = extensions_ = 0;
    body_ = chunk_left_ = 0;
    if (reads_requests_) {
        request_ = RequestHead();
    } else {
        response_ = ResponseHead();
    }
    trailers_ = Headers();
}

std::optional<std::string_view> Http1Parser::State::take_line(std::string_view& input, const LineLimit& limit) {
    if (std::exchange(is_line_taken_, false)) line_.clear();
    const std::size_t feed = input.find('\n');
    const bool is_whole = feed != std::string_view::npos;
    std::string_view line = input.substr(0, is_whole ? feed + 1 : feed);
    // What is not whole yet may end in the CR.
    if (line_.size() + line.size() > limit.bytes + (is_whole ? 2 : 1)) refuse(limit.status, limit.too_long);
    input.remove_prefix(line.size());
    if (!is_whole || !line_.empty()) {
        line_ += line;
        if (!is_whole) return std::nullopt;
        line = line_;
        is_line_taken_ = true;
    }
    if (line.size() < 2 || line.find('\r') != line.size() - 2)
        refuse(bad_request, "a CR or LF that is not part of a CRLF");
    return line;
}

std::size_t Http1Parser::State::give_to_llhttp(std::string_view bytes) {
    const llhttp_errno_t error = llhttp_execute(&llhttp_, bytes.data(), bytes.size());
    if (error == HPE_OK) return bytes.size();
    if (is_complete_ && (error == HPE_PAUSED || error == HPE_PAUSED_UPGRADE)) {
        return static_cast<std::size_t>(llhttp_get_error_pos(&llhttp_) - bytes.data());
    }
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
