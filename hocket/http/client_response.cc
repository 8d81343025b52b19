// SPDX-License-Identifier: MIT
// Reading a response's body, and giving its connection back at the end.
#include <hocket/http/client_response.h>

#include <hocket/core/event_loop.h>
#include <hocket/flow/shield.h>
#include <hocket/flow/timeout.h>
#include <hocket/http/client_response_internal.h>
#include <hocket/http/content_type_internal.h>
#include <hocket/http/http1_writer.h>

#include <algorithm>
#include <charconv>
#include <variant>

namespace hocket::http {

namespace {

constexpr std::size_t most_reserved = 4 << 20;  // on the word of a server

using Wanted = ResponseState::Wanted;

Coro<std::string> read_whole(ResponseHandle response) {
    ResponseState& state = *response;
    state.begin_read(Wanted::all);
    // Most bodies have come together with the head: then there is nothing to wait for.
    if (state.is_sending()) {
        co_await state.read_while_sending(Wanted::all);
    } else if (!state.take_arrived(Wanted::all)) {
        co_await state.wait_for(Wanted::all);
    }
    co_return state.taken(Wanted::all);
}

Coro<std::optional<std::string>> read_piece(ResponseHandle response) {
    ResponseState& state = *response;
    state.begin_read(Wanted::some);
    if (state.is_sending()) {
        co_await state.read_while_sending(Wanted::some);
    } else if (!state.take_arrived(Wanted::some)) {
        co_await state.wait_for(Wanted::some);
    }
    std::string piece = state.taken(Wanted::some);
    if (piece.empty()) co_return std::nullopt;
    co_return piece;
}

Coro<std::optional<std::string>> read_line(ResponseHandle response, std::size_t limit) {
    ResponseState& state = *response;
    state.begin_read(Wanted::line);
    auto line = state.take_line(limit);
    while (!line) {
        if (state.is_sending()) {
            co_await state.read_while_sending(Wanted::line);
        } else if (!state.take_arrived(Wanted::line)) {
            co_await state.wait_for(Wanted::line);
        }
        line = state.take_line(limit);
        if (!line && state.has_all()) break;
    }
    co_return line;
}

Coro<std::string> read_text(ResponseHandle response) {
    std::string text = co_await read_whole(response);
    co_return to_utf_8(std::move(text), charset_of(response->head.headers));
}

}  // namespace

std::string in_seconds(Duration span) {
    char seconds[32];
    const auto [end, error] = std::to_chars(seconds, seconds + sizeof seconds, static_cast<double>(span.count()) / 1e9);
    return std::string(seconds, end) + " s";
}

std::string Deadline::text() const { return "timed out after " + in_seconds(limit); }

// ---- The state

ResponseState::ResponseState(const RequestName& n, ResponseHead&& h, Lease&& lease, const Deadline& deadline,
                             Shared<ClientTrace> trace)
    : name(n),
      head(std::move(h)),
      peername(lease->transport()->peername()),
      tls(name.url.scheme() == "https" ? lease->tls() : nullptr),
      sending_(lease->sending()),
      is_streaming_(lease->is_streaming()),
      lease_(std::move(lease)),
      deadline_(deadline),
      trace_(std::move(trace)) {
    if (head.reason.empty()) head.reason = reason_phrase(head.status);
    if (lease_->is_complete()) end_body();
}

void ResponseState::end_body() noexcept {
    is_ended_ = true;
    tell(trace_, Trace::body_end, head.status);
    if (!sending_ || sending_.done() || lease_->is_cut() || !this_loop) return lease_.keep();
    sending_end_ = Shared<SendingEnd>::make();
    keeper_ = create_task(keep_when_sent(std::move(lease_), sending_, deadline_.when, sending_end_),
                          {.name = "rest of the body of an HTTP request"});
}

// What a success has overtaken is sent all the same. A task has it, since nobody need wait.
Coro<> ResponseState::keep_when_sent(Lease lease, Task<> sending, std::optional<TimePoint> when,
                                     Shared<SendingEnd> end) {
    try {
        co_await timeout_at(when, all_sent(lease->transport(), sending));
    } catch (const TimeoutError&) {
        end->is_late = true;
    } catch (const CancelledError&) {
        lease->stop_sending();
    }
    end->error = lease->body_error();
    end->is_taken_away = lease->is_taken_away;
    if (sending.done()) co_return lease.keep();
    lease.close();
    co_await end_of(sending);
}

Coro<> ResponseState::finish_sending() {
    const Task<> keeper = keeper_;
    if (!keeper) co_return;
    try {
        co_await shield(keeper);
    } catch (const CancelledError&) {
        if (!keeper.cancelled() || current_task().cancelling() > 0) throw;
    }
    keeper_ = Task<>();
    if (keeper.cancelled()) fail<ClientConnectionError>("the response was closed");  // before it began
    if (sending_end_->is_late) fail<TimeoutError>(deadline_.text());
    if (sending_end_->is_taken_away) fail<ClientConnectionError>("the session was closed");
    failure_ = sending_end_->error;
    if (failure_) std::rethrow_exception(failure_);
}

void ResponseState::decode_within(const DecodeLimits& limits) {
    constexpr int partial_content = 206;
    if (is_ended_ || head.status == partial_content) return;
    const auto codings = content_codings(head.headers);
    if (!codings || codings->empty()) return;
    try {
        decoder_.emplace(*codings, limits);
    } catch (const ProtocolError& e) {
        set_failure<ClientPayloadError>(e.what());
    }
}

bool ResponseState::has_what_is(Wanted wanted) const noexcept { return has_all() || has_any_of(wanted); }

bool ResponseState::take_arrived(Wanted wanted) {
    if (decoder_) decode(wanted);
    try {
        // What is compressed is taken as it is wanted, since little of it may be much.
        while (lease_ && !(decoder_ && has_what_is(wanted))) {
            const Event event = lease_->next_event();
            if (const auto* data = std::get_if<BodyData>(&event)) {
                take(*data, wanted);
            } else if (std::holds_alternative<MessageEnd>(event)) {
                end_body();
                if (decoder_) decode(wanted);
            } else {
                break;
            }
        }
    } catch (const Lost& lost) {
        set_failure<ClientConnectionError>(lost.why);
    } catch (const ProtocolError& e) {
        set_failure<ClientPayloadError>(lease_->has_ended() ? ended_early() : e.what());
    }
    throw_failure_behind(wanted);
    return has_what_is(wanted);
}

void ResponseState::decode(Wanted wanted) {
    try {
        while (!has_any_of(wanted)) {
            if (decoder_->read(arrived_) > 0) continue;
            if (!is_ended_) return;
            decoder_->finish();
            decoder_.reset();
            return;
        }
    } catch (const ProtocolError& e) {
        fail<ClientPayloadError>(e.what());
    }
}

std::string ResponseState::ended_early() const {
    std::string bytes = std::to_string(received_);
    if (head.content_length) bytes += " of " + std::to_string(*head.content_length);
    return "the server closed the connection after " + bytes + " bytes of the body";
}

void ResponseState::take(const BodyData& data, Wanted wanted) {
    if (received_ == 0 && wanted == Wanted::all && head.content_length) {
        arrived_.reserve(std::min<std::uint64_t>(*head.content_length, most_reserved));
    }
    received_ += data.bytes.size();
    if (decoder_) {
        decoder_->feed(data.bytes);
        decode(wanted);
    } else {
        arrived_ += data.bytes;
    }
}

// How many bytes are sure to come.
std::size_t ResponseState::missing() const noexcept {
    if (!head.content_length || *head.content_length <= received_) return 1;
    return static_cast<std::size_t>(*head.content_length - received_);
}

Coro<> ResponseState::wait_without_limit(Wanted wanted) {
    do {
        co_await lease_->more(missing());
        if (failure_) std::rethrow_exception(failure_);
    } while (!take_arrived(wanted));
}

Coro<> ResponseState::wait_for(Wanted wanted) {
    try {
        co_await timeout_at(deadline_.when, wait_without_limit(wanted));
    } catch (const ReadTimeout& e) {
        failure_ = std::current_exception();
        tell(trace_, Trace::body_error, head.status, e.what());
        lease_.close();
        throw_failure();
    } catch (const TimeoutError&) {
        fail<TimeoutError>(deadline_.text());
    } catch (const OSError& e) {
        fail<ClientPayloadError>(e.what());
    }
}

Coro<> ResponseState::read_while_sending(Wanted wanted) {
    std::exception_ptr error;
    try {
        if (!take_arrived(wanted)) co_await wait_for(wanted);
    } catch (...) {
        error = std::current_exception();
    }
    if (error) {
        if (is_over() && !keeper_) co_await end_sending();
        std::rethrow_exception(error);
    }
    // What the last bytes are wanted for is not held up.
    if (is_ended_ && (wanted == Wanted::all || !has_any_of(Wanted::some))) co_await finish_sending();
}

template <class Error>
void ResponseState::set_failure(const std::string& why) {
    if (lease_) failure_ = lease_->body_error();
    if (!failure_) failure_ = std::make_exception_ptr(Error(name.text() + ": " + why));
    tell(trace_, Trace::body_error, head.status, why);
    lease_.close();
}

template <class Error>
void ResponseState::fail(const std::string& why) {
    set_failure<Error>(why);
    throw_failure();
}

// What has come before it is given first, and nothing after it.
void ResponseState::throw_failure_behind(Wanted wanted) {
    if (failure_ && !has_any_of(wanted)) throw_failure();
}

void ResponseState::throw_failure() {
    static_cast<void>(taken(Wanted::some));
    std::rethrow_exception(failure_);
}

void ResponseState::begin_read(Wanted wanted) {
    throw_failure_behind(wanted);
    if (wanted == Wanted::all && is_taken_) {
        throw RuntimeError(name.text() + ": the body was read already: keep what the first read gave");
    }
}

std::string ResponseState::taken(Wanted wanted) noexcept {
    is_taken_ = is_taken_ || wanted == Wanted::all;
    forget_given();
    searched_ = 0;
    return std::exchange(arrived_, {});
}

void ResponseState::forget_given() noexcept {
    arrived_.erase(0, given_);
    searched_ -= given_;
    given_ = 0;
}

std::optional<std::string> ResponseState::take_line(std::size_t limit) {
    const std::size_t end = arrived_.find('\n', searched_);
    const bool is_whole = end != std::string::npos;
    searched_ = is_whole ? end : arrived_.size();
    // A CR may be the half of a line end, of which the other half is still to come.
    std::string_view line = std::string_view(arrived_).substr(given_, searched_ - given_);
    const bool has_cr = line.ends_with('\r') && !(has_all() && !is_whole);
    if (line.size() - has_cr > limit)
        throw ValueError(name.text() + ": a line of the body has more than " + std::to_string(limit) + " bytes");
    if (is_whole) {
        std::string text(line.substr(0, line.size() - has_cr));
        given_ = ++searched_;
        return text;
    }
    // What is left is moved to the front before more is read, and not for each line.
    forget_given();
    if (!has_all() || arrived_.empty()) return std::nullopt;
    searched_ = 0;
    return std::exchange(arrived_, {});
}

void ResponseState::release() noexcept {
    decoder_.reset();
    try {
        if (lease_ && !take_arrived(Wanted::all)) lease_.close();
    } catch (...) {  // malformed, or the request's body has failed, and nobody wants to know
        return;
    }
    if (keeper_ && is_streaming_) keeper_.cancel();  // a generator may refer to what the caller had
}

void ResponseState::close() noexcept {
    if (keeper_) keeper_.cancel();
    if (is_ended_ || failure_) return;
    failure_ = std::make_exception_ptr(ClientConnectionError(name.text() + ": the response was closed"));
    static_cast<void>(taken(Wanted::some));
    lease_.close();
}

// ---- Handles

ResponseHandle::ResponseHandle(const ResponseHandle& other) noexcept : state_(other.state_) {
    if (state_) state_->share();
}

ResponseHandle::~ResponseHandle() {
    if (state_) state_->drop();
}

ResponseState& ResponseHandle::operator*() const {
    if (!state_) throw RuntimeError("this response was moved away");
    return *state_;
}

int ClientResponse::status() const { return state_->head.status; }
std::string_view ClientResponse::version() const { return state_->head.minor_version == 0 ? "1.0" : "1.1"; }
const std::string& ClientResponse::reason() const { return state_->head.reason; }
const Headers& ClientResponse::headers() const { return state_->head.headers; }
const Url& ClientResponse::url() const { return state_->name.url; }
const std::string& ClientResponse::method() const { return state_->name.method; }
const Address& ClientResponse::peername() const { return state_->peername; }
const Shared<const TlsInfo>& ClientResponse::tls() const { return state_->tls; }
const std::vector<Url>& ClientResponse::history() const { return state_->history; }

void ClientResponse::raise_for_status() const {
    if (!ok()) throw_status(state_->name.text(), status(), reason());
}

std::string ClientResponse::content_type() const { return content_type_of(headers()); }
std::string ClientResponse::charset() const { return charset_of(headers()); }
std::optional<std::uint64_t> ClientResponse::content_length() const { return state_->head.content_length; }

HOCKET_CORO_WRAPPER Coro<std::string> ClientResponse::read() const { return read_whole(state_); }
HOCKET_CORO_WRAPPER Coro<std::string> ClientResponse::text() const { return read_text(state_); }
HOCKET_CORO_WRAPPER Coro<std::optional<std::string>> ClientResponse::next() const { return read_piece(state_); }
HOCKET_CORO_WRAPPER Coro<std::optional<std::string>> ClientResponse::readline(std::size_t limit) const {
    return read_line(state_, limit);
}
void ClientResponse::close() const { state_->close(); }

std::string request_text(const ResponseHandle& response) { return response->name.text(); }

Coro<std::string> read_json(ResponseHandle response, JsonOptions options) {
    if (options.check_content_type) {
        require_json(response->head.headers, request_text(response), response->head.status);
    }
    co_return co_await read_whole(response);
}

}  // namespace hocket::http
