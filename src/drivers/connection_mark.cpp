// SPDX-License-Identifier: BSL-1.0
#include "drivers/connection_mark.hpp"

#include "process.hpp"

#include <random>

namespace dlock::detail {
namespace {

std::uint64_t random_number() {
    std::random_device device;
    return std::uniform_int_distribution<std::uint64_t>()(device);
}

}  // namespace

std::uint64_t connection_mark(const void* handle) {
    static const std::uint64_t of_the_program = random_number();
    // A child of fork() has the number of its parent, and may have its addresses.
    std::seed_seq seed{of_the_program, of_the_program >> 32U,
                       static_cast<std::uint64_t>(current_process()),
                       static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(handle)),
                       static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(handle)) >> 32U};
    std::mt19937_64 engine(seed);
    const std::uint64_t mark = engine();
    return mark != 0 ? mark : 1;
}

}  // namespace dlock::detail
