// SPDX-License-Identifier: MIT
// Context variables (`contextvars`): values that follow tasks and callbacks instead of threads.
#pragma once

#include <hocket/base/errors.h>
#include <hocket/base/memory.h>

#include <cstdint>
#include <optional>
#include <utility>

namespace hocket {

/// A value that a variable was set to; immutable, shared by all contexts that were copied since, and never copied within a thread.
struct HOCKET_EXPORT ContextValue : Pooled {
    std::uint32_t refs = 1;

    virtual ContextValue* clone() const = 0;

    static ContextValue* share(ContextValue* v) noexcept {
        if (v) ++v->refs;
        return v;
    }
    static void drop(ContextValue* v) noexcept {
        if (v && --v->refs == 0) delete v;
    }

protected:
    virtual ~ContextValue() = default;
};

/// Which value a variable has. A context is a list of these, whose rest contexts share.
struct HOCKET_EXPORT Binding final : Pooled {
    std::uint32_t refs = 1;
    Binding* rest;
    std::uint64_t variable;
    ContextValue* value;

    Binding(Binding* older, std::uint64_t var, ContextValue* v) noexcept : rest(older), variable(var), value(v) {}

    static Binding* share(Binding* b) noexcept {
        if (b) ++b->refs;
        return b;
    }
    static void drop(Binding* b) noexcept;
    /// Puts `value` in place of the one that `variable` has in `list`, if any; null: `variable` has none from then on. Takes over the
    /// reference.
    static void bind(Binding*& list, std::uint64_t variable, ContextValue* value);
    static ContextValue* find(const Binding* list, std::uint64_t variable) noexcept;
    /// What a new variable is known by: not its address, where another may stand after it.
    static std::uint64_t new_variable() noexcept;
};

struct SharedBindings : Pooled {
    std::uint32_t refs = 1;
    Binding* list = nullptr;
    bool entered = false;  // by Context::run
};

/// The context of a task or a callback: its own list of bindings or, where a `Context` was given, that one's. One word, so that a
/// task without variables pays nothing.
class HOCKET_EXPORT ContextSlot {
public:
    ContextSlot() noexcept = default;
    ContextSlot(ContextSlot&& other) noexcept : own_(std::exchange(other.own_, nullptr)) {}
    ContextSlot& operator=(ContextSlot other) noexcept {
        std::swap(own_, other.own_);
        return *this;
    }
    ~ContextSlot() {
        if (own_) release();
    }

    /// What `asyncio` does at each registration: the bindings of now, to be changed separately.
    HOCKET_INLINE ContextSlot copy() const noexcept {
        return own_ ? ContextSlot(Binding::share(const_cast<ContextSlot*>(this)->list())) : ContextSlot();
    }
    /// Copies that share nothing with these bindings, the values included: for another thread.
    ContextSlot detached() const;
    static ContextSlot sharing(SharedBindings* shared) noexcept;

    Binding*& list() noexcept { return is_shared() ? shared()->list : own_; }

private:
    explicit ContextSlot(Binding* own) noexcept : own_(own) {}
    bool is_shared() const noexcept { return reinterpret_cast<std::uintptr_t>(own_) & 1; }
    SharedBindings* shared() const noexcept {
        return reinterpret_cast<SharedBindings*>(reinterpret_cast<std::uintptr_t>(own_) - 1);
    }
    void release() noexcept;

    Binding* own_ = nullptr;  // or the address of SharedBindings plus 1
};

/// The bindings of the running task or callback, or of this thread where no loop runs.
HOCKET_EXPORT ContextSlot& current_context() noexcept;

template <class T>
class ContextVar;

/// A context that a program holds: given to tasks (`create_task(coro, {.context = &context})`) or entered by `run`
/// (`contextvars.Context`). Handles share it. Belongs to one thread.
class HOCKET_EXPORT Context {
public:
    Context() : shared_(new SharedBindings) {}
    Context(const Context& other) noexcept : shared_(other.shared_) { ++shared_->refs; }
    Context& operator=(Context other) noexcept {
        std::swap(shared_, other.shared_);
        return *this;
    }
    ~Context();

