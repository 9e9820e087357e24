// Keys that attack are keys like any other, whatever is set on the session; tables, users and the
// number of statements tell that they did nothing else.
// SPDX-License-Identifier: BSL-1.0
#include "conformance/fixture.hpp"
#include "conformance/payloads.hpp"

#include <unistd.h>

#include <cstring>
#include <sstream>
#include <vector>

namespace dlock_test {

class Injection : public OnEachDatabase {
  protected:
    void SetUp() override {
        OnEachDatabase::SetUp();
        if (GetParam().is_sqlite() || GetParam().is_simulated()) {
            return;  // nothing to destroy; the keys are tried nevertheless
        }
        view().sql() << "create table " + canary_ + " (n int)";
        view().sql() << "insert into " + canary_ + " values (1), (2), (3)";
        if (GetParam().is_postgresql()) {
            view().sql() << "grant all on " + canary_ + " to public";
        }
        has_canary_ = true;
    }

    void TearDown() override {
        if (has_canary_) {
            view().sql() << "drop table " + canary_;
        }
    }

    [[nodiscard]] std::string all_rows(const std::string& query) {
        std::string text;
        const soci::rowset<std::string> rows = (view().sql().prepare << query);
        for (const std::string& row : rows) {
            text += row + '\n';
        }
        return text;
    }

    // The canary, all tables and all users with their rights, as the administrator sees them.
    [[nodiscard]] std::string state_of_the_server() {
        if (!has_canary_) {
            return {};
        }
        const bool postgresql = GetParam().is_postgresql();
        const std::string as_text = postgresql ? "cast(n as varchar)" : "cast(n as char)";
        return all_rows("select " + as_text + " from " + canary_ + " order by n") +
               // Those of other tests and of examples come and go meanwhile: dlock_...,
               // example_..., and the fencing counter in "dlock".
               all_rows(
                   "select concat(table_schema, '.', table_name) from "
                   "information_schema.tables where table_schema <> 'dlock' and "
                   "table_name not like 'dlock%' and "
                   "table_name not like 'example%' or table_name in ('dlock_pwned', '" +
                   canary_ + "') order by 1") +
               all_rows(postgresql ? "select concat(rolname, rolsuper, rolcreaterole, rolcanlogin) "
                                     "from pg_roles order by 1"
                                   : "select concat(grantee, privilege_type, is_grantable) from "
                                     "information_schema.user_privileges order by 1");
    }

    // A key that takes text as it is where that is UTF-8, else its bytes.
    [[nodiscard]] static std::vector<dlock::Key> keys_of(const std::string& payload) {
        return {payload,
                dlock::Bytes(reinterpret_cast<const std::byte*>(payload.data()),
                             reinterpret_cast<const std::byte*>(payload.data()) + payload.size())};
    }

    // Taken, seen, exclusive and given back; or refused before anything is sent.
    void attack(const dlock::Key& key) {
        std::unique_ptr<TestLock> first;
        try {
            first = make_lock(*a_, key);
        } catch (const dlock::LockError& error) {
            EXPECT_EQ(error.which(), dlock::errc::invalid_key);
            ++refused_;
            return;
        }
        const auto second = make_lock(*b_, key);
        ASSERT_TRUE(first->try_lock());
        EXPECT_EQ(view().holders(first->actual_key()), 1);
        EXPECT_FALSE(second->try_lock());
        first->release();
        EXPECT_EQ(view().holders(first->actual_key()), 0);
        ++taken_;
    }

    void attack_with(const std::vector<std::string>& payloads) {
        for (const std::string& payload : payloads) {
            for (const dlock::Key& key : keys_of(payload)) {
                attack(key);
                if (HasFailure()) {
                    FAIL() << "with the key " << dlock::Key(payload).to_string().substr(0, 200)
                           << ", in hexadecimal " << keys_of(payload).back().to_string();
                }
            }
        }
    }

    static constexpr const char* charset_setting = "set names ";

