// SPDX-License-Identifier: MIT
// Typed keys, and what applications and requests carry under them.
#pragma once

#include <hocket/base/config.h>
#include <hocket/base/owners.h>

#include <string_view>
#include <typeinfo>
#include <utility>
#include <vector>

namespace hocket::http {

/// A name for something that an application or a request carries, with its type (`aiohttp.web.AppKey`):
///
///     inline const http::Key<Database> database("database");
///
/// Two keys are never the same, whatever their names are: that is for messages only. It lives longer than what it is used with, so it is
/// a constant of a namespace; a temporary one does not compile.
template <class T>
class Key {
public:
    using Value = T;

    explicit constexpr Key(const char* name) noexcept : name_(name) {}
    Key(const Key&) = delete;
    Key& operator=(const Key&) = delete;
    constexpr const char* name() const noexcept { return name_; }

private:
    const char* name_;
};

/// Values under keys. A handful: they are looked through one by one.
class HOCKET_EXPORT Storage {
public:
    Storage() noexcept = default;
    Storage(const Storage&) = delete;
    Storage& operator=(const Storage&) = delete;
    ~Storage() = default;

    /// In place of one that is there.
    template <class T>
    T& set(const Key<T>& key, T value) {
        auto box = Unique<Box<T>>::make(std::move(value));
        T& stored = box->value;
        put(&key, std::move(box));
        return stored;
    }
    /// Null if there is none.
    template <class T>
    T* find(const Key<T>& key) const noexcept {
        AnyBox* const box = look_up(&key);
        return box && box->type == typeid(T) ? &static_cast<Box<T>*>(box)->value : nullptr;
    }

    /// Throws ValueError: `request[user]: nothing has that key`.
    [[noreturn]] static void refuse(const char* whose, const char* key);

private:
    struct AnyBox {
        explicit AnyBox(const std::type_info& t) noexcept : type(t) {}
        AnyBox(const AnyBox&) = delete;
        AnyBox& operator=(const AnyBox&) = delete;
        virtual ~AnyBox() = default;
        const std::type_info& type;  // a key's address may have been another one's before
    };
    template <class T>
    struct Box final : AnyBox {
        explicit Box(T&& v) : AnyBox(typeid(T)), value(std::move(v)) {}
        T value;
    };

    void put(const void* key, Unique<AnyBox> box);
    AnyBox* look_up(const void* key) const noexcept;

    std::vector<std::pair<const void*, Unique<AnyBox>>> values_;
};

}  // namespace hocket::http
