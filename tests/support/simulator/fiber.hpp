// A function with a stack of its own, that can stop in the middle.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <ucontext.h>

#include <cstddef>
#include <exception>
#include <functional>
#include <memory>

namespace dlock::testing {

class Fiber {
  public:
    explicit Fiber(std::function<void()> function);
    ~Fiber();
    Fiber(const Fiber&) = delete;
    Fiber& operator=(const Fiber&) = delete;

    /// Goes on with the function until it calls pause() or returns.
    void resume();
    /// Called by the function: back to the one who called resume().
    void pause();

    [[nodiscard]] bool ended() const noexcept { return ended_; }
    /// What the function threw; null if nothing.
    [[nodiscard]] std::exception_ptr thrown() const noexcept { return thrown_; }

  private:
    static void enter(unsigned high, unsigned low);

    // The exceptions that are being handled, which the C++ run-time keeps for each thread.
    struct Exceptions {
        void* caught = nullptr;
        unsigned uncaught = 0;
    };

    std::function<void()> function_;
    std::unique_ptr<char[]> stack_;
    ucontext_t own_{};
    ucontext_t caller_{};
    Exceptions exceptions_{};
    std::exception_ptr thrown_;
    bool ended_ = false;
    const void* caller_stack_ = nullptr;
    std::size_t caller_stack_size_ = 0;
};

}  // namespace dlock::testing
