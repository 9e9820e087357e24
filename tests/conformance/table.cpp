// SPDX-License-Identifier: BSL-1.0
#include "conformance/table.hpp"

#include "support/databases.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iomanip>

namespace dlock_test {

void Table::OnTestEnd(const testing::TestInfo& info) {
    // "Conformance/Suite.case/database"
    std::string suite = info.test_suite_name();
    suite = suite.substr(suite.find('/') + 1);
    const std::string name = info.name();
    const auto slash = name.rfind('/');
    const std::string row = suite + "." + name.substr(0, slash);
    const std::string column = name.substr(slash + 1);
    if (std::find(cases_.begin(), cases_.end(), row) == cases_.end()) {
        cases_.push_back(row);
    }
    const testing::TestResult& result = *info.result();
    results_[row][column] = result.Failed() ? "FAIL" : result.Skipped() ? "-" : "ok";
    if (result.Skipped()) {
        for (int i = 0; i < result.total_part_count(); ++i) {
            if (result.GetTestPartResult(i).skipped()) {
                reasons_[row] = result.GetTestPartResult(i).message();
            }
        }
    }
}

void Table::OnTestProgramEnd(const testing::UnitTest& test) {
    (void)test;
    const char* const path = std::getenv("DLOCK_TEST_TABLE");
    if (path == nullptr) {
        return;
    }
    std::ofstream out(path);
    std::size_t width = 4;
    for (const std::string& row : cases_) {
        width = std::max(width, row.size());
    }
    out << std::left << std::setw(static_cast<int>(width)) << "case";
    for (const Database& database : databases()) {
        out << "  " << std::setw(15) << database.test_name();
    }
    out << '\n';
    for (const std::string& row : cases_) {
        out << std::setw(static_cast<int>(width)) << row;
        for (const Database& database : databases()) {
            const std::string& result = results_[row][database.test_name()];
            out << "  " << std::setw(15) << (result.empty() ? "not run" : result);
        }
        out << (reasons_.count(row) != 0 ? "  - : " + reasons_[row].substr(0, 60) : "") << '\n';
    }
}

}  // namespace dlock_test
