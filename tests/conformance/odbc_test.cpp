// What only the road through ODBC can get wrong.
// SPDX-License-Identifier: BSL-1.0
#include "conformance/fixture.hpp"

#include <vector>

namespace dlock_test {

class Odbc : public OnEachDatabase {
  protected:
    void SetUp() override {
        OnEachDatabase::SetUp();
        if (!GetParam().is_odbc()) {
            GTEST_SKIP() << "not through ODBC";
        }
    }

    [[nodiscard]] static bool answers_rightly(soci::session& sql) {
        for (const int number : {42, 43}) {
            int answer = 0;
            sql << "select " + std::to_string(number), soci::into(answer);
            if (answer != number) {
                return false;
            }
        }
        return true;
    }
};
DLOCK_ON_EACH_DATABASE(Odbc);

TEST_P(Odbc, a_lock_excludes_those_of_the_databases_own_client_and_the_other_way_round) {
    const Database* const native = GetParam().by_its_own_client();
    if (native == nullptr) {
        GTEST_SKIP() << "the server is not in DLOCK_TEST_URLS by its own client";
    }
    const auto session = native->open();
    const auto by_odbc = lock_a();
    const auto by_client = make_lock(*session, key_);
    EXPECT_EQ(by_odbc->actual_key(), by_client->actual_key());
    by_odbc->lock();
    EXPECT_FALSE(by_client->try_lock());
    by_odbc->release();
    by_client->lock();
    EXPECT_FALSE(by_odbc->try_lock_for(20ms));
    auto waiting = in_thread([&] { return by_odbc->try_lock_for(30s); });
    wait_for_waiters(*by_client, 1);
    by_client->release();
    EXPECT_TRUE(waiting.get());
}

TEST_P(Odbc, no_text_of_a_key_breaks_the_connection) {
    for (const std::string character : {"x", "'", "?", "\xC3\xA9", "\xF0\x9F\x94\x92", "e\xCC\x81",
                                        "\xE6\xBC\xA2", "\xD7\xA9", "\xE2\x80\xAE", "{", ":"}) {
        std::string text;
        for (int i = 0; i < 255; ++i) {
            text += character;
        }
        try {
            const auto first = make_lock(*a_, text);
            const auto second = make_lock(*b_, text);
            EXPECT_TRUE(first->try_lock()) << character;
            EXPECT_FALSE(second->try_lock()) << character;
            first->release();
            EXPECT_TRUE(second->try_lock()) << character;
        } catch (const dlock::LockError& error) {
            // Too long for MySQL: refused before anything is sent.
            EXPECT_TRUE(GetParam().is_mysql()) << error.what();
            EXPECT_EQ(error.which(), dlock::errc::invalid_key);
        }
        EXPECT_TRUE(answers_rightly(*a_)) << character;
        EXPECT_TRUE(answers_rightly(*b_)) << character;
    }
}

}  // namespace dlock_test
