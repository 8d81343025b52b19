// SPDX-License-Identifier: MIT
// What tests of files as answers share: files of a certain age, and answers in a few words.
#pragma once

#include <hocket/http/server_test.h>
#include <hocket/net/net_test.h>
#include <hocket/os/in_folder_test.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

namespace hocket::http {

constexpr std::int64_t of_the_rfc = 784'111'777;  // Sun, 06 Nov 1994 08:49:37 GMT
constexpr std::string_view date_of_the_rfc = "Sun, 06 Nov 1994 08:49:37 GMT";

/// A file that was changed then.
inline void put_old(const std::string& path, std::string_view content, std::int64_t changed = of_the_rfc) {
    hocket::testing::put_file(path, content);
    const timespec times[2] = {{.tv_sec = changed, .tv_nsec = 0}, {.tv_sec = changed, .tv_nsec = 0}};
    EXPECT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
}

/// A folder `public`, and what nobody may see beside it.
class InPublic : public hocket::testing::InFolder {
protected:
    InPublic() {
        std::filesystem::create_directories("public/css/deep");
        std::filesystem::create_directories("public-not");
        hocket::testing::put_file("secret", "secret");
        hocket::testing::put_file("public-not/secret", "secret");
        put_old("public/a.txt", "a");
        put_old("public/css/b.css", "b");
        put_old("public/css/deep/c d%41\xc3\xa4", "c");
    }
};

/// The value of a field of an answer, or `-`.
inline std::string field(const Response& response, std::string_view name) {
    return std::string(response.headers().get(name).value_or("-"));
}

/// `200 text`
inline std::string told(const Response& response) { return std::to_string(response.status()) + ' ' + response.body(); }

/// What an application answers, and how it is to be asked.
inline Coro<Response> answer_of(Application app, std::string target, Headers headers = {}, std::string method = "GET") {
    return answer_to(std::move(app), asking(std::move(method), std::move(target), std::move(headers)));
}

}  // namespace hocket::http
