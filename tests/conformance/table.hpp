// Collects what each case gave in each column, for the table at the end.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "conformance/results.hpp"

#include <gtest/gtest.h>

#include <string>

namespace dlock_test {

/// Writes the table to the file that DLOCK_TEST_TABLE names, if it is set.
///
/// The suite may be run in parts, also at the same time: each adds its results to a file beside the
/// table, "<table>.results", and writes the table anew. Whoever wants a fresh table removes both.
class Table : public testing::EmptyTestEventListener {
  public:
    void OnTestEnd(const testing::TestInfo& info) override;
    void OnTestProgramEnd(const testing::UnitTest& test) override;

  private:
    Results results_;
};

}  // namespace dlock_test
