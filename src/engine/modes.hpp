// Which modes exclude each other.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <dlock/options.hpp>

namespace dlock::detail {

/// True if two sessions cannot hold one key in these modes at the same time. The same on every
/// database that has both.
[[nodiscard]] constexpr bool exclude_each_other(Mode one, Mode other) noexcept {
    // A bit for each mode that the row's mode excludes, in the order of the enumeration.
    constexpr auto bit = [](Mode mode) { return 1U << static_cast<unsigned>(mode); };
    constexpr unsigned all_but_null = bit(Mode::exclusive) | bit(Mode::shared) | bit(Mode::update) |
                                      bit(Mode::intent_shared) | bit(Mode::intent_exclusive) |
                                      bit(Mode::shared_intent_exclusive);
    constexpr unsigned writers =
        bit(Mode::exclusive) | bit(Mode::intent_exclusive) | bit(Mode::shared_intent_exclusive);
    const unsigned excluded = [&] {
        switch (one) {
            case Mode::exclusive:
                return all_but_null;
            case Mode::shared:
                return writers;
            case Mode::update:
                return writers | bit(Mode::update);
            case Mode::intent_shared:
                return bit(Mode::exclusive);
            case Mode::intent_exclusive:
                return bit(Mode::exclusive) | bit(Mode::shared) | bit(Mode::update) |
                       bit(Mode::shared_intent_exclusive);
            case Mode::shared_intent_exclusive:
                return all_but_null & ~bit(Mode::intent_shared);
            case Mode::null:
                break;
        }
        return 0U;
    }();
    return (excluded & bit(other)) != 0;
}

}  // namespace dlock::detail
