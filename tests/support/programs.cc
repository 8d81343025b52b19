// SPDX-License-Identifier: MIT
// Making, shrinking and showing random programs with RapidCheck, whose headers stay in this file.
#include <tests/support/programs.h>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cstdlib>
#include <ostream>
#include <sstream>

namespace hocket::testing {

Vocabulary::Vocabulary(std::initializer_list<Verb> own)
    : verbs_{{"give others # turns", 2}, {"sleep # ms", 2}, {"cancel @", 4}} {
    verbs_.insert(verbs_.end(), own);
}

std::string Program::text() const {
    std::string all = "size " + std::to_string(size);
    for (std::size_t i = 0; i < workers.size(); ++i) {
        all += '\n' + name_of(i) + ":";
        for (const Step& step : workers[i]) {
            all += &step == workers[i].data() ? " " : ", ";
            for (const char* c = vocabulary->verbs()[step.verb].words; *c; ++c) {
                if (*c == '#') {
                    all += std::to_string(step.number);
                } else if (*c == '@') {
                    all += name_of(worker(step));
                } else {
                    all += *c;
                }
            }
        }
    }
    return all;
}

// Found by RapidCheck.
static void showValue(const Program& program, std::ostream& out) { out << program.text(); }

namespace {

/// Smaller codes are simpler steps: a shrinking program tends to workers that only give turns.
Step step_of(const Vocabulary& vocabulary, int code) {
    Step step;
    step.number = static_cast<std::uint8_t>(code % Step::numbers);
    code /= Step::numbers;
    while (code >= vocabulary.verbs()[step.verb].weight) code -= vocabulary.verbs()[step.verb++].weight;
    return step;
}

rc::Gen<Program> programs(const Vocabulary& vocabulary) {
    int codes = 0;
    for (const Verb& verb : vocabulary.verbs()) codes += verb.weight * Step::numbers;
    // RapidCheck lets lengths and ranges grow with a size: here it is the length of a list, and else the whole range.
    const auto whole = [](rc::Gen<int> range) { return rc::gen::resize(rc::kNominalSize, std::move(range)); };
    const auto step =
        rc::gen::map(whole(rc::gen::inRange(0, codes)), [&vocabulary](int code) { return step_of(vocabulary, code); });
    const auto worker = rc::gen::resize(10, rc::gen::container<std::vector<Step>>(step));
    const auto workers = rc::gen::resize(5, rc::gen::container<std::vector<std::vector<Step>>>(worker));
    return rc::gen::map(rc::gen::pair(whole(rc::gen::inRange(1, 4)), workers),
                        [&vocabulary](std::pair<int, std::vector<std::vector<Step>>> parts) {
                            return Program{&vocabulary, parts.first, std::move(parts.second)};
                        });
}

struct Silent final : rc::detail::TestListener {
    void onTestCaseFinished(const rc::detail::CaseDescription&) override {}
    void onShrinkTried(const rc::detail::CaseDescription&, bool) override {}
    void onTestFinished(const rc::detail::TestMetadata&, const rc::detail::TestResult&) override {}
};

}  // namespace

void expect_for_programs(const Vocabulary& vocabulary, const Function<std::string(const Program&)>& run) {
    rc::detail::Configuration configuration;
    configuration.testParams.seed = 1;
    configuration.testParams.maxSuccess = 1000;
    if (const char* wanted = std::getenv("RC_PARAMS"))
        configuration = rc::detail::configFromString(wanted, configuration);
    const auto property = [&] {
        const Program program = *programs(vocabulary);
        const std::string wrong = run(program);
        if (!wrong.empty()) RC_FAIL(wrong);
    };
    Silent listener;
    const auto result =
        rc::detail::checkProperty(rc::detail::toProperty(property), {}, configuration.testParams, listener, {});
    if (result.template is<rc::detail::SuccessResult>()) return;
    std::ostringstream text;
    rc::detail::printResultMessage(result, text);
    ADD_FAILURE() << text.str() << "\nTo replay: RC_PARAMS=\"seed=" << configuration.testParams.seed
                  << " max_success=" << configuration.testParams.maxSuccess << '"';
}

}  // namespace hocket::testing
