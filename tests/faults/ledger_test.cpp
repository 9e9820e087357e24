// The ledger of holders who may die inside.
// SPDX-License-Identifier: BSL-1.0
#include "support/ledger.hpp"

#include <gtest/gtest.h>

#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <string>

namespace dlock_test {
namespace {

class OwnersLedger : public testing::Test {
  protected:
    ~OwnersLedger() override { unlink(path_.c_str()); }

    static std::string make_file() {
        std::string path = std::filesystem::temp_directory_path() / "dlock-ledger-XXXXXX";
        close(mkstemp(path.data()));
        return path;
    }

    const std::string path_ = make_file();
    Ledger ledger_{path_};
};

}  // namespace

TEST_F(OwnersLedger, one_after_the_other) {
    ledger_.enter(1);
    ledger_.leave(1);
    ledger_.enter(2);
    ledger_.leave(2);
    EXPECT_EQ(ledger_.overlaps(), 0);
}

TEST_F(OwnersLedger, two_at_once) {
    ledger_.enter(1);
    ledger_.enter(2);
    EXPECT_EQ(ledger_.overlaps(), 1);
}

TEST_F(OwnersLedger, whoever_was_declared_dead_is_nobody) {
    ledger_.enter(1);
    ledger_.declare_dead(1);
    ledger_.enter(2);
    ledger_.leave(1);  // it finds out later
    ledger_.leave(2);
    EXPECT_EQ(ledger_.overlaps(), 0);
}

TEST_F(OwnersLedger, one_death_is_for_one_stay) {
    ledger_.declare_dead(1);
    ledger_.enter(1);
    ledger_.leave(1);
    ledger_.enter(1);
    ledger_.enter(2);
    EXPECT_EQ(ledger_.overlaps(), 1);
}

}  // namespace dlock_test
