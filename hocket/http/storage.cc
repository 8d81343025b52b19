// SPDX-License-Identifier: MIT
// Values under keys, compared by where the keys are.
#include <hocket/http/storage.h>

#include <hocket/base/errors.h>

#include <string>

namespace hocket::http {

void Storage::put(const void* key, Unique<AnyBox> box) {
    for (auto& [known, value] : values_) {
        if (known == key) {
            value = std::move(box);
            return;
        }
    }
    values_.emplace_back(key, std::move(box));
}

Storage::AnyBox* Storage::look_up(const void* key) const noexcept {
    for (const auto& [known, value] : values_) {
        if (known == key) return value.get();
    }
    return nullptr;
}

void Storage::refuse(const char* whose, const char* key) {
    throw ValueError(std::string(whose) + "[" + key + "]: nothing has that key");
}

}  // namespace hocket::http
