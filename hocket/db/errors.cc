// SPDX-License-Identifier: MIT
// The exceptions' key functions.
#include <hocket/db/errors.h>

namespace hocket::sqlite {

Error::~Error() = default;
IntegrityError::~IntegrityError() = default;
OperationalError::~OperationalError() = default;
ProgrammingError::~ProgrammingError() = default;

}  // namespace hocket::sqlite
