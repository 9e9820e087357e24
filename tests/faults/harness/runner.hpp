// Runs the trials of each fault on each column.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "faults/harness/fault.hpp"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace dlock_test {

struct RunOptions {
    bool full = false;
    std::vector<std::string> only{};
    std::vector<std::string> columns{};
    std::uint64_t seed = 1;
    /// No more trials of a fault on a column than these.
    int most_trials = std::numeric_limits<int>::max();
    /// The one seed of a trial to be run again.
    std::optional<std::uint64_t> replay{};
};

/// What the trials of one fault on one column gave.
struct Cell {
    std::string fault;
    std::string column;
    /// Why the fault makes no sense on the column; empty if it does.
    std::string not_applicable{};
    /// Why it was not run, or not to its end, though it is applicable; empty if it was.
    std::string not_run{};
    /// How many trials the fault wants in such a run.
    int wanted = 0;
    int trials = 0;
    int green_trials = 0;
    long cases = 0;
    long violations = 0;
    Clock::duration detection{};
    /// One for each trial.
    std::vector<Clock::duration> detections{};
    Clock::duration reacquire{};
    long event_first = 0;
    long grant_first = 0;
    long histories = 0;
    long operations = 0;
    long open_calls = 0;

    [[nodiscard]] bool ran() const { return trials > 0 || violations > 0; }
    [[nodiscard]] bool green() const { return ran() && violations == 0 && trials >= wanted; }
};

/// True if the name is among those that were chosen; where none was, all are.
[[nodiscard]] bool is_wanted(const std::vector<std::string>& names, const std::string& name);

/// Prints a line for each cell, and for each violation the command that runs its trial again.
[[nodiscard]] std::vector<Cell> run_faults(const Faults& faults, const std::vector<Column>& columns,
                                           const RunOptions& options);

}  // namespace dlock_test
