// SPDX-License-Identifier: MIT
// The report sink.
#include <hocket/base/report.h>

#include <hocket/base/owners.h>

#include <pthread.h>
#include <cstdio>
#include <mutex>
#include <new>
#include <utility>

namespace hocket {

namespace {

struct Sink {
    std::recursive_mutex mutex;
    ReportSink* sink = new ReportSink;  // replaced in one store, so that a fork finds it whole

    // Never destroyed: reports may come from static destructors.
    static Sink& get() {
        static Sink* sink = new Sink;
        return *sink;
    }
    // In a child, the thread that held the mutex is gone, and a recursive mutex is unlocked by its thread only.
    Sink() {
        pthread_atfork(nullptr, nullptr, [] { new (&get().mutex) std::recursive_mutex; });
    }
};

}  // namespace

ReportSink set_report_sink(ReportSink sink) {
    Sink& current = Sink::get();
    auto* made = new ReportSink(std::move(sink));
    const std::lock_guard lock(current.mutex);
    const Unique<ReportSink> before(std::exchange(current.sink, made));
    return std::move(*before);
}

void report(std::string_view text) noexcept {
    Sink& current = Sink::get();
    const std::lock_guard lock(current.mutex);
    const auto to_stderr = [](std::string_view line) {
        std::fprintf(stderr, "hocket: %.*s\n", static_cast<int>(line.size()), line.data());
    };
    if (!*current.sink) return to_stderr(text);
    try {
        (*current.sink)(text);
    } catch (...) {  // the report itself still has to reach somebody
        to_stderr("the report sink threw an exception; the report was:");
        to_stderr(text);
    }
}

}  // namespace hocket