    /// Calls `f(args...)` inside this context: what it sets stays here. Throws RuntimeError where the current context is this one, or will be
    /// again when an outer `run` goes on.
    template <class F, class... Args>
    decltype(auto) run(F&& f, Args&&... args) const {
        const Entered entered(*shared_);
        return std::forward<F>(f)(std::forward<Args>(args)...);
    }
    /// The value of `variable` here, or null.
    template <class T>
    const T* get(const ContextVar<T>& variable) const noexcept {
        return ContextVar<T>::find(shared_->list, variable);
    }
    ContextSlot slot() const noexcept { return ContextSlot::sharing(shared_); }

private:
    friend HOCKET_EXPORT Context copy_context();
    struct HOCKET_EXPORT Entered {
        explicit Entered(SharedBindings& entered);
        ~Entered();
        SharedBindings& shared;
        ContextSlot outer;
    };
    SharedBindings* shared_;
};

/// A copy of the current context (`contextvars.copy_context`).
HOCKET_EXPORT Context copy_context();

/// A variable whose value belongs to the running task (`contextvars.ContextVar`). A task begins with a copy of its creator's values;
/// what it sets is its own. Declared once, mostly at namespace scope; any loop and thread may use it.
template <class T>
class ContextVar {
    struct Bound final : ContextValue {
        T value;
        explicit Bound(T v) : value(std::move(v)) {}
        ContextValue* clone() const override { return new Bound(value); }
    };

public:
    /// What `set` found, for `reset`. Belongs to one thread.
    class Token {
    public:
        Token(Token&& other) noexcept
            : variable_(other.variable_),
              old_(std::exchange(other.old_, nullptr)),
              context_(other.context_),
              used_(std::exchange(other.used_, true)) {}
        Token& operator=(Token other) noexcept {
            std::swap(variable_, other.variable_);
            std::swap(old_, other.old_);
            std::swap(context_, other.context_);
            std::swap(used_, other.used_);
            return *this;
        }
        ~Token() { ContextValue::drop(old_); }

    private:
        friend class ContextVar;
        Token(std::uint64_t variable, Binding*& list) noexcept
            : variable_(variable), old_(ContextValue::share(Binding::find(list, variable))), context_(&list) {}

        std::uint64_t variable_;
        ContextValue* old_;
        Binding* const* context_;
        bool used_ = false;
    };

    explicit ContextVar(const char* name) : name_(name) {}
    ContextVar(const char* name, T initial) : name_(name), initial_(std::move(initial)) {}
    ContextVar(const ContextVar&) = delete;
    ContextVar& operator=(const ContextVar&) = delete;

    const char* name() const noexcept { return name_; }

    /// The current value, else the initial one. Throws RuntimeError where there is neither (Python's LookupError). The
    /// reference holds until the variable is set again in this context.
    const T& get() const {
        if (const T* value = find(current_context().list(), *this)) return *value;
        if (initial_) return *initial_;
        throw RuntimeError(std::string("context variable ") + name_ + " has no value here");
    }
    Token set(T value) {
        Binding*& list = current_context().list();
        Token token(key_, list);
        Binding::bind(list, key_, new Bound(std::move(value)));
        return token;
    }
    /// Restores what was there before the `set` that gave the token. Throws RuntimeError for a token used already, ValueError for
    /// one of another variable, or of another context than the current one.
    void reset(Token& token) {
        Binding*& list = current_context().list();
        if (token.variable_ != key_) throw ValueError(std::string("the token is not one of context variable ") + name_);
        if (token.used_)
            throw RuntimeError(std::string("the token of context variable ") + name_ + " was used already");
        if (token.context_ != &list)
            throw ValueError(std::string("the token of context variable ") + name_ + " was made in another context");
        token.used_ = true;
        Binding::bind(list, key_, std::exchange(token.old_, nullptr));
    }

private:
    friend class Context;
    static const T* find(const Binding* list, const ContextVar& variable) noexcept {
        const ContextValue* found = Binding::find(list, variable.key_);
        return found ? &static_cast<const Bound*>(found)->value : nullptr;
    }

    const char* name_;
    const std::uint64_t key_ = Binding::new_variable();
    std::optional<T> initial_;
};

}  // namespace hocket
