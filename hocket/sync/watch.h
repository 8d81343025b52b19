// SPDX-License-Identifier: MIT
// A pointer that becomes null when what it points to is destroyed, for use within one thread.
#pragma once

#include <hocket/base/config.h>

#include <utility>

namespace hocket {

class WatchBase;

/// What a Watch can point to. Stands in Python's place of an object that lives as long as somebody refers to it: code that comes back
/// from a wait, or from a destructor at the end of a run, finds out that the object is gone.
class HOCKET_EXPORT Watched {
public:
    Watched(const Watched&) = delete;
    Watched& operator=(const Watched&) = delete;

protected:
    Watched() noexcept = default;
    ~Watched() {
        if (watches_) forget();
    }

private:
    friend class WatchBase;
    void forget() noexcept;

    WatchBase* watches_ = nullptr;
};

class HOCKET_EXPORT WatchBase {
public:
    WatchBase(const WatchBase&) = delete;
    WatchBase& operator=(const WatchBase&) = delete;
    explicit operator bool() const noexcept { return target_; }
    void reset() noexcept {
        if (target_) unlink();
        target_ = nullptr;
    }

protected:
    explicit WatchBase(Watched* target) noexcept { point_to(target); }
    ~WatchBase() { reset(); }
    void point_to(Watched* target) noexcept {
        reset();
        target_ = target;
        if (target_) link();
    }

    Watched* target_ = nullptr;

private:
    friend class Watched;
    void link() noexcept {
        next_ = target_->watches_;
        place_ = &target_->watches_;
        if (next_) next_->place_ = &next_;
        *place_ = this;
    }
    void unlink() noexcept {
        *place_ = next_;
        if (next_) next_->place_ = place_;
    }

    WatchBase* next_ = nullptr;
    WatchBase** place_ = nullptr;  // the pointer that leads here
};

/// Points to a T for as long as that lives.
template <class T>
class Watch : public WatchBase {
public:
    explicit Watch(T& target) noexcept : WatchBase(&target) {}
    Watch(Watch&& other) noexcept : WatchBase(other.target_) { other.reset(); }
    Watch& operator=(Watch&& other) noexcept {
        point_to(other.target_);
        if (&other != this) other.reset();
        return *this;
    }

    T* get() const noexcept { return static_cast<T*>(target_); }
    T* operator->() const noexcept { return get(); }
};

}  // namespace hocket
