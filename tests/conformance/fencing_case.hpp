// A case of locks with fencing tokens, on every database.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "conformance/fixture.hpp"
#include "support/fencing.hpp"

#include <cstdint>

namespace dlock_test {

class FencingCase : public OnEachDatabase {
  protected:
    void SetUp() override {
        OnEachDatabase::SetUp();
        try {
            prepare_fencing(GetParam());
        } catch (const dlock::LockError& error) {
            if (error.which() != dlock::errc::permission_denied) {
                throw;
            }
            GTEST_SKIP() << "an administrator has to run dlock init on this server";
        }
    }

    [[nodiscard]] std::unique_ptr<TestLock> fenced_a(dlock::LockOptions options = {}) {
        options.fencing = true;
        return lock_a(std::move(options));
    }
    [[nodiscard]] std::unique_ptr<TestLock> fenced_b(dlock::LockOptions options = {}) {
        options.fencing = true;
        return lock_b(std::move(options));
    }

    /// What takes `token` and gives the lock back.
    static std::int64_t draw(TestLock& lock) {
        lock.lock();
        const auto token = lock.fencing_token();
        lock.release();
        EXPECT_TRUE(token.has_value());
        return token.value_or(0);
    }

    /// A table of the test's own.
    [[nodiscard]] std::string table_name() const {
        return "dlock_fenced_" + std::to_string(std::hash<std::string>{}(key_) % 1000000000);
    }
};

}  // namespace dlock_test
