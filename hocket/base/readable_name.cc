// SPDX-License-Identifier: MIT
// Shortens the names of functions to what their programs call them.
#include <hocket/base/readable_name_internal.h>

#include <cxxabi.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <string_view>
#include <utility>

namespace hocket {

namespace {

/// Shortens `hocket::Coro<int> app::load<int>(int, char) const` to `app::load`, `amain(int)::{lambda(char)#2}::operator()(char)` to
/// `amain::{lambda}`.
class Shortener {
public:
    explicit Shortener(std::string_view demangled) : rest_(demangled) {}

    std::string result() && {
        while (!rest_.empty()) take();
        static constexpr std::string_view call = "}::operator()";
        for (std::size_t at = 0; (at = out_.find(call, at)) != std::string::npos;) out_.erase(at + 1, call.size() - 1);
        return std::move(out_);
    }

private:
    void take() {
        static constexpr std::string_view anonymous = "(anonymous namespace)::", named_operator = "operator",
                                          closure = "$_";
        if (rest_.starts_with(anonymous)) return rest_.remove_prefix(anonymous.size());
        if (rest_.starts_with(named_operator) && begins_name()) return take_operator();
        if (rest_.starts_with(closure) && begins_name()) {
            out_ += "{lambda}";
            return rest_.remove_prefix(std::min(rest_.size(), rest_.find(':')));
        }
        switch (rest_[0]) {
            case '(': return skip_group('(', ')');
            case '<': return skip_group('<', '>');
            case '[': return skip_group('[', ']');
            case '{': return take_braces();
            case ' ': return take_space();
            default: break;
        }
        out_ += rest_[0];
        rest_.remove_prefix(1);
    }
    bool begins_name() const { return out_.empty() || out_.back() == ':'; }

    void skip_group(char open, char close) {
        int depth = 0, inner = 0;
        std::size_t i = 0;
        for (; i < rest_.size(); ++i) {
            const char c = rest_[i];
            // Within <...>, what stands in parentheses may hold single > and <: `&operator->`, `(1 > 2)`.
            if (open == '<' && (c == '(' || c == ')')) inner += c == '(' ? 1 : -1;
            if (inner > 0) continue;
            if (c == open) ++depth;
            if (c == close && --depth == 0) break;
        }
        rest_.remove_prefix(std::min(i + 1, rest_.size()));
    }
    // `{lambda(int)#1}`, `{unnamed type#1}`
    void take_braces() {
        const std::size_t word = std::min(rest_.find_first_of("( #'}"), rest_.size());
        out_ += std::string(rest_.substr(0, word)) + "}";
        skip_group('{', '}');
    }
    // `operator()(int)`, `operator<<(A&)`, `operator bool()`: the name goes up to the parameters.
    void take_operator() {
        const std::size_t parameters =
            std::min(rest_.find('(', rest_.starts_with("operator()") ? 10 : 0), rest_.size());
        out_ += rest_.substr(0, parameters);
        rest_.remove_prefix(parameters);
    }
    // Before a space stands the result's type, unless a qualifier follows.
    void take_space() {
        rest_.remove_prefix(1);
        for (const std::string_view qualifier : {"const", "volatile", "&&", "&", "noexcept"}) {
            if (rest_.starts_with(qualifier)) return rest_.remove_prefix(qualifier.size());
        }
        if (!rest_.starts_with('[')) out_.clear();
    }

    std::string_view rest_;
    std::string out_;
};

}  // namespace

std::string readable_name(const char* symbol) {
    int status = 0;
    char* demangled = abi::__cxa_demangle(symbol, nullptr, nullptr, &status);
    if (!demangled) {  // a C function, or a short name that needs no more than the cut: `main.cold`, `nanosleep@GLIBC_2.2.5`, `load<int>`
        const std::string_view name(symbol);
        return Shortener(name.substr(0, name.find_first_of(".@", 1))).result();
    }
    std::string_view name(demangled);
    name = name.substr(0, name.find(" [clone "));
    std::string result = Shortener(name).result();
    std::free(demangled);
    return result;
}

}  // namespace hocket
