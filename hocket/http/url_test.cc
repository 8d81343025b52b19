// SPDX-License-Identifier: MIT
// URLs: what is read, how it is written, what is refused and in which words.
#include <hocket/http/url_host_internal.h>
#include <hocket/http/url_parser_internal.h>

#include <gtest/gtest.h>

#include <utility>

namespace hocket::http {
namespace {

std::string href(std::string_view text) { return Url::parse(text).str(); }
std::string host(std::string_view text) { return std::string(Url::parse("http://" + std::string(text) + "/").host()); }
std::string joined(std::string_view base, std::string_view reference) { return Url::parse(base).join(reference).str(); }

// Why it is none.
std::string fault(std::string_view text) {
    try {
        return "no fault in " + href(text);
    } catch (const InvalidUrl& e) {
        const std::string_view message = e.what();
        EXPECT_TRUE(message.starts_with("parse URL ")) << message;
        return std::string(message.substr(message.rfind(": ") + 2));
    }
}

TEST(OnceUrl, parts_can_be_asked_for) {
    const Url url = Url::parse("HTTP://user:pass%20word@Example.ORG:8080/a b/?q=1&r#top");
    EXPECT_EQ(url.str(), "http://user:pass%20word@example.org:8080/a%20b/?q=1&r#top");
    EXPECT_EQ(url.scheme(), "http");
    EXPECT_EQ(url.username(), "user");
    EXPECT_EQ(url.password(), "pass%20word");
    EXPECT_EQ(url.host(), "example.org");
    EXPECT_EQ(url.port(), 8080);
    EXPECT_EQ(url.path(), "/a%20b/");
    EXPECT_EQ(url.query(), "q=1&r");
    EXPECT_EQ(url.fragment(), "top");
    EXPECT_EQ(url.origin(), "http://example.org:8080");
    EXPECT_EQ(url.authority(), "example.org:8080");
    EXPECT_EQ(url.target(), "/a%20b/?q=1&r");
}

// All that can be asked for.
std::string parts_of(const Url& url) {
    std::string text = url.str();
    for (const std::string_view part : {url.scheme(), url.username(), url.password(), url.host(), url.path(),
                                        url.query(), url.fragment(), url.authority()}) {
        text.append(" ").append(part);
    }
    return text + ' ' + url.origin() + ' ' + url.target() + ' ' + std::to_string(url.port());
}

TEST(OnceUrl, a_plain_one_is_read_in_one_pass_as_by_the_states_of_the_standard) {
    for (const std::string_view text :
         {"http://a/", "https://a.example:8443/b/c.d?e=f&g=/h?i", "http://127.0.0.1:8080/", "http://a-b.c/~x;y=1,2",
          "https://a/?", "http://a:81/b//c/?%", "http://a/b..c/d.", "https://xn.a/'"}) {
        Url plain;
        const bool is_plain = UrlParser::parse_plain(text, plain);
        EXPECT_EQ(is_plain, text.find_first_of("%'") == std::string_view::npos) << text;
        if (is_plain) {
            EXPECT_EQ(parts_of(plain), parts_of(UrlParser(nullptr).parse(text)));
        }
    }
}

TEST(OnceUrl, what_has_to_be_changed_is_not_plain) {
    for (const std::string_view text :
         {"http://a",        "http://A/",     "HTTP://a/",   "http://a:80/", "https://a:443/", "http://a:081/",
          "http://a:65536/", "http://a:/",    "http://u@a/", "http://a/./b", "http://a/b/..",  "http://a/b c",
          "http://a/b#c",    "http://a/b\\c", "http://a?b",  "http://1.2/",  "http://127.1/",  "http://0x7f/",
          "http://[::1]/",   "http://xn--a/", "http:/a/",    "ftp://a/",     "http:///a/",     "http://a/\xc3\xa4",
          "http://a/^",      "http://a/{b}",  "http://a/?'", "http://a b/",  " http://a/",     "http://a/\t"}) {
        Url url;
        EXPECT_FALSE(UrlParser::parse_plain(text, url)) << text;
    }
}

TEST(OnceUrl, parts_may_be_missing) {
    const Url url = Url::parse("https://example.org");
    EXPECT_EQ(url.str(), "https://example.org/");
    EXPECT_EQ(url.target(), "/");
    EXPECT_EQ(url.port(), 443);
    EXPECT_EQ(url.authority(), "example.org");
    for (const std::string_view part : {url.username(), url.password(), url.query(), url.fragment()})
        EXPECT_EQ(part, "");
}

TEST(OnceUrl, web_sockets_have_urls_of_their_own) {
    const Url plain = Url::parse("ws://example.org:80/chat?room=1");
    EXPECT_EQ(plain.str(), "ws://example.org/chat?room=1");
    EXPECT_EQ(plain.port(), 80);
    EXPECT_EQ(plain.origin(), "ws://example.org");
    const Url secure = Url::parse("WSS:\\\\0x7f.1\\a");
    EXPECT_EQ(secure.str(), "wss://127.0.0.1/a");
    EXPECT_EQ(secure.port(), 443);
    EXPECT_EQ(Url::parse("wss://a:80").origin(), "wss://a:80");
    EXPECT_EQ(joined("wss://a/b/c", "../d"), "wss://a/d");
}

TEST(OnceUrl, a_host_in_its_usual_form_is_what_it_says_and_others_become_one) {
    for (const std::string_view host :
         {"127.0.0.1", "0.0.0.0", "255.255.255.255", "a", "www.example.org", "a-b.c1", "1.a", "a..b", "-"}) {
        EXPECT_EQ(Url::parse("http://" + std::string(host) + "/").host(), host);
    }
    EXPECT_EQ(Url::parse("http://1.2.3/").host(), "1.2.0.3");
    EXPECT_EQ(Url::parse("http://1.2.3.010/").host(), "1.2.3.8");
    EXPECT_EQ(Url::parse("http://1.2.3.4./").host(), "1.2.3.4");
    EXPECT_EQ(Url::parse("http://EXAMPLE.org/").host(), "example.org");
    for (const std::string_view host :
         {"1.2.3.256", "1.2.3.4.5", "a.1", "a.0xf", "1..2", "1.2.3.4a b", "a.%31", "9999.1.1.1"}) {
        EXPECT_THROW(Url::parse("http://" + std::string(host) + "/"), InvalidUrl) << host;
    }
}

TEST(OnceUrl, no_url_has_no_parts) {
    const Url none;
    EXPECT_TRUE(none.empty());
    for (const std::string_view part :
         {none.scheme(), none.username(), none.password(), none.host(), none.path(), none.query(), none.fragment()}) {
        EXPECT_EQ(part, "");
    }
    EXPECT_EQ(none.port(), 0);
    EXPECT_EQ(none.with_query({{"a", "b"}}), none);
    EXPECT_EQ(none.join("http://a/").str(), "http://a/");
    EXPECT_THROW(none.join("x"), InvalidUrl);
}

TEST(OnceUrl, what_is_written_is_read_as_the_same) {
    for (const std::string_view text :
         {"http://a/", "http://u@a/", "http://:p@a/", "http://[::1]:81/x", "file:///etc/passwd", "file:///C:/x",
          "mailto:a@b", "data:text/plain,a b", "web+x:/.//p", "web+x://a", "ws://a/?", "http://a/#", "about:blank"}) {
        EXPECT_EQ(href(text), text);
    }
}

TEST(OnceUrl, the_port_of_the_scheme_is_left_out) {
    EXPECT_EQ(href("http://a:80/"), "http://a/");
    EXPECT_EQ(href("https://a:443/"), "https://a/");
    EXPECT_EQ(href("http://a:443/"), "http://a:443/");
    EXPECT_EQ(href("http://a:00000080/"), "http://a/");
    EXPECT_EQ(href("http://a:/"), "http://a/");
    EXPECT_EQ(Url::parse("web+x://a").port(), 0);
}

TEST(OnceUrl, dots_in_a_path_are_resolved) {
    EXPECT_EQ(href("http://a/b/./c/../d"), "http://a/b/d");
    EXPECT_EQ(href("http://a/../../b"), "http://a/b");
    EXPECT_EQ(href("http://a/b/%2e%2E/c/%2e"), "http://a/c/");
    EXPECT_EQ(href("http://a/b/.%2e"), "http://a/");
    EXPECT_EQ(href("http://a/.../b"), "http://a/.../b");
    EXPECT_EQ(href("http://a//b//../c"), "http://a//b/c");
}

TEST(OnceUrl, slashes_lean_either_way_in_web_schemes) {
    EXPECT_EQ(href("http:\\\\a\\b"), "http://a/b");
    EXPECT_EQ(href("http:a/b"), "http://a/b");
    EXPECT_EQ(href("http:////a/b"), "http://a/b");
    EXPECT_EQ(href("web+x:/a\\b"), "web+x:/a\\b");
}

TEST(OnceUrl, space_around_and_line_ends_within_are_dropped) {
    EXPECT_EQ(href(" \x01http://a/b\n\tc\r \n"), "http://a/bc");
}

TEST(OnceUrl, each_part_has_its_own_characters) {
    EXPECT_EQ(href("http://u|:p;@a/p\"`{}^|'?q\"`{}^|'#f\"`{}^|'"),
              "http://u%7C:p%3B@a/p%22%60%7B%7D%5E|'?q%22`{}^|%27#f%22%60{}^|'");
    EXPECT_EQ(href("http://a/\xc3\xa4?\xc3\xa4#\xc3\xa4"), "http://a/%C3%A4?%C3%A4#%C3%A4");
    EXPECT_EQ(href("http://a/%zz%4"), "http://a/%zz%4");
    EXPECT_EQ(href("http://a@b@c/"), "http://a%40b@c/");
}

TEST(OnceUrl, an_address_has_many_spellings_and_one_form) {
    for (const std::string_view text : {"127.0.0.1", "2130706433", "0x7f.1", "0x7f000001", "0177.0.0.1", "127.1",
                                        "127.0.1", "127.0.0.1.", "0x7F.0.0.0x1", "%31%32%37.1",
                                        "127\xe3\x80\x82"
                                        "0.0.1",
                                        "\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.0.0.1", "017700000001"}) {
        EXPECT_EQ(host(text), "127.0.0.1") << text;
    }
    EXPECT_EQ(host("0"), "0.0.0.0");
    EXPECT_EQ(host("0x"), "0.0.0.0");
    EXPECT_EQ(host("4294967295"), "255.255.255.255");
    EXPECT_EQ(host("1.2.3.4.example"), "1.2.3.4.example");
    EXPECT_EQ(host("0x1g"), "0x1g");
}

TEST(OnceUrl, what_ends_in_a_number_and_is_no_address_is_refused) {
    for (const std::string_view text :
         {"256.0.0.1", "1.2.3.4.5", "4294967296", "1.16777216", "1.2.3.256", "0x100000000", "a.1", "09", "1.2.3.08",
          "1..2", "99999999999999999999", "a.0x1"}) {
        EXPECT_EQ(fault("http://" + std::string(text)),
                  "the host \"" + std::string(text) + "\" ends in a number but is no IPv4 address");
    }
}

TEST(OnceUrl, an_ipv6_address_is_written_in_its_short_form) {
    const std::pair<std::string_view, std::string_view> addresses[] = {
        {"[::1]", "[::1]"},
        {"[::]", "[::]"},
        {"[0:0:0:0:0:0:0:1]", "[::1]"},
        {"[2001:DB8:0:0:1:0:0:0]", "[2001:db8:0:0:1::]"},
        {"[1:0:2:0:3:0:4:0]", "[1:0:2:0:3:0:4:0]"},
        {"[::ffff:127.0.0.1]", "[::ffff:7f00:1]"},
        {"[1:2:3:4:5:6:7::]", "[1:2:3:4:5:6:7:0]"},
        {"[1::8]", "[1::8]"},
        {"[00AB::]", "[ab::]"},
    };
    for (const auto& [written, form] : addresses) EXPECT_EQ(host(written), form);
    EXPECT_EQ(Url::parse("http://[::1]:8080/").hostname(), "::1");
    EXPECT_EQ(Url::parse("http://[::1]:8080/").authority(), "[::1]:8080");
}

TEST(OnceUrl, a_malformed_ipv6_address_is_refused) {
    for (const std::string_view text : {"[]",
                                        "[:]",
                                        "[:::]",
                                        "[1]",
                                        "[1:2:3:4:5:6:7]",
                                        "[1:2:3:4:5:6:7:8:9]",
                                        "[1::2::3]",
                                        "[12345::]",
                                        "[::g]",
                                        "[::1:]",
                                        "[:1]",
                                        "[1:2:3:4:5:6:7:8::]",
                                        "[::1.2.3]",
                                        "[::1.2.3.4.5]",
                                        "[::256.0.0.1]",
                                        "[::01.2.3.4]",
                                        "[1.2.3.4]",
                                        "[::1.2.3.4:5]",
                                        "[1:2:3:4:5:6:7:1.2.3.4]",
                                        "[::1%25eth0]",
                                        "[::.1.2.3]"}) {
        EXPECT_EQ(fault("http://" + std::string(text) + "/"),
                  "the host \"" + std::string(text) + "\" is no IPv6 address");
    }
    EXPECT_EQ(fault("http://[::1/"), "the host \"[::1\" has no closing bracket");
    EXPECT_EQ(fault("http://[::1]x/"), "the host \"[::1]x\" has no closing bracket");
}

TEST(OnceUrl, international_names_are_written_as_the_name_system_knows_them) {
    EXPECT_EQ(host("b\xc3\xbc"
                   "cher.example"),
              "xn--bcher-kva.example");
    EXPECT_EQ(host("B\xc3\x9c"
                   "CHER.example"),
              "xn--bcher-kva.example");
    EXPECT_EQ(host("b%C3%BC"
                   "cher.example"),
              "xn--bcher-kva.example");
    EXPECT_EQ(host("fa\xc3\x9f.example"), "xn--fa-hia.example");
    EXPECT_EQ(host("xn--bcher-kva.example"), "xn--bcher-kva.example");
    EXPECT_EQ(host("a\xc2\xad"
                   "b"),
              "ab");
}

TEST(OnceUrl, an_endless_name_is_not_converted) {
    std::string url = "http://\xc3\xa9";
    for (int i = 0; i < 500'000; ++i) url += ".a";
    EXPECT_THROW(Url::parse(url), InvalidUrl);
}

TEST(OnceUrl, beside_an_international_label_the_others_stay_as_they_are) {
    EXPECT_EQ(host("-a.a--b._c.b\xc3\xbc"
                   "cher"),
              "-a.a--b._c.xn--bcher-kva");
    EXPECT_EQ(host(std::string(64, 'x') + "\xe3\x80\x82\xc3\xa4.."), std::string(64, 'x') + ".xn--4ca..");
}

TEST(OnceUrl, a_label_must_be_encoded_as_it_is_when_it_is_written_out) {
    EXPECT_EQ(host("XN--BCHER-KVA"), "xn--bcher-kva");
    EXPECT_THROW(Url::parse("http://xn--wg7c/"), InvalidUrl);  // a wide percent sign
    EXPECT_THROW(Url::parse("http://xn--abc-/"), InvalidUrl);
    EXPECT_THROW(Url::parse("http://a.xn--/"), InvalidUrl);
}

TEST(OnceUrl, names_that_no_registry_takes_are_refused) {
    EXPECT_THROW(Url::parse("http://\xe2\x98\x83/"), InvalidUrl);  // a snowman
    EXPECT_THROW(Url::parse("http://xn--n3h/"), InvalidUrl);       // the same
    EXPECT_THROW(Url::parse("http://\xc3\xa4-/"), InvalidUrl);
}

TEST(OnceUrl, names_that_are_none_are_refused) {
    EXPECT_EQ(fault("http://a b/"), "the host \"a b\" has a space in it");
    EXPECT_EQ(fault("http://a<b/"), "the host \"a<b\" has \"<\" in it");
    EXPECT_EQ(fault("http://a%2fb/"), "the host \"a%2fb\" has \"/\" in it");
    EXPECT_EQ(fault("http://a%00b/"), "the host \"a%00b\" has \"\\x00\" in it");
    EXPECT_EQ(fault("http://a%zz/"), "the host \"a%zz\" has \"%\" in it");
    EXPECT_EQ(fault("http://a\x7f/"), "the host \"a\\x7f\" has \"\\x7f\" in it");
    EXPECT_EQ(fault("http://a\xe2\x84\x80/"), "the host \"a\\xe2\\x84\\x80\" has \"/\" in it");  // maps to a/c
    EXPECT_EQ(fault("http://\xc2\xad/"), "the host \"\\xc2\\xad\" has no character that counts");
    EXPECT_THROW(Url::parse("http://xn--a/"), InvalidUrl);
    EXPECT_THROW(Url::parse("http://\xff/"), InvalidUrl);
}

TEST(OnceUrl, what_is_no_url_is_refused) {
    EXPECT_EQ(fault(""), "no scheme, such as http://");
    EXPECT_EQ(fault("example.org/x"), "no scheme, such as http://");
    EXPECT_EQ(fault("//example.org"), "no scheme, such as http://");
    EXPECT_EQ(fault("1http://a"), "no scheme, such as http://");
    EXPECT_EQ(fault("http://"), "no host");
    EXPECT_EQ(fault("http:///"), "no host");
    EXPECT_EQ(fault("http://:80/"), "no host");
    EXPECT_EQ(fault("http://?q"), "no host");
    EXPECT_EQ(fault("http://user@/x"), "no host after the @");
    EXPECT_EQ(fault("http://a:65536/"), "the port \"65536\" is no number up to 65535");
    EXPECT_EQ(fault("http://a:8a/"), "the port \"8a\" is no number up to 65535");
    EXPECT_EQ(fault("http://a:-1/"), "the port \"-1\" is no number up to 65535");
    EXPECT_EQ(fault("http://a:80:81/"), "the port \"80:81\" is no number up to 65535");
}

TEST(OnceUrl, an_error_shows_the_url_escaped) {
    try {
        Url::parse("http://a b\r\n/");
        FAIL();
    } catch (const ValueError& e) {
        EXPECT_STREQ(e.what(), "parse URL http://a b\\r\\n/: the host \"a b\" has a space in it");
    }
    try {
        Url::parse("http://a/x").join("//[::1");
        FAIL();
    } catch (const InvalidUrl& e) {
        EXPECT_STREQ(e.what(), "parse URL //[::1 at http://a/x: the host \"[::1\" has no closing bracket");
    }
}

TEST(OnceUrl, a_reference_is_resolved_against_a_base) {
    const std::string_view base = "http://u:p@a:81/b/c?q#f";
    EXPECT_EQ(joined(base, ""), "http://u:p@a:81/b/c?q");
    EXPECT_EQ(joined(base, "d"), "http://u:p@a:81/b/d");
    EXPECT_EQ(joined(base, "/d"), "http://u:p@a:81/d");
    EXPECT_EQ(joined(base, "../d?r"), "http://u:p@a:81/d?r");
    EXPECT_EQ(joined(base, "?r"), "http://u:p@a:81/b/c?r");
    EXPECT_EQ(joined(base, "#g"), "http://u:p@a:81/b/c?q#g");
    EXPECT_EQ(joined(base, "//h/d"), "http://h/d");
    EXPECT_EQ(joined(base, "\\\\h\\d"), "http://h/d");
    EXPECT_EQ(joined(base, "https://h"), "https://h/");
    EXPECT_EQ(joined(base, "http:d"), "http://u:p@a:81/b/d");
    EXPECT_EQ(joined(base, "mailto:x"), "mailto:x");
    EXPECT_EQ(joined("web+x:/a/b", "//h/c"), "web+x://h/c");
    EXPECT_EQ(joined("web+x:/a/b", "../..//p"), "web+x:/.//p");
    EXPECT_EQ(joined("mailto:x", "#f"), "mailto:x#f");
    EXPECT_THROW(joined("mailto:x", "y"), InvalidUrl);
}

TEST(OnceUrl, files_have_drives_and_hosts) {
    EXPECT_EQ(href("file:C|/x"), "file:///C:/x");
    EXPECT_EQ(href("file://C:/x/../../y"), "file:///C:/y");
    EXPECT_EQ(href("file://localhost/x"), "file:///x");
    EXPECT_EQ(href("file://server/x"), "file://server/x");
    EXPECT_EQ(joined("file:///C:/x", "/y"), "file:///C:/y");
    EXPECT_EQ(joined("file:///C:/x", "D|/y"), "file:///D:/y");
    EXPECT_EQ(joined("file://h/x/y", "z"), "file://h/x/z");
    EXPECT_EQ(Url::parse("file:///x").origin(), "null");
}

TEST(OnceUrl, parameters_are_appended_to_the_query) {
    const Params more{{"q", "a b&c"}, {"\xc3\xa4", ""}};
    EXPECT_EQ(Url::parse("http://a/x").with_query(more).str(), "http://a/x?q=a+b%26c&%C3%A4=");
    EXPECT_EQ(Url::parse("http://a/x?").with_query(more).str(), "http://a/x?q=a+b%26c&%C3%A4=");
    EXPECT_EQ(Url::parse("http://a/x?b=1#f").with_query({{"c", "2"}}).str(), "http://a/x?b=1&c=2#f");
    EXPECT_EQ(Url::parse("http://a/x?b#f").with_query({}).str(), "http://a/x?b#f");
    const Url url = Url::parse("http://a/x#f").with_query({{"c", "2"}});
    EXPECT_EQ(url.query(), "c=2");
    EXPECT_EQ(url.fragment(), "f");
    EXPECT_EQ(url, Url::parse(url.str()));
}

}  // namespace
}  // namespace hocket::http
