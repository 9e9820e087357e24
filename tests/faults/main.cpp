// Faults on real servers and processes: dlock_faults [--full] [--only F09,F25] [--column NAME]
// SPDX-License-Identifier: BSL-1.0
#include "faults/harness/fault.hpp"
#include "faults/harness/report.hpp"
#include "faults/harness/runner.hpp"

#include <CLI/CLI.hpp>

#include <signal.h>

#include <algorithm>
#include <iostream>

int main(int count, char** arguments) {
    dlock_test::RunOptions options;
    std::string report;
    CLI::App program("Faults on the servers of DLOCK_TEST_URLS, and what the locks make of them");
    program.add_flag("--full", options.full, "all trials; else a few of each");
    program.add_option("--only", options.only, "these faults only: F09,F25")->delimiter(',');
    program.add_option("--column", options.columns, "these columns only")->delimiter(',');
    program.add_option("--seed", options.seed, "of the whole run")->capture_default_str();
    program.add_option("--trials", options.most_trials, "at most so many on each column")
        ->envname("DLOCK_FAULT_TRIALS");
    program.add_option("--replay", options.replay, "one trial again, by its seed");
    program.add_option("--report", report, "writes the results into this file, between its marks");
    CLI11_PARSE(program, count, arguments);
    signal(SIGPIPE, SIG_IGN);  // a process that has ended takes no command

    const dlock_test::Faults faults = dlock_test::all_faults();
    const auto columns = dlock_test::all_columns();
    const auto cells = dlock_test::run_faults(faults, columns, options);
    dlock_test::print_summary(std::cout, cells);
    if (!report.empty()) {
        dlock_test::write_report(report, faults, columns, cells, options);
    }
    return std::all_of(cells.begin(), cells.end(),
                       [](const auto& cell) { return !cell.ran() || cell.green(); })
               ? 0
               : 1;
}
