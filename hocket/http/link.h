// SPDX-License-Identifier: MIT
// Links between resources, as the field Link says them (RFC 8288): the next page, and the like.
#pragma once

#include <hocket/base/config.h>
#include <hocket/http/params.h>
#include <hocket/http/url.h>

#include <string>
#include <string_view>
#include <vector>

namespace hocket::http {

class Headers;

/// `<https://example.org/items?page=2>; rel="next"`. A value, safe to copy between threads.
struct Link {
    Url url;                 ///< where it leads
    std::string rel = {};    ///< `next`; several words are several relations; as it came
    Params parameters = {};  ///< the others, names in lower case: `title`, `anchor`, ...

    /// Whether `relation` is one of `rel`, compared without case.
    HOCKET_EXPORT bool is(std::string_view relation) const noexcept;
};

/// The links of all fields Link of a response from `base`, in order (`response.links` of aiohttp, httpx and requests). Never throws for what a
/// server says: a target that is no URL is left out, and so is what stands behind something malformed in its field; there are
/// 200 at most, since each may be as long as `base`.
HOCKET_EXPORT std::vector<Link> links_of(const Headers& response, const Url& base);

}  // namespace hocket::http
