// Collects what each case gave on each database, for the table at the end.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace dlock_test {

class Table : public testing::EmptyTestEventListener {
  public:
    void OnTestEnd(const testing::TestInfo& info) override;
    void OnTestProgramEnd(const testing::UnitTest& test) override;

  private:
    std::vector<std::string> cases_;
    std::map<std::string, std::map<std::string, std::string>> results_;
    std::map<std::string, std::string> reasons_;
};

}  // namespace dlock_test
