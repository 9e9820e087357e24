// Runs the conformance suite and writes the table of cases and databases.
// SPDX-License-Identifier: BSL-1.0
#include "conformance/table.hpp"
#include "support/databases.hpp"

#include <gtest/gtest.h>

#include <iostream>

int main(int argc, char** argv) {
    testing::InitGoogleTest(&argc, argv);
    testing::UnitTest::GetInstance()->listeners().Append(new dlock_test::Table);
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
