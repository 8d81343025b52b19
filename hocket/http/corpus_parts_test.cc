// SPDX-License-Identifier: MIT
// The corpus of hostile bytes against what reads less than a message: multipart bodies, fields that mean something, hosts of URLs.
#include <hocket/http/corpus_test.h>

#include <gtest/gtest.h>
#include <hocket/base/errors.h>
#include <hocket/http/byte_range.h>
#include <hocket/http/cookie_store_internal.h>
#include <hocket/http/forwarded_internal.h>
#include <hocket/http/http1_parser.h>
#include <hocket/http/http_server.h>
#include <hocket/http/multipart.h>
#include <hocket/http/proxy_internal.h>

#include <map>
#include <set>

namespace hocket::http {

using testing::CorpusCase, testing::CorpusReader;

namespace {

struct Verdict {
    std::string found = {};
    bool is_refused = false;
    int status = 0;
    std::string why = {};
};

// Calls `f` with `bytes` in pieces of that size, each in memory of its own.
template <class F>
void in_pieces(std::string_view bytes, std::size_t size, F f) {
    for (; !bytes.empty(); bytes.remove_prefix(std::min(size, bytes.size()))) f(std::string(bytes.substr(0, size)));
}

// ---- Multipart

// `a=hello;` for a field, `a(b.txt)=...;` for a file, `end`.
void read_multipart(std::string_view boundary, std::string_view body, std::size_t size, Verdict& to) {
    MultipartParser parser(boundary);
    in_pieces(body, size, [&](const std::string& piece) {
        for (std::string_view input = piece;;) {
            const PartEvent event = parser.next(input);
            if (std::holds_alternative<std::monostate>(event)) break;
            if (const auto* head = std::get_if<PartHead>(&event)) {
                to.found += head->name + (head->filename ? "(" + *head->filename + ")" : "") + "=";
            } else if (const auto* data = std::get_if<PartData>(&event)) {
                to.found += data->bytes;
            } else {
                to.found += std::holds_alternative<PartEnd>(event) ? ";" : "end";
            }
        }
    });
    parser.finish();
}

void multipart(const CorpusCase& of, std::size_t size, Verdict& to) { read_multipart(of.knows, of.bytes, size, to); }

// The bytes are a field's name and a file's. What is written must be read as one part.
void form(const CorpusCase& of, std::size_t size, Verdict& to) {
    std::string body;
    write_part_head(body, "XX", {{"Content-Disposition", form_disposition(of.bytes, of.bytes)}});
    body += "x\r\n";
    write_multipart_end(body, "XX");
    read_multipart("XX", body, size, to);
}

// The bytes are a boundary. Who reads and who writes agree.
void boundary(const CorpusCase& of, std::size_t /*size*/, Verdict& to) {
    EXPECT_EQ(of.is_refused, [&] {
        try {
            const MultipartParser parser(of.bytes);
            return false;
        } catch (const ProtocolError&) {
            return true;
        }
    }());
    std::string body;
    write_part_head(body, of.bytes, {});
    to.found = body;
}

// ---- Fields: the bytes are lines of a head, which goes through the parser of messages.

Headers fields_of(const CorpusCase& of, Http1Parser::Reads what, std::size_t size) {
    const bool is_request = what == Http1Parser::Reads::requests;
    Http1Parser parser(what);
    Headers found;
    in_pieces((is_request ? "GET / HTTP/1.1\r\nHost: inner\r\n" : "HTTP/1.1 200 OK\r\n") + of.bytes + "\r\n", size,
              [&](const std::string& piece) {
                  std::string_view input = piece;
                  const Event event = parser.next(input);
                  if (const auto* request = std::get_if<RequestHead>(&event)) found = request->headers;
                  if (const auto* response = std::get_if<ResponseHead>(&event)) found = response->headers;
              });
    return found;
}

// Of a body of so many bytes. What is ignored counts as refused.
void range(const CorpusCase& of, std::size_t size, Verdict& to) {
    const RequestedRange asked =
        requested_range(fields_of(of, Http1Parser::Reads::requests, size), std::stoull(of.knows));
    to.is_refused = std::holds_alternative<WholeBody>(asked);
    if (std::holds_alternative<NoSuchRange>(asked)) to.found = "none";
    if (const auto* part = std::get_if<ByteRange>(&asked))
        to.found = std::to_string(part->first) + "-" + std::to_string(part->last);
}

// Of a response from one URL; what is found is what a request to the other carries.
void set_cookie(const CorpusCase& of, std::size_t size, Verdict& to) {
    const Url from = Url::parse(of.knows.substr(0, of.knows.find(' ')));
    CookieStore store({});
    const Headers fields = fields_of(of, Http1Parser::Reads::responses, size);
    for (const std::string_view field : fields.get_all("Set-Cookie")) {
        if (const auto cookie = parse_set_cookie(field)) store.set(*cookie, from, 0);
    }
    to.is_refused = store.size() == 0;
    to.found = write_cookies(store.matching(Url::parse(of.knows.substr(of.knows.find(' ') + 1)), 0));
}

// From that peer; 10.0.0.0/8 is trusted. Refused: nothing is believed.
void resolve(const CorpusCase& of, std::size_t size, ForwardedFields fields, Verdict& to) {
    const Forwarding direct{of.knows, "http", "inner"};
    const Forwarding found =
        TrustedProxies({"10.0.0.0/8"}, fields)
            .resolve(fields_of(of, Http1Parser::Reads::requests, size), Address::parse(of.knows + ":80"), direct);
    to.is_refused = found.remote == direct.remote && found.scheme == direct.scheme && found.host == direct.host;
    if (!to.is_refused) to.found = found.remote + " " + found.scheme + " " + found.host;
}
void forwarded(const CorpusCase& of, std::size_t size, Verdict& to) {
    resolve(of, size, ForwardedFields::forwarded, to);
}
void x_forwarded(const CorpusCase& of, std::size_t size, Verdict& to) {
    resolve(of, size, ForwardedFields::x_forwarded, to);
}

// ---- Hosts of URLs

std::string hostname(const CorpusCase& of) { return Url::parse("http://" + of.bytes + "/").hostname(); }

void host(const CorpusCase& of, std::size_t /*size*/, Verdict& to) { to.found = hostname(of); }

// Whether a host is covered by that list.
void no_proxy(const CorpusCase& of, std::size_t /*size*/, Verdict& to) {
    to.found = NoProxy(of.knows).covers(hostname(of), 80) ? "direct" : "by proxy";
}

// ---- Messages about bytes

void shown(const CorpusCase& of, std::size_t /*size*/, Verdict& to) {
    to.found = in_quotes(of.bytes);
    EXPECT_TRUE(std::ranges::all_of(to.found, [](char c) { return c >= ' ' && c <= '~'; }));
}

Verdict verdict_on(const CorpusCase& of, std::size_t size) {
    static const std::map<std::string, void (*)(const CorpusCase&, std::size_t, Verdict&)> readers{
        {"multipart", multipart},   {"form", form},
        {"boundary", boundary},     {"range", range},
        {"forwarded", forwarded},   {"x-forwarded", x_forwarded},
        {"set-cookie", set_cookie}, {"host", host},
        {"no_proxy", no_proxy},     {"shown", shown}};
    Verdict to;
    try {
        readers.at(of.reader)(of, size, to);
    } catch (const ProtocolError& e) {
        to.is_refused = true;
        to.status = e.status();
        to.why = e.what();
    } catch (const ValueError& e) {
        to.is_refused = true;
        to.why = e.what();
    }
    return to;
}

// But those that need a folder.
std::vector<CorpusCase> cases() {
    std::vector<CorpusCase> cases = CorpusReader::parts();
    std::erase_if(cases, [](const CorpusCase& of) { return of.reader == "static"; });
    return cases;
}

void check(const CorpusCase& of, std::size_t size) {
    const ::testing::ScopedTrace trace(__FILE__, __LINE__, of.name);
    const Verdict verdict = verdict_on(of, size);
    EXPECT_EQ(escaped(verdict.found, 300), escaped(of.found, 300)) << verdict.why;
    EXPECT_EQ(verdict.found.size(), of.found.size());
    EXPECT_EQ(verdict.is_refused, of.is_refused) << verdict.why;
    EXPECT_EQ(verdict.status, of.status) << verdict.why;
    EXPECT_NE(verdict.why.find(of.why), std::string::npos) << verdict.why;
}

}  // namespace

TEST(OnceHttpCorpusParts, each_case_has_its_verdict_whole) {
    for (const CorpusCase& of : cases()) check(of, of.bytes.size() + 1000);
}

TEST(OnceHttpCorpusParts, each_case_has_its_verdict_byte_by_byte) {
    for (const CorpusCase& of : cases()) {
        for (std::size_t size = 1; size < 4; ++size) check(of, size);
    }
}

// A reader that refuses everything, or nothing, does not pass for one; what shows bytes refuses none.
TEST(OnceHttpCorpusParts, each_reader_has_accepted_and_refused_cases) {
    std::map<std::string, std::set<bool>> verdicts;
    for (const CorpusCase& of : cases()) verdicts[of.reader].insert(of.is_refused);
    EXPECT_EQ(verdicts.size(), 10U);
    for (const auto& [reader, kinds] : verdicts) EXPECT_EQ(kinds.size(), reader == "shown" ? 1U : 2U) << reader;
}

}  // namespace hocket::http
