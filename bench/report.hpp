// Tables of results, printed as Markdown.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <vector>

namespace dlock_bench {

struct Table {
    std::string title;
    std::vector<std::string> columns;
    std::vector<std::vector<std::string>> rows{};
    /// A bar that was not met, a line each; printed below the table.
    std::vector<std::string> missed{};

    void add(std::vector<std::string> row) { rows.push_back(std::move(row)); }

    /// "yes" if `met`; else "no", and `what` is remembered as missed.
    [[nodiscard]] std::string verdict(bool met, const std::string& what);
};

void print(const Table& table);

/// The machine and the servers.
void print_environment();

}  // namespace dlock_bench
