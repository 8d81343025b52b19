// SPDX-License-Identifier: MIT
// A task's name is a text.
#include <hocket/core/task.h>

#include <string>

// error(clang): no viable conversion from 'int' to 'std::string_view'
// error(gcc): (could not|cannot) convert .*'int' to 'std::string_view'
void call_it(const hocket::Task<int>& task) {
#ifdef HOCKET_FIXED
    task.set_name(std::to_string(123456789));
#else
    task.set_name(123456789);
#endif
}
