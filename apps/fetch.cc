// SPDX-License-Identifier: MIT
// An answer in words, and as JSON.
#include "fetch.h"

#include "progress.h"

#include <hocket/http/json.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <optional>
#include <string_view>

namespace {

using Json = nlohmann::ordered_json;

std::string time_text(double seconds) {
    std::array<char, 48> text{};
    if (seconds < 1) {
        std::snprintf(text.data(), text.size(), "%.1f ms", seconds * 1e3);
    } else {
        std::snprintf(text.data(), text.size(), "%.2f s", seconds);
    }
    return text.data();
}

std::string status_text(const Fetch& fetch) {
    return std::to_string(fetch.status) + (fetch.reason.empty() ? "" : " " + fetch.reason);
}

double in_microseconds(double seconds) { return std::round(seconds * 1e6) / 1e6; }

// A string, or a list where a field came several times.
Json fields_of(const hocket::http::Headers& headers) {
    Json fields = Json::object();
    for (const hocket::http::Headers::Field field : headers) {
        if (std::ranges::any_of(fields.items(), [&](const auto& item) {
                return hocket::http::Headers{{item.key(), ""}}.contains(field.name);
            }))
            continue;
        const std::vector<std::string_view> values = headers.get_all(field.name);
        if (values.size() == 1) {
            fields[field.name] = field.value;
        } else {
            fields[field.name] = values;
        }
    }
    return fields;
}

Json timings_of(const Phases& phases) {
    Json timings = Json::object();
    for (std::size_t i = 0; i < Phases::names.size(); ++i) {
        const std::optional<double> seconds = phases.seconds(static_cast<Phases::Phase>(i));
        Json& value = timings[std::string(Phases::names.at(i))];
        if (seconds) value = in_microseconds(*seconds);
    }
    timings["total"] = in_microseconds(phases.total());
    return timings;
}

}  // namespace

std::string head_text(const Fetch& fetch) {
    return ("HTTP/" + fetch.version + " " + status_text(fetch) + "\r\n").append(fetch.headers.lines()).append("\r\n");
}

std::string summary_text(const Fetch& fetch) {
    std::string text = status_text(fetch) + "  " + size_text(static_cast<double>(fetch.size)) + "  " +
                       time_text(fetch.phases.total()) + "  " + fetch.url;
    if (!fetch.path.empty()) text += "  -> " + fetch.path;
    return text;
}

std::string timings_text(const Fetch& fetch) {
    std::string text = fetch.method + " " + fetch.url + ": ";
    if (fetch.status != 0) text += status_text(fetch) + ", " + std::to_string(fetch.size) + " bytes: ";
    for (std::size_t i = 0; i < Phases::names.size(); ++i) {
        const std::optional<double> seconds = fetch.phases.seconds(static_cast<Phases::Phase>(i));
        if (!seconds) continue;
        std::string name(Phases::names.at(i));
        std::ranges::replace(name, '_', ' ');
        text += name + " " + time_text(*seconds) + ", ";
    }
    return text + "total " + time_text(fetch.phases.total());
}

std::string json_text(const Fetch& fetch) {
    Json record = {{"url", fetch.url}, {"method", fetch.method}, {"status", nullptr}};
    if (fetch.status != 0) {
        record["status"] = fetch.status;
        record["reason"] = fetch.reason;
        record["headers"] = fields_of(fetch.headers);
        record["size"] = fetch.size;
        record["final_url"] = fetch.final_url;
    }
    record["timings"] = timings_of(fetch.phases);
    record["redirects"] = Json::array();
    for (const Phases::Redirect& redirect : fetch.phases.redirects()) {
        record["redirects"].push_back({{"status", redirect.status}, {"to", redirect.to}});
    }
    if (!fetch.path.empty() && fetch.exit == Exit::ok) record["saved"] = fetch.path;
    if (fetch.exit != Exit::ok) {
        record["error"] = fetch.error;
        record["exit_code"] = static_cast<int>(fetch.exit);
    }
    return record.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}
