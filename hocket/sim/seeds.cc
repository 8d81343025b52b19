// SPDX-License-Identifier: MIT
// Running seeds, and the words for one that fails.
#include <hocket/sim/seeds.h>

#include <hocket/base/errors.h>
#include <hocket/base/report.h>

#include <unistd.h>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>

namespace hocket::sim {

namespace {

std::uint64_t number(std::string_view text, const std::string& variable) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc() || end != text.data() + text.size())
        throw ValueError(variable + ": not a number: " + std::string(text));
    return value;
}

std::string indented(const std::string& text) {
    std::string result = "  ";
    for (const char c : text) result += c == '\n' ? std::string("\n  ") : std::string(1, c);
    while (!result.empty() && (result.back() == ' ' || result.back() == '\n')) result.pop_back();
    return result + "\n";
}

std::string words_for(const Config& config, const Outcome& outcome, const SeedsOptions& options, const Main& main) {
    const std::string seed = std::to_string(config.seed);
    std::string text = "seed " + seed + " fails: " + outcome.error + "\n";
    std::string command = options.command;
    if (const std::size_t at = command.find("{}"); at != std::string::npos) command.replace(at, 2, seed);
    if (!command.empty()) text += "again:\n  " + command + "\n";
    if (options.story) text += "the story of this seed:\n" + indented(outcome.story);
    const Shrunk shrunk = shrink(config, outcome, main, options.shrink);
    text += "the smallest run that fails so, of " + std::to_string(shrunk.runs) + " that were tried:\n";
    return text + indented(shrunk.story);
}

// Of its story, its choices, and the times of its steps (FNV-1a).
std::uint64_t digest_of(const Outcome& outcome) {
    std::uint64_t digest = 0xCBF2'9CE4'8422'2325U;
    const auto mix = [&digest](std::uint64_t value) { digest = (digest ^ value) * 0x100'0000'01B3U; };
    for (const char c : outcome.story) mix(static_cast<unsigned char>(c));
    for (const std::uint32_t choice : outcome.choices) mix(choice);
    mix(outcome.fingerprint);
    return digest;
}

// The lines of `SeedsOptions::traces`.
class Traces {
public:
    explicit Traces(const SeedsOptions& options) : name_(options.name), file_(options.traces) {
        if (!file_.empty()) lines_.open(file_, std::ios::app);
    }
    void add(const Outcome& outcome) {
        if (file_.empty()) return;
        char digest[17];
        std::snprintf(digest, sizeof digest, "%016" PRIx64, digest_of(outcome));
        lines_ << name_ << ' ' << outcome.seed << ' ' << digest << '\n' << std::flush;
        if (!lines_) throw OSError(errno, "write " + file_);
    }

private:
    const std::string& name_;
    const std::string& file_;
    std::ofstream lines_;
};

}  // namespace

SeedsReport try_seeds(const SeedsOptions& options, const Main& main) {
    using Clock = std::chrono::steady_clock;
    constexpr std::chrono::seconds between_lines(5);
    SeedsReport report;
    Traces traces(options);
    Clock::time_point next_line = Clock::now() + between_lines;
    for (std::uint64_t seed = options.first; seed <= options.last; ++seed) {
        Config config = Config::swarm(seed);
        if (options.story) config.tell = Tell::story;
        if (!options.traces.empty()) config.tell = Tell::everything;
        if (options.edit) options.edit(config);
        const Outcome outcome = run(config, main);
        ++report.runs;
        traces.add(outcome);
        if (!outcome.ok) {
            report.seed = seed;
            report.text = words_for(config, outcome, options, main);
            return report;
        }
        if (options.story) report.text += "seed " + std::to_string(seed) + " is well:\n" + indented(outcome.story);
        if (options.progress && Clock::now() >= next_line) {
            next_line = Clock::now() + between_lines;
            hocket::report("seed " + std::to_string(seed) + " of " + std::to_string(options.last) + " is well");
        }
        if (seed == options.last) break;  // the last number of all has no next
    }
    report.ok = true;
    return report;
}

SeedsOptions seeds_of_environment(const std::string& test, std::uint64_t seeds) {
    SeedsOptions options;
    options.name = test;
    options.last = seeds;
    options.progress = ::isatty(STDERR_FILENO) == 1;
    std::error_code error;
    const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
    options.command = "HOCKET_SIM_SEED={} ./" + program.filename().string() + " --gtest_filter=" + test;
    if (const char* const file = std::getenv("HOCKET_SIM_TRACES"); file != nullptr) options.traces = file;
    if (const char* const one = std::getenv("HOCKET_SIM_SEED"); one != nullptr && *one != '\0') {
        options.first = options.last = number(one, "HOCKET_SIM_SEED");
        options.story = true;
    } else if (const char* const range = std::getenv("HOCKET_SIM_SEEDS"); range != nullptr && *range != '\0') {
        const std::string_view text = range;
        const std::size_t dots = text.find("..");
        options.first = number(text.substr(0, dots), "HOCKET_SIM_SEEDS");
        options.last =
            dots == std::string_view::npos ? options.first : number(text.substr(dots + 2), "HOCKET_SIM_SEEDS");
        if (options.first > options.last) throw ValueError("HOCKET_SIM_SEEDS: nothing lies in " + std::string(text));
    }
    return options;
}

}  // namespace hocket::sim
