// SPDX-License-Identifier: MIT
// The report sink.
#include <hocket/base/report.h>

#include <cstdio>
#include <mutex>
#include <utility>

namespace hocket {

namespace {

struct Sink {
    std::recursive_mutex mutex;
    ReportSink sink;

    // Never destroyed: reports may come from static destructors.
    static Sink& get() {
        static Sink* sink = new Sink;
        return *sink;
    }
};

}  // namespace

ReportSink set_report_sink(ReportSink sink) {
    Sink& current = Sink::get();
    const std::lock_guard lock(current.mutex);
    std::swap(current.sink, sink);
    return sink;
}

void report(std::string_view text) noexcept {
    Sink& current = Sink::get();
    const std::lock_guard lock(current.mutex);
    const auto to_stderr = [](std::string_view line) {
        std::fprintf(stderr, "hocket: %.*s\n", static_cast<int>(line.size()), line.data());
    };
    if (!current.sink) return to_stderr(text);
    try {
        current.sink(text);
    } catch (...) {  // the report itself still has to reach somebody
        to_stderr("the report sink threw an exception; the report was:");
        to_stderr(text);
    }
}

}  // namespace hocket
