// SPDX-License-Identifier: MIT
// What a server's handler gets: a request, whose body comes when it is asked for.
#pragma once

#include <hocket/base/errors.h>
#include <hocket/base/owners.h>
#include <hocket/core/coro.h>
#include <hocket/http/content_encoding.h>
#include <hocket/http/json_text.h>
#include <hocket/http/message.h>
#include <hocket/http/multipart.h>
#include <hocket/http/params.h>
#include <hocket/http/storage.h>
#include <hocket/net/address.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hocket::http {

class Application;
class Form;
struct Forwarding;
struct Route;
class TrustedProxies;

/// `request.form({.memory = 1 << 20})`: what a form may make us keep. The server's limit of the body (`Limits::body`, 1 MiB) comes first.
struct FormOptions {
    MultipartLimits multipart = {};  ///< `parts` also holds for the fields of application/x-www-form-urlencoded
    std::size_t fields = 1 << 20;    ///< bytes of all fields that are no files
    std::size_t files = 100;         ///< each may take a descriptor
    std::size_t memory = 256 << 10;  ///< bytes of all files that stay in memory; others go to temporary ones
    std::string dir = {};            ///< where those are; by default as of `fs::temporary_file`
};

/// Where the body of a request comes from: its connection.
class HOCKET_EXPORT BodySource {
public:
    /// The next piece, nothing after the last.
    virtual Coro<std::optional<std::string>> next_piece() = 0;
    /// Appends all that has not been read yet. What was read when it is cancelled, or throws, is there.
    virtual Coro<> read_all(std::string& to) = 0;
    virtual Address peername() const = 0;
    /// Within which limits a compressed body is decoded; null: it is given as it comes.
    virtual const DecodeLimits* decode_limits() const noexcept = 0;
    /// Whether it comes by TLS.
    virtual bool is_secure() const = 0;
    /// Whom to believe what they say of the client.
    virtual const TrustedProxies& proxies() const = 0;

protected:
    ~BodySource() = default;
};

/// A request that a server has received (`aiohttp.web.Request`). It lives until its answer, streamed or not, has been sent, and
/// belongs to the task of its handler, then to that of the answer's generator.
///
/// The body is read from the connection when the handler asks for it; a handler that does not ask leaves it to the server. A compressed one is
/// given as what it stands for. Reading throws
/// ProtocolError when the body is malformed, longer than the server's limit (as it comes, or decoded), compressed in a way that is not known
/// (415), or does not come in time, and OSError when the connection is
/// lost; a handler that lets these pass need not care: the server answers what is to be answered. A cancel ends the reading and loses
/// nothing: the next call goes on.
class HOCKET_EXPORT Request {
public:
    /// By hand, as in a test. `body` is all of it.
    explicit Request(RequestHead head, std::string body = {});
    Request(RequestHead&& head, BodySource& source);
    Request(const Request&) = delete;
    Request& operator=(const Request&) = delete;
    ~Request();

    const std::string& method() const noexcept { return head_.method; }
    /// What was asked for, as it was sent: `/items/a%20b?limit=3`.
    const std::string& target() const noexcept { return head_.target; }
    /// The target without the query, as it was sent (aiohttp's `raw_path`, without the query).
    std::string_view path() const noexcept {
        if (path_size_ == 0 && path_begin_ > 0) return "/";  // `http://127.0.0.1`
        return std::string_view(head_.target).substr(path_begin_, path_size_);
    }
    /// What follows the `?`, or nothing.
    std::string_view query_string() const noexcept;
    /// `http://127.0.0.1:8080/items/a%20b?limit=3`, with the host that the client named.
    std::string url() const;
    /// `https` for a request that came by TLS, or in memory to such a URL, else `http`; behind a trusted proxy, what the client used with that (`request.scheme`). See
    /// ServeOptions::trusted_proxies.
    std::string_view scheme() const;
    /// Whether that is `https` (`request.secure`).
    bool secure() const { return scheme() == "https"; }
    /// The client's address without the port, `192.0.2.7`; behind a trusted proxy, the one that it names. Empty for a UNIX-domain
    /// socket, and for a request that was made by hand (`request.remote`).
    std::string_view remote() const;
    /// The host that the client named, with its port, if it named one: the field Host; behind a trusted proxy, what that says (`request.host`).
    std::string_view host() const;
    /// The query's parameters, decoded.
    const Params& query() const;
    /// The first parameter of that name, decoded.
    std::optional<std::string_view> query(std::string_view name) const;
    /// The cookies that came, in order; names may repeat, and values keep their quotation marks (aiohttp takes them off).
    /// Throws HttpError 400 for more than 200; how long they may be is a matter of the header's limits.
    const Params& cookies() const;
    /// The value of the first cookie of that name.
    std::optional<std::string_view> cookies(std::string_view name) const;
    /// What stands in the path at `{name}`, decoded (aiohttp's `match_info`). Throws ValueError if the route has no such parameter.
    std::string path_param(std::string_view name) const;

