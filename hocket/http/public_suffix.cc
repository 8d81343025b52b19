// SPDX-License-Identifier: MIT
// The list of public suffixes, as libpsl has it.
#include <hocket/http/public_suffix_internal.h>

#include <libpsl.h>

namespace hocket::http {

bool is_public_suffix(std::string domain) {
    // To the list, a name that ends in a dot is another one, which would be free for all.
    while (domain.ends_with('.')) domain.pop_back();
    if (domain.find('.') == std::string::npos) return true;
    const psl_ctx_t* const list = psl_builtin();
    // Without a list nobody knows what is shared: the last two labels may be.
    if (!list) return domain.find('.') == domain.rfind('.');
    return psl_is_public_suffix(list, domain.c_str()) != 0;
}

}  // namespace hocket::http
