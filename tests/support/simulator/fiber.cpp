// SPDX-License-Identifier: BSL-1.0
#include "support/simulator/fiber.hpp"

#include <cxxabi.h>

#include <cstdint>
#include <utility>
#include <vector>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif

namespace dlock::testing {
namespace {

constexpr std::size_t stack_size = std::size_t{256} * 1024;

// Stacks are used again: making one costs more than a whole schedule.
std::vector<std::unique_ptr<char[]>>& spare_stacks() {
    thread_local std::vector<std::unique_ptr<char[]>> stacks;
    return stacks;
}

std::unique_ptr<char[]> take_stack() {
    auto& spare = spare_stacks();
    if (spare.empty()) {
        return std::make_unique_for_overwrite<char[]>(stack_size);
    }
    auto stack = std::move(spare.back());
    spare.pop_back();
    return stack;
}

}  // namespace

Fiber::Fiber(std::function<void()> function)
    : function_(std::move(function)), stack_(take_stack()) {
    getcontext(&own_);
    own_.uc_stack.ss_sp = stack_.get();
    own_.uc_stack.ss_size = stack_size;
    own_.uc_link = nullptr;
    const auto self = reinterpret_cast<std::uintptr_t>(this);
    makecontext(&own_, reinterpret_cast<void (*)()>(&Fiber::enter), 2,
                static_cast<unsigned>(self >> 32U), static_cast<unsigned>(self));
}

Fiber::~Fiber() {
    spare_stacks().push_back(std::move(stack_));
}

void Fiber::enter(unsigned high, unsigned low) {
    auto* const self = reinterpret_cast<Fiber*>(static_cast<std::uintptr_t>(high) << 32U | low);
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(nullptr, &self->caller_stack_, &self->caller_stack_size_);
#endif
    try {
        self->function_();
    } catch (...) {
        self->thrown_ = std::current_exception();
    }
    self->ended_ = true;
    self->pause();
}

// Each side keeps its own exceptions: those of the other must not be ended here.
void Fiber::resume() {
    auto* const current = reinterpret_cast<Exceptions*>(abi::__cxa_get_globals());
    const Exceptions outside = std::exchange(*current, exceptions_);
#if defined(__SANITIZE_ADDRESS__)
    void* fake = nullptr;
    __sanitizer_start_switch_fiber(&fake, stack_.get(), stack_size);
#endif
    swapcontext(&caller_, &own_);
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(fake, nullptr, nullptr);
#endif
    exceptions_ = std::exchange(*current, outside);
}

void Fiber::pause() {
#if defined(__SANITIZE_ADDRESS__)
    void* fake = nullptr;
    __sanitizer_start_switch_fiber(ended_ ? nullptr : &fake, caller_stack_, caller_stack_size_);
#endif
    swapcontext(&own_, &caller_);
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(fake, &caller_stack_, &caller_stack_size_);
#endif
}

}  // namespace dlock::testing
