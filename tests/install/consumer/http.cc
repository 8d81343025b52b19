// SPDX-License-Identifier: MIT
// What uses the libraries behind hocket/http, which a static hocket leaves to its user's linker.
#include <hocket/http/cookie_jar.h>
#include <hocket/http/http1_parser.h>
#include <hocket/http/url.h>

#include <cstdio>

int main() {
    using namespace hocket::http;
    Http1Parser parser(Http1Parser::Reads::requests);
    std::string_view input = "GET /x HTTP/1.1\r\nHost: b\xc3\xbc\r\n\r\n";
    try {
        parser.next(input);
    } catch (const ProtocolError& e) {
        const Url url = Url::parse("http://b\xc3\xbc/");
        CookieJar jar;
        jar.load("# hocket: cookies, version 1\nco.uk\tdomain\t/\t-\t\ta=1\nb.co.uk\tdomain\t/\t-\t\ta=1\n");
        std::printf("%d %s %zu\n", e.status(), url.str().c_str(), jar.size());
    }
}
