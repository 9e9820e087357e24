// Medians and other quantiles of samples, and the clock they are taken with.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <vector>

namespace dlock_bench {

using Clock = std::chrono::steady_clock;

[[nodiscard]] inline double microseconds_since(Clock::time_point start) {
    return std::chrono::duration<double, std::micro>(Clock::now() - start).count();
}

class Samples {
  public:
    void add(double value) { values_.push_back(value); }

    /// The value that `fraction` of the samples do not exceed; 0 without samples.
    [[nodiscard]] double quantile(double fraction) const;
    [[nodiscard]] double min() const { return quantile(0); }
    [[nodiscard]] double median() const { return quantile(0.5); }
    [[nodiscard]] double max() const { return quantile(1); }

  private:
    std::vector<double> values_;
};

/// Jain's index: 1 if all shares are equal, 1/n if one has everything.
[[nodiscard]] double jain_index(const std::vector<double>& shares);

}  // namespace dlock_bench
