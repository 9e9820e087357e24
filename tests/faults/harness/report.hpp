// What a run gave, for a reader.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "faults/harness/runner.hpp"

#include <iosfwd>
#include <string>
#include <vector>

namespace dlock_test {

/// One line: cells green of those that are applicable, trials, violations.
void print_summary(std::ostream& out, const std::vector<Cell>& cells);

/// Replaces what stands between the marks of the file. Precondition: a whole run, and a full one.
void write_report(const std::string& path, const Faults& faults, const std::vector<Column>& columns,
                  const std::vector<Cell>& cells, const RunOptions& options);

}  // namespace dlock_test
