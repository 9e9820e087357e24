// The measures, one file each.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "report.hpp"

namespace dlock_bench {

struct Settings {
    /// Fewer repetitions: about a minute for all measures, and noisier.
    bool quick = false;

    /// `full`, or `less` in a quick run.
    [[nodiscard]] int repetitions(int full, int less) const { return quick ? less : full; }
};

[[nodiscard]] Table measure_pairs(const Settings& settings);
[[nodiscard]] Table measure_round_trips(const Settings& settings);
[[nodiscard]] Table measure_hand_off(const Settings& settings);
[[nodiscard]] Table measure_statements(const Settings& settings);
[[nodiscard]] Table measure_deadline(const Settings& settings);
[[nodiscard]] Table measure_fairness(const Settings& settings);
[[nodiscard]] Table measure_killed_holder(const Settings& settings);
[[nodiscard]] Table measure_many_waiters(const Settings& settings);

// With DLOCK_HAS_ASIO only.
[[nodiscard]] Table measure_async_waiters(const Settings& settings);
[[nodiscard]] Table measure_async_cancel(const Settings& settings);
[[nodiscard]] Table measure_async_idle(const Settings& settings);

}  // namespace dlock_bench
