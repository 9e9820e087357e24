// Runs the faults on all servers at the same time: most of them wait for something.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "faults/harness/runner.hpp"

namespace dlock_test {

/// run_faults() in a process for each server, with all the roads to it: what stands on one server
/// gets in each other's way. The poolers have a PostgreSQL of their own. With the columns of one
/// server only it is run_faults() itself. A process that ends before it is through is a violation.
[[nodiscard]] std::vector<Cell> run_faults_on_all_servers(const Faults& faults,
                                                          const std::vector<Column>& columns,
                                                          const RunOptions& options);

}  // namespace dlock_test
