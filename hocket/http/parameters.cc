// SPDX-License-Identifier: MIT
// Reading numbers and texts from the path and the query.
#include <hocket/http/parameters.h>

#include <hocket/http/json_text.h>
#include <hocket/http/reading_internal.h>
#include <hocket/http/request.h>

#include <cmath>

namespace hocket::http {

ParameterReader::Given ParameterReader::next_of_path() {
    const std::size_t place = place_++;
    std::string_view text = request_.path_values_[place];
    if (text.find('%') != std::string_view::npos) text = decoded_ = percent_decode(text);
    return {request_.route_->parameter_names[place], text, true};
}

std::optional<ParameterReader::Given> ParameterReader::of_query(std::string_view name, bool is_required) {
    const auto text = request_.query(name);
    if (text) return Given{name, *text, false};
    if (is_required) fault(false, name, "is missing", nullptr);
    return std::nullopt;
}

std::string ParameterReader::as_text(const Given& given) { return std::string(given.text); }

bool ParameterReader::as_bool(const Given& given) {
    if (given.text == "true" || given.text == "1") return true;
    if (given.text == "false" || given.text == "0") return false;
    const std::string text(given.text);
    fault(given.in_path, given.name, "is neither true nor false", &text);
    return false;
}

double ParameterReader::as_number(const Given& given) {
    const auto number = read_number<double>(given.text);
    if (number && std::isfinite(*number)) return *number;
    const std::string text(given.text);
    fault(given.in_path, given.name, "is no number", &text);
    return 0;
}

std::int64_t ParameterReader::as_signed(const Given& given, std::int64_t least, std::int64_t most) {
    const auto number = read_number<std::int64_t>(given.text);
    if (number && *number >= least && *number <= most) return *number;
    const std::string text(given.text);
    fault(given.in_path, given.name, "is no integer from " + std::to_string(least) + " to " + std::to_string(most),
          &text);
    return 0;
}

std::uint64_t ParameterReader::as_unsigned(const Given& given, std::uint64_t most) {
    const auto number = read_number<std::uint64_t>(given.text);
    if (number && *number <= most) return *number;
    const std::string text(given.text);
    fault(given.in_path, given.name, "is no integer from 0 to " + std::to_string(most), &text);
    return 0;
}

void ParameterReader::fault(bool in_path, std::string_view name, std::string_view what, const std::string* given) {
    if (!faults_.empty()) faults_ += ',';
    faults_ += in_path ? R"({"loc":["path",)" : R"({"loc":["query",)";
    append_json_string(faults_, name);
    faults_ += R"(],"msg":)";
    append_json_string(faults_,
                       std::string(in_path ? "the path's " : "the query's ").append(name).append(" ").append(what));
    if (given) {
        faults_ += R"(,"input":)";
        append_json_string(faults_, *given);
    }
    faults_ += '}';
}

bool ParameterReader::refuses(Response& answer) const {
    if (faults_.empty()) return false;
    answer = json_response(JsonText::written(R"({"detail":[)" + faults_ + "]}"), {.status = 422});
    return true;
}

}  // namespace hocket::http
