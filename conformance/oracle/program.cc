// SPDX-License-Identifier: MIT
// Reading a program of the oracle's language.
#include "program.h"

#include <charconv>
#include <stdexcept>
#include <utility>

namespace oracle {

namespace {

class Reader {
public:
    explicit Reader(std::string_view text) : text_(text) {}

    Node program() {
        Node node = read();
        skip_blanks();
        if (at_ != text_.size()) fail("the program has ended");
        return node;
    }

private:
    Node read() {
        skip_blanks();
        if (!take('(')) fail("a `(` is missing");
        Node node{.op = std::string(word()), .numbers = {}, .children = {}, .index = count_++};
        for (skip_blanks(); !take(')'); skip_blanks()) {
            if (at_ == text_.size()) fail("a `)` is missing");
            if (text_[at_] == '(') {
                node.children.push_back(read());
            } else {
                node.numbers.push_back(number());
            }
        }
        return node;
    }

    std::string_view word() {
        const std::size_t begin = at_;
        while (at_ < text_.size() && text_[at_] != ' ' && text_[at_] != '(' && text_[at_] != ')') ++at_;
        if (at_ == begin) fail("a word is missing");
        return text_.substr(begin, at_ - begin);
    }

    long number() {
        const std::string_view digits = word();
        long value = 0;
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
        if (error != std::errc() || end != digits.data() + digits.size()) fail("this is no number");
        return value;
    }

    void skip_blanks() {
        while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    }
    bool take(char c) {
        if (at_ == text_.size() || text_[at_] != c) return false;
        ++at_;
        return true;
    }
    [[noreturn]] void fail(const char* why) const {
        throw std::invalid_argument("read a program: " + std::string(why) + ", at character " + std::to_string(at_));
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::size_t count_ = 0;
};

}  // namespace

Node parse(std::string_view text) { return Reader(text).program(); }

}  // namespace oracle