    // A session with these settings. MySQL's ODBC driver refuses SET NAMES and has a parameter for
    // it.
    [[nodiscard]] std::unique_ptr<soci::session> open_with(const std::string& settings) const {
        if (GetParam().is_odbc() && settings.starts_with(charset_setting)) {
            return std::make_unique<soci::session>(
                GetParam().url + "CHARSET=" + settings.substr(std::strlen(charset_setting)) + ";");
        }
        auto session = GetParam().open();
        std::istringstream parts(settings);
        for (std::string part; std::getline(parts, part, ';');) {
            *session << part;
        }
        return session;
    }

    // One in so many.
    [[nodiscard]] static std::vector<std::string> some(const std::vector<std::string>& all,
                                                       std::size_t step) {
        std::vector<std::string> chosen;
        for (std::size_t i = 0; i < all.size(); i += step) {
            chosen.push_back(all[i]);
        }
        return chosen;
    }

    // How many statements the session has sent so far; this one is counted.
    [[nodiscard]] static long statements(soci::session& sql) {
        std::string name;
        long count = 0;
        sql << "show session status like 'Questions'", soci::into(name), soci::into(count);
        return count;
    }

    const std::string canary_ = "dlock_c" + std::to_string(getpid() % 100000);
    bool has_canary_ = false;
    long taken_ = 0;
    long refused_ = 0;
};
DLOCK_ON_EACH_DATABASE(Injection);

TEST_P(Injection, keys_that_attack_are_keys_like_any_other) {
    const auto payloads = attacking_keys(canary_);
    ASSERT_GE(payloads.size(), 1000U);
    const std::string before = state_of_the_server();
    attack_with(payloads);
    EXPECT_EQ(state_of_the_server(), before);
    EXPECT_GT(taken_, refused_);
    RecordProperty("taken", std::to_string(taken_));
    RecordProperty("refused", std::to_string(refused_));
}

TEST_P(Injection, hostile_settings_change_nothing) {
    if (!has_canary_) {
        GTEST_SKIP() << "there are no settings";
    }
    const auto payloads = some(attacking_keys(canary_), 23);
    const std::string before = state_of_the_server();
    std::vector<std::string> settings;
    if (GetParam().is_postgresql()) {
        settings = {"set standard_conforming_strings = off; set backslash_quote = on",
                    "set client_encoding = 'GBK'", "set client_encoding = 'SJIS'",
                    "set client_encoding = 'SQL_ASCII'"};
    } else {
        settings = {"set sql_mode = 'ANSI_QUOTES'", "set sql_mode = 'NO_BACKSLASH_ESCAPES'",
                    "set sql_mode = 'ANSI,PIPES_AS_CONCAT,IGNORE_SPACE'"};
        for (const char* const charset : {"gbk", "sjis", "big5", "latin1"}) {
            settings.push_back(std::string(charset_setting) + charset);
        }
    }
    for (const std::string& setting : settings) {
        SCOPED_TRACE(setting);
        a_ = open_with(setting);  // b_ keeps the usual settings: the locks are the same
        attack_with(payloads);
    }
    EXPECT_EQ(state_of_the_server(), before);
    EXPECT_GT(taken_, 0);
}

TEST_P(Injection, no_key_makes_a_second_statement_of_one) {
    if (!GetParam().is_mysql() || GetParam().is_simulated() || GetParam().is_odbc()) {
        GTEST_SKIP() << "only MySQL's own client tells how many statements a session has sent";
    }
    const long itself = [&] {
        const long first = statements(*a_);
        return statements(*a_) - first;
    }();
    for (const std::string& payload : some(attacking_keys(canary_), 7)) {
        std::unique_ptr<TestLock> lock;
        try {
            lock = make_lock(*a_, payload);
        } catch (const dlock::LockError&) {
            continue;
        }
        const long before = statements(*a_);
        ASSERT_TRUE(lock->try_lock()) << payload;
        lock->release();
        EXPECT_EQ(statements(*a_) - before - itself, 2) << payload;
    }
}

}  // namespace dlock_test
