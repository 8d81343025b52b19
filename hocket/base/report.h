// SPDX-License-Identifier: MIT
// The one place where the library speaks unasked: reports of things that went wrong and that nobody else will mention.
#pragma once

#include <hocket/base/config.h>
#include <hocket/base/function.h>

#include <string_view>

namespace hocket {

/// Takes each report: one or more lines, without a last newline.
using ReportSink = Function<void(std::string_view)>;

/// Replaces the sink of all threads' reports; an empty one restores the default, standard error with `hocket: ` before each report.
/// Returns the one before, which a sink that replaces itself must keep until it returns. Thread-safe; the sink is called by one thread
/// at a time.
HOCKET_EXPORT ReportSink set_report_sink(ReportSink sink);

/// Hands `text` to the sink. Thread-safe, never throws: what a sink throws is dropped with a notice on standard error.
HOCKET_EXPORT void report(std::string_view text) noexcept;

}  // namespace hocket
