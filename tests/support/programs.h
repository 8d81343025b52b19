// SPDX-License-Identifier: MIT
// Random programs of a few workers, for properties that must hold whatever the workers do and whoever is cancelled.
#pragma once

#include <hocket/base/function.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

namespace hocket::testing {

/// Something that a worker can do. In `words`, `#` stands for the number of the step, `@` for the worker with that number.
struct Verb {
    const char* words;
    int weight = 1;  ///< how often, beside the others
};

/// What the workers of a property can do: what every worker can, then what the property adds.
class Vocabulary {
public:
    static constexpr std::uint8_t turns = 0, sleep = 1, cancel = 2, first_own = 3;

    Vocabulary(std::initializer_list<Verb> own);
    const std::vector<Verb>& verbs() const noexcept { return verbs_; }

private:
    std::vector<Verb> verbs_;
};

/// `verb`: an index into the vocabulary. `number`: how often, how long, or which worker.
struct Step {
    static constexpr int numbers = 6;  // 0 to 5
    std::uint8_t verb = 0;
    std::uint8_t number = 0;
};

/// A primitive of a size from 1 to 3, and what each worker does with it, one step after the other.
struct Program {
    const Vocabulary* vocabulary = nullptr;
    int size = 1;
    std::vector<std::vector<Step>> workers;

    static std::string name_of(std::size_t worker) { return std::string(1, static_cast<char>('A' + worker)); }
    std::size_t worker(Step step) const noexcept { return step.number % workers.size(); }
    /// A line for each worker.
    std::string text() const;
};

/// Fails the test unless `run` gives "" for a thousand random programs; a failure shows the smallest program found, and what `run` says of it.
/// The programs are the same in every run, unless the environment variable RC_PARAMS says otherwise: `seed=7 max_success=100000`.
void expect_for_programs(const Vocabulary& vocabulary, const Function<std::string(const Program&)>& run);

}  // namespace hocket::testing
