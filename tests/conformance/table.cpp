// SPDX-License-Identifier: BSL-1.0
#include "conformance/table.hpp"

#include "conformance/column.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iomanip>
#include <ostream>
#include <utility>
#include <vector>

namespace dlock_test {
namespace {

// Row and column of "Conformance/Suite.case/column".
std::pair<std::string, std::string> place_of(const testing::TestInfo& info) {
    const std::string suite = info.test_suite_name();
    const std::string name = info.name();
    const auto slash = name.rfind('/');
    return {suite.substr(suite.find('/') + 1) + "." + name.substr(0, slash),
            name.substr(slash + 1)};
}

std::string one_line(std::string text) {
    std::replace_if(
        text.begin(), text.end(), [](char c) { return c == '\n' || c == '\t'; }, ' ');
    return text;
}

Result result_of(const testing::TestResult& result) {
    Result found{result.Failed() ? "FAIL" : result.Skipped() ? "-" : "ok", ""};
    for (int i = 0; i < result.total_part_count(); ++i) {
        if (result.GetTestPartResult(i).skipped()) {
            found.reason = one_line(result.GetTestPartResult(i).message());
        }
    }
    return found;
}

// All cases of the program in their order, also those that this run leaves out.
std::vector<std::string> all_cases(const testing::UnitTest& test) {
    std::vector<std::string> rows;
    for (int i = 0; i < test.total_test_suite_count(); ++i) {
        const testing::TestSuite& suite = *test.GetTestSuite(i);
        for (int j = 0; j < suite.total_test_count(); ++j) {
            const std::string row = place_of(*suite.GetTestInfo(j)).first;
            if (rows.empty() || rows.back() != row) {
                rows.push_back(row);
            }
        }
    }
    return rows;
}

void write(std::ostream& out, const std::vector<std::string>& rows, const Results& results) {
    std::size_t width = 4;
    for (const std::string& row : rows) {
        width = std::max(width, row.size());
    }
    out << std::left << std::setw(static_cast<int>(width)) << "case";
    for (const Column& column : columns()) {
        out << "  " << std::setw(15) << column.test_name();
    }
    out << '\n';
    for (const std::string& row : rows) {
        std::string reason;
        out << std::setw(static_cast<int>(width)) << row;
        for (const Column& column : columns()) {
            const auto found = results.find({row, column.test_name()});
            out << "  " << std::setw(15)
                << (found != results.end() ? found->second.verdict : "not run");
            if (found != results.end() && !found->second.reason.empty()) {
                reason = "  - : " + found->second.reason.substr(0, 60);
            }
        }
        out << reason << '\n';
    }
}

}  // namespace

void Table::OnTestEnd(const testing::TestInfo& info) {
    results_[place_of(info)] = result_of(*info.result());
}

void Table::OnTestProgramEnd(const testing::UnitTest& test) {
    const char* const path = std::getenv("DLOCK_TEST_TABLE");
    if (path == nullptr) {
        return;
    }
    ResultsFile file(std::string(path) + ".results");
    file.add(results_);
    const Results results = file.read();
    auto rows = all_cases(test);
    std::erase_if(rows, [&](const std::string& row) {
        return std::none_of(results.begin(), results.end(),
                            [&](const auto& result) { return result.first.first == row; });
    });
    std::ofstream out(path);
    write(out, rows, results);
}

}  // namespace dlock_test
