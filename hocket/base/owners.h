// SPDX-License-Identifier: MIT
// Who owns an object: what std::unique_ptr and std::shared_ptr do, without <memory>, which costs every file that includes it a fifth
// of the time that hocket.h takes to compile.
#pragma once

#include <concepts>
#include <cstddef>
#include <type_traits>
#include <utility>

namespace hocket {

/// Owns one object, alone (`std::unique_ptr`, from which it can be made).
template <class T>
class Unique {
public:
    constexpr Unique() noexcept = default;
    constexpr Unique(std::nullptr_t) noexcept {}
    explicit Unique(T* object) noexcept : object_(object) {}
    Unique(Unique&& other) noexcept : object_(other.release()) {}
    /// From an owner of a T or of a class derived from T, which frees it by `delete`.
    template <class Owner>
        requires(sizeof(Owner) == sizeof(T*)) && requires(Owner owner) {
            { owner.release() } -> std::convertible_to<T*>;
        }
    Unique(Owner other) noexcept : object_(other.release()) {}
    Unique& operator=(Unique other) noexcept {
        std::swap(object_, other.object_);
        return *this;
    }
    ~Unique() { delete object_; }

    template <class... A>
    static Unique make(A&&... arguments) {
        return Unique(new T(std::forward<A>(arguments)...));
    }

    T* get() const noexcept { return object_; }
    T& operator*() const noexcept { return *object_; }
    T* operator->() const noexcept { return object_; }
    explicit operator bool() const noexcept { return object_; }
    void reset() noexcept { delete release(); }
    T* release() noexcept { return std::exchange(object_, nullptr); }

private:
    T* object_ = nullptr;
};

/// Owns one object together with its copies (`std::shared_ptr`): the last to go destroys it. Copies may be on different threads. T
/// may be incomplete but where it is made. It can be made from any other owner, which then lives as long as the copies: a Unique, a
/// std::unique_ptr, a std::shared_ptr.
template <class T>
class Shared {
public:
    constexpr Shared() noexcept = default;
    constexpr Shared(std::nullptr_t) noexcept {}
    Shared(const Shared& other) noexcept : block_(other.block_), object_(other.object_) {
        if (block_) __atomic_fetch_add(&block_->owners, 1, __ATOMIC_RELAXED);
    }
    Shared(Shared&& other) noexcept
        : block_(std::exchange(other.block_, nullptr)), object_(std::exchange(other.object_, nullptr)) {}
    /// From an owner of a T or of a class derived from T.
    template <class Owner>
        requires(!std::same_as<Owner, Shared>) && requires(const Owner& owner) {
            { owner.get() } -> std::convertible_to<T*>;
        }
    Shared(Owner owner) : object_(owner.get()) {
        if (object_) block_ = new Holding<Owner>(std::move(owner));
    }
    Shared& operator=(Shared other) noexcept {
        std::swap(block_, other.block_);
        std::swap(object_, other.object_);
        return *this;
    }
    ~Shared() {
        if (block_ && __atomic_fetch_sub(&block_->owners, 1, __ATOMIC_ACQ_REL) == 1) block_->destroy(block_);
    }

    template <class... A>
    static Shared make(A&&... arguments) {
        auto* whole = new Whole(std::forward<A>(arguments)...);
        return Shared(whole, &whole->object);
    }

    T* get() const noexcept { return object_; }
    T& operator*() const noexcept { return *object_; }
    T* operator->() const noexcept { return object_; }
    explicit operator bool() const noexcept { return object_; }
    friend bool operator==(const Shared& a, const Shared& b) noexcept { return a.object_ == b.object_; }

private:
    struct Block {
        void (*destroy)(Block*) noexcept;
        unsigned owners = 1;
    };
    struct Whole : Block {
        std::remove_const_t<T> object;
        template <class... A>
        explicit Whole(A&&... arguments)
            : Block{[](Block* block) noexcept { delete static_cast<Whole*>(block); }},
              object(std::forward<A>(arguments)...) {}
    };

    template <class Owner>
    struct Holding : Block {
        Owner owner;
        explicit Holding(Owner&& o)
            : Block{[](Block* block) noexcept { delete static_cast<Holding*>(block); }}, owner(std::move(o)) {}
    };

    Shared(Block* block, T* object) noexcept : block_(block), object_(object) {}

    Block* block_ = nullptr;
    T* object_ = nullptr;
};

}  // namespace hocket
