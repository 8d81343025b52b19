// SPDX-License-Identifier: MIT
// Values that cannot be.
#include <hocket/db/value.h>

#include <hocket/base/errors.h>

namespace hocket::sqlite {

void Value::throw_too_large(std::uint64_t number) {
    throw ValueError(std::to_string(number) + " is more than an integer of a database can be, " +
                     std::to_string(INT64_MAX));
}

}  // namespace hocket::sqlite
