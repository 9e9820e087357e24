// One seeded run of some clients on a simulated server, with everything checked on the way.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "explore/tally.hpp"

#include <dlock/testing/simulator.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace dlock_test {

struct Setting {
    dlock::Product product = dlock::Product::postgresql;
    bool babelfish = false;
    bool trace = false;
};

/// Runs the schedule of this seed; returns what was violated, empty if nothing.
[[nodiscard]] std::vector<std::string> run_schedule(const Setting& setting, std::uint64_t seed,
                                                    Tally& tally);

}  // namespace dlock_test
