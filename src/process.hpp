// The running process: which one it is, and objects of which each process has one.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <memory>

namespace dlock::detail {

[[nodiscard]] long current_process() noexcept;

/// The process's one object of type T, made at the first call.
///
/// It is never destroyed: locks with static lifetime may still release after main(). A forked child
/// gets one of its own: what it inherits speaks of the parent's sessions, and a mutex in it may
/// have been locked at the fork.
template <class T>
[[nodiscard]] T& one_per_process() {
    struct Instance {
        T object{};
        long process = current_process();
    };
    static constinit std::atomic<Instance*> current{nullptr};
    Instance* found = current.load();
    while (found == nullptr || found->process != current_process()) {
        auto made = std::make_unique<Instance>();
        if (current.compare_exchange_strong(found, made.get())) {
            return made.release()->object;
        }
    }
    return found->object;
}

}  // namespace dlock::detail
