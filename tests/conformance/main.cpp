// Runs the conformance suite and writes the table of cases and databases.
// SPDX-License-Identifier: BSL-1.0
#include "conformance/table.hpp"
#include "support/databases.hpp"

#include <gtest/gtest.h>

#include <iostream>
#include <memory>

namespace {

// The usual printer, silent on skipped cases: their reasons stand in the table, and a failure is
// found at once.
class QuietPrinter final : public testing::EmptyTestEventListener {
  public:
    explicit QuietPrinter(testing::TestEventListener* printer) : printer_(printer) {}

    void OnTestStart(const testing::TestInfo& info) override { printer_->OnTestStart(info); }
    void OnTestPartResult(const testing::TestPartResult& result) override {
        if (!result.skipped()) {
            printer_->OnTestPartResult(result);
        }
    }
    void OnTestEnd(const testing::TestInfo& info) override { printer_->OnTestEnd(info); }
    void OnTestIterationEnd(const testing::UnitTest& test, int iteration) override {
        printer_->OnTestIterationEnd(test, iteration);
    }

  private:
    std::unique_ptr<testing::TestEventListener> printer_;
};

}  // namespace

int main(int argc, char** argv) {
    testing::InitGoogleTest(&argc, argv);
    auto& listeners = testing::UnitTest::GetInstance()->listeners();
    listeners.Append(new QuietPrinter(listeners.Release(listeners.default_result_printer())));
    listeners.Append(new dlock_test::Table);
    for (const char* const name :
         {"postgresql", "mariadb", "mysql", "postgresql-odbc", "mariadb-odbc", "mysql-odbc"}) {
        bool found = false;
        for (const auto& database : dlock_test::databases()) {
            found = found || database.name == name;
        }
        if (!found) {
            std::cout << "NOT RUN on " << name << ": not in DLOCK_TEST_URLS\n";
        }
    }
    return RUN_ALL_TESTS();
}
