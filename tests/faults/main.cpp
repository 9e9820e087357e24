// Faults on real servers and processes: dlock_faults [--full] [--only F09,F25] [--column NAME]
// SPDX-License-Identifier: BSL-1.0
#include "faults/harness/fault.hpp"
#include "faults/harness/parallel.hpp"
#include "faults/harness/report.hpp"
#include "faults/harness/runner.hpp"

#include <CLI/CLI.hpp>

#include <signal.h>

#include <algorithm>
#include <ctime>
#include <iostream>
#include <string>
#include <vector>

namespace {

using dlock_test::RunOptions;

// Nothing was tried, as ctest is told.
constexpr int skipped = 77;

// Those names that the run does not know are wrong.
void check_names(const std::vector<std::string>& names, const auto& known, auto name_of) {
    for (const std::string& name : names) {
        if (std::none_of(known.begin(), known.end(),
                         [&](const auto& one) { return name_of(one) == name; })) {
            throw CLI::ValidationError(name, "there is none of this name");
        }
    }
}

void add_options(CLI::App& program, RunOptions& options, std::string& report) {
    auto* const full = program.add_flag("--full", options.full, "all trials; else a few of each");
    auto* const only =
        program.add_option("--only", options.only, "these faults only: F09,F25")->delimiter(',');
    auto* const column =
        program.add_option("--column", options.columns, "these columns only")->delimiter(',');
    program.add_option("--seed", options.seed, "of the whole run; else the time");
    auto* const trials =
        program.add_option("--trials", options.most_trials, "at most so many on each column")
            ->check(CLI::PositiveNumber)
            ->envname("DLOCK_FAULT_TRIALS");
    auto* const replay =
        program.add_option("--replay", options.replay, "one trial again, by its seed");
    program
        .add_option("--report", report,
                    "writes the results of a whole run into this file, between its marks")
        ->needs(full)
        ->excludes(only, column, trials, replay);
}

// Of a whole run no applicable cell may be left out. Says which are not complete.
bool all_green(const std::vector<dlock_test::Cell>& cells, bool whole) {
    bool good = true;
    for (const dlock_test::Cell& cell : cells) {
        if (!cell.not_applicable.empty() || cell.green() || (!cell.ran() && !whole)) {
            continue;
        }
        good = false;
        if (cell.violations == 0) {
            std::cerr << "dlock_faults: " << cell.fault << ' ' << cell.column << ": " << cell.trials
                      << " of " << cell.wanted << " trials: " << cell.not_run << '\n';
        }
    }
    return good;
}

}  // namespace

int main(int count, char** arguments) {
    RunOptions options;
    options.seed = static_cast<std::uint64_t>(std::time(nullptr));
    std::string report;
    CLI::App program("Faults on the servers of DLOCK_TEST_URLS, and what the locks make of them");
    add_options(program, options, report);
    const dlock_test::Faults faults = dlock_test::all_faults();
    std::vector<dlock_test::Column> columns;
    try {
        program.parse(count, arguments);
        columns = dlock_test::all_columns();
        check_names(options.only, faults, [](const auto& fault) { return fault.id; });
        check_names(options.columns, columns, [](const auto& column) { return column.name; });
    } catch (const CLI::ParseError& error) {
        return program.exit(error) == 0 ? 0 : 2;
    }
    if (std::none_of(columns.begin(), columns.end(), [](const auto& column) {
            return column.missing.empty() && !column.database.is_sqlite();
        })) {
        std::cerr << "dlock_faults: no servers in DLOCK_TEST_URLS\n";
        return skipped;
    }
    signal(SIGPIPE, SIG_IGN);  // a process that has ended takes no command

    std::cout << "seed " << options.seed << std::endl;
    const auto cells = dlock_test::run_faults_on_all_servers(faults, columns, options);
    dlock_test::print_summary(std::cout, cells);
    if (!report.empty()) {
        dlock_test::write_report(report, faults, columns, cells, options);
    }
    if (!std::any_of(cells.begin(), cells.end(), [](const auto& cell) { return cell.ran(); })) {
        return skipped;
    }
    const bool whole = options.full && options.only.empty() && options.columns.empty();
    return all_green(cells, whole) ? 0 : 1;
}
