// SPDX-License-Identifier: BSL-1.0
#include "report.hpp"

#include "support/databases.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <thread>

namespace dlock_bench {
namespace {

std::string version_of(const dlock_test::Database& database) {
    std::string version;
    const auto session = database.open();
    *session << (database.is_sqlite() ? "select sqlite_version()" : "select version()"),
        soci::into(version);
    if (database.is_postgresql()) {
        return version.substr(0, version.find(" ("));  // without the compiler
    }
    if (database.is_sqlite()) {
        return "SQLite " + version;
    }
    const char* const product =
        version.find("MariaDB") != std::string::npos ? "MariaDB " : "MySQL ";
    return product + version.substr(0, version.find('-'));
}

void print_row(const std::vector<std::string>& cells, const std::vector<std::size_t>& widths) {
    for (std::size_t column = 0; column < cells.size(); ++column) {
        fmt::print("| {:<{}} ", cells[column], widths[column]);
    }
    fmt::print("|\n");
}

}  // namespace

std::string Table::verdict(bool met, const std::string& what) {
    if (!met) {
        missed.push_back(what);
    }
    return met ? "yes" : "no";
}

void print(const Table& table) {
    std::vector<std::size_t> widths;
    std::vector<std::string> rule;
    for (std::size_t column = 0; column < table.columns.size(); ++column) {
        std::size_t width = table.columns[column].size();
        for (const auto& row : table.rows) {
            width = std::max(width, row[column].size());
        }
        widths.push_back(width);
        rule.emplace_back(width, '-');
    }
    fmt::print("### {}\n\n", table.title);
    print_row(table.columns, widths);
    print_row(rule, widths);
    for (const auto& row : table.rows) {
        print_row(row, widths);
    }
    fmt::print("{}", table.missed.empty() ? "\n" : "\nNot met:\n\n");
    for (const auto& line : table.missed) {
        fmt::print("- {}\n", line);
    }
    fmt::print("{}", table.missed.empty() ? "" : "\n");
    std::fflush(stdout);
}

void print_environment() {
    fmt::print("Servers:");
    const char* separator = " ";
    for (const auto& database : dlock_test::databases()) {
        if (database.is_native()) {
            fmt::print("{}{}", separator, version_of(database));
            separator = ", ";
        }
    }
    double load[1] = {0};
    (void)getloadavg(load, 1);
    fmt::print(
        ". {} processors, shared with the servers and "
        "with whatever else runs; load before the run: {:.1f}.\n\n",
        std::thread::hardware_concurrency(), load[0]);
    std::fflush(stdout);
}

}  // namespace dlock_bench
