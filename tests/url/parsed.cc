// SPDX-License-Identifier: MIT
// What hocket makes of the lines of corpus.py: as peer.js, and behind `invalid` why.
#include <hocket/http/errors.h>
#include <hocket/http/url.h>

#include <cstdio>
#include <string>
#include <string_view>

namespace {

using hocket::http::InvalidUrl;
using hocket::http::Url;

std::string read_all() {
    std::string text;
    char room[1 << 16];
    for (std::size_t n = 0; (n = std::fread(room, 1, sizeof room, stdin)) > 0;) text.append(room, n);
    return text;
}

std::string bytes_of(std::string_view hex) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
        bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
    }
    return bytes;
}

std::string answer(std::string_view line) {
    const std::size_t space = line.find(' ');
    const std::string reference = bytes_of(line.substr(0, space));
    const std::string_view base = line.substr(space + 1);
    try {
        const Url url = base == "-" ? Url::parse(reference) : Url::parse(bytes_of(base)).join(reference);
        if (Url::parse(url.str()) != url) return "read again, this is another URL: " + url.str();
        std::string parts = url.str();
        for (const std::string& part :
             {std::string(url.scheme()), std::string(url.username()), std::string(url.password()),
              std::string(url.host()), std::string(url.authority()), std::string(url.path()), std::string(url.query()),
              std::string(url.fragment()), url.origin()}) {
            parts.append("\t").append(part);
        }
        return parts;
    } catch (const InvalidUrl& e) {
        return std::string("invalid\t") + e.what();
    }
}

}  // namespace

int main() {
    const std::string input = read_all();
    std::string output;
    for (std::string_view rest = input; !rest.empty();) {
        const std::size_t end = rest.find('\n');
        output.append(answer(rest.substr(0, end))).append("\n");
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    }
    std::fwrite(output.data(), 1, output.size(), stdout);
}
