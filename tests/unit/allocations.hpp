// What a piece of code allocates on the calling thread, and how it does without.
// SPDX-License-Identifier: BSL-1.0
#pragma once

namespace dlock_test {

/// While it lives the calling thread's allocations are counted, and the one with this number (from
/// 0) throws std::bad_alloc, and each after it.
class Allocations {
  public:
    static constexpr int all_succeed = -1;

    explicit Allocations(int first_that_fails = all_succeed);
    Allocations(const Allocations&) = delete;
    Allocations& operator=(const Allocations&) = delete;
    ~Allocations();

    [[nodiscard]] static int count();
};

/// What the function allocates.
template <class Function>
int allocations_of(Function function) {
    const Allocations counted;
    function();
    return Allocations::count();
}

}  // namespace dlock_test