    const Headers& headers() const noexcept { return head_.headers; }
    const RequestHead& head() const noexcept { return head_; }
    /// In lower case and without parameters: `text/html`; `application/octet-stream` if the client does not say.
    std::string content_type() const;
    /// What the Content-Type says of the text's encoding, in lower case: `utf-8`; empty if it says nothing.
    std::string charset() const;
    /// Where the other end of the connection is, which may be a proxy; no address for a request that was made by hand.
    Address peername() const;

    /// The next piece of the body, as it arrives; nothing after the last: `while (auto piece = co_await request.next())` (aiohttp's
    /// `async for chunk in request.content.iter_any()`).
    Coro<std::optional<std::string>> next();
    /// The body, or what `next` has left of it. Throws RuntimeError the second time.
    Coro<std::string> body();
    /// The same, as text in UTF-8. Throws HttpError 415 for a body in another encoding, according to Content-Type.
    Coro<std::string> text();
    /// The same, as a form (<hocket/http/form.h>): application/x-www-form-urlencoded, or multipart/form-data, whose large files are on the disk
    /// then (aiohttp's `post()`). Throws HttpError 415 if Content-Type says something else; ProtocolError 400 for what is malformed, has a part without
    /// a name, one that is multipart itself, or one with a Content-Transfer-Encoding, 413 for what exceeds a limit; OSError when a temporary file
    /// cannot be written.
    Coro<Form> form(FormOptions options = {});
    /// The parts of a multipart body, as they arrive, of any size that the server takes (aiohttp's `multipart()`). Throws ProtocolError 415 for
    /// another type, 400 for one without a boundary. The request must outlive the reader.
    MultipartReader multipart(const MultipartLimits& limits = {});
    /// The same, as JSON, whatever Content-Type says: Json, for which <hocket/http/json.h> is needed. Throws HttpError 400 for what is none, and
    /// for more than 200 levels of lists and objects.
    template <class Adapter = JsonAdapter>
    HOCKET_CORO_WRAPPER Coro<AdapterValue<Adapter>> json() {
        return read_json<Adapter>(body());
    }

    /// The route that matched, null for a request that no application has seen yet.
    const Route* route() const noexcept { return route_; }
    /// The application that answers it: the innermost (`request.app`). Throws RuntimeError before one has seen it.
    const Application& app() const;

    /// Keeps a value for those that see the request later, middlewares and the handler: `request.set(user, User(...))`
    /// (`request["user"] = ...`).
    template <class T>
    T& set(const Key<T>& key, T value) {
        if (!storage_) storage_ = Unique<Storage>::make();
        return storage_->set(key, std::move(value));
    }
    /// What was set. Throws ValueError if nothing was.
    template <class T>
    T& operator[](const Key<T>& key) const {
        T* const value = find(key);
        if (!value) Storage::refuse("request", key.name());
        return *value;
    }
    /// The same; null if nothing was.
    template <class T>
    T* find(const Key<T>& key) const noexcept {
        return storage_ ? storage_->find(key) : nullptr;
    }
    // A key that is gone before what is under it.
    template <class T>
    T& set(const Key<T>&& key, T value) = delete;
    template <class T>
    T& operator[](const Key<T>&& key) const = delete;
    template <class T>
    T* find(const Key<T>&& key) const = delete;

private:
    friend class Application;
    friend class HttpConnection;
    friend class ParameterReader;
    friend class StaticFiles;

    template <class Adapter>
    static Coro<AdapterValue<Adapter>> read_json(Coro<std::string> body) {
        const std::string text = co_await std::move(body);
        check_json(text);
        try {
            co_return Adapter::parse(text, "the request's body");
        } catch (const ValueError& e) {
            refuse_json(e.what());
        }
    }
    void find_path() noexcept;
    void look_at_encoding();
    Coro<std::optional<std::string>> next_decoded();
    static void check_json(std::string_view text);
    [[noreturn]] static void refuse_json(const char* why);

    const Forwarding& forwarding() const;

    RequestHead head_;
    std::size_t path_begin_ = 0, path_size_ = 0;
    BodySource* source_ = nullptr;
    std::string by_hand_;   // the body of a request without a source
    std::string gathered_;  // of the body, by a `body` that was cancelled
    bool is_encoding_known_ = false;
    bool is_all_fed_ = false;  // to the decoder
    bool is_taken_ = false;
    bool is_lost_ = false;  // the connection: nobody waits for an answer
    std::optional<Decoder> decoder_;
    bool is_path_known_ = false;
    const Application* app_ = nullptr;
    const Route* route_ = nullptr;
    std::string_view own_path_;                  // without the prefixes of applications
    std::vector<std::string_view> path_values_;  // in the target, not decoded
    mutable std::optional<Params> query_, cookies_;
    mutable Unique<Forwarding> forwarding_;
    Unique<Storage> storage_;  // most requests need none
};

}  // namespace hocket::http
