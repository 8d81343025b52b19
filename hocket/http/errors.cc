// SPDX-License-Identifier: MIT
// The key functions of HTTP's exceptions.
#include <hocket/http/errors.h>

namespace hocket::http {

ProtocolError::~ProtocolError() = default;
InvalidUrl::~InvalidUrl() = default;
ClientError::~ClientError() = default;
ClientConnectionError::~ClientConnectionError() = default;
ServerDisconnectedError::~ServerDisconnectedError() = default;
ClientPayloadError::~ClientPayloadError() = default;
ClientResponseError::~ClientResponseError() = default;
TooManyRedirects::~TooManyRedirects() = default;
ContentTypeError::~ContentTypeError() = default;

}  // namespace hocket::http
