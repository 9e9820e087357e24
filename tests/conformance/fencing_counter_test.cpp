// The counter that fencing tokens are drawn from: what nobody else may use meanwhile.
// SPDX-License-Identifier: BSL-1.0
#include "conformance/fencing_case.hpp"

#include <atomic>
#include <cstdint>
#include <future>
#include <limits>
#include <vector>

namespace dlock_test {

class FencingCounter : public FencingCase {
  protected:
    void SetUp() override {
        if (GetParam().is_simulated()) {
            GTEST_SKIP() << "the simulator stores no data";
        }
        if (GetParam().is_mssql() || GetParam().is_oracle()) {
            GTEST_SKIP() << "its statements are not written here";
        }
        FencingCase::SetUp();
        if (IsSkipped()) {
            return;
        }
        owner_ = GetParam().admin_url.empty() ? GetParam().open() : GetParam().open_admin();
        table_ = GetParam().is_sqlite() ? "dlock_fencing" : "dlock.fencing";
        if (GetParam().is_mysql()) {
            *a_ << "set innodb_lock_wait_timeout = 1";  // which MySQL has for sessions only
        }
    }

    /// Puts the counter aside, as it is.
    void rename(const std::string& from, const std::string& to) {
        if (GetParam().is_mysql()) {
            *owner_ << "rename table dlock." + from + " to dlock." + to;
        } else if (GetParam().is_sqlite()) {
            *owner_ << "alter table dlock_" + from + " rename to dlock_" + to;
        } else {
            *owner_ << "alter table dlock." + from + " rename to " + to;
        }
    }
    void put_aside() { rename("fencing", "aside"); }
    void put_back() { rename("aside", "fencing"); }

    [[nodiscard]] long long counter() {
        long long token = -1;
        int rows = -1;
        *owner_ << "select count(*), max(token) from " + table_, soci::into(rows),
            soci::into(token);
        EXPECT_EQ(rows, 1);
        return token;
    }

    /// Nobody can draw until the end of the block.
    class Blocked {
      public:
        Blocked(soci::session& sql, const std::string& table) : sql_(sql) {
            sql_ << "begin";
            sql_ << "update " + table + " set token = token + 1";
        }
        ~Blocked() { sql_ << "rollback"; }

      private:
        soci::session& sql_;
    };

    [[nodiscard]] static bool waits_for_a_standby(soci::session& sql, long long id) {
        int count = 0;
        sql << "select count(*) from pg_stat_activity where wait_event = 'SyncRep' and pid = " +
                   std::to_string(id),
            soci::into(count);
        return count == 1;
    }

    /// PostgreSQL: commits wait for a standby that is not there, until the end of the block.
    class MissingStandby {
      public:
        MissingStandby(soci::session& sql, soci::session& other) : sql_(sql) {
            long long id = 0;
            other << "select pg_backend_pid()", soci::into(id);
            set("nobody");
            // The checkpointer makes the setting effective, some time after sessions show it.
            committing_ = in_thread([&] {
                while (!effective_) {
                    other << "set synchronous_commit = on";
                    other << "select pg_logical_emit_message(true, 'dlock', '')";
                }
            });
            EXPECT_TRUE(eventually([&] { return waits_for_a_standby(sql_, id); }));
            effective_ = true;
        }
        MissingStandby(const MissingStandby&) = delete;
        MissingStandby& operator=(const MissingStandby&) = delete;
        ~MissingStandby() {
            set("");
            committing_.wait();
        }

      private:
        void set(const std::string& name) {
            sql_ << "alter system set synchronous_standby_names = '" + name + "'";
            sql_ << "select pg_reload_conf()";
        }

        soci::session& sql_;
        std::atomic<bool> effective_{false};
        std::future<void> committing_;
    };

    std::unique_ptr<soci::session> owner_;
    std::string table_;
};
DLOCK_ON_EACH_DATABASE(FencingCounter);

TEST_P(FencingCounter, without_it_the_acquire_is_refused_and_says_what_to_do) {
    put_aside();
    const auto lock = fenced_a();
    EXPECT_EQ(thrown([&] { (void)lock->try_lock(); }), dlock::errc::no_fencing_schema);
    EXPECT_NE(std::string(lock->last_error()->what()).find("create_fencing_schema"),
              std::string::npos);
    EXPECT_FALSE(lock->locked());
    EXPECT_FALSE(lock->fencing_token().has_value());
    EXPECT_TRUE(is_free());
    put_back();
    EXPECT_TRUE(lock->try_lock());
}

TEST_P(FencingCounter, without_its_row_the_acquire_is_refused_as_well) {
    const long long before = counter();
    *owner_ << "delete from " + table_;
    EXPECT_EQ(thrown([&] { (void)fenced_a()->try_lock(); }), dlock::errc::no_fencing_schema);
    EXPECT_TRUE(is_free());
    *owner_ << "insert into " + table_ + " (id, token) values (1, " + std::to_string(before) + ")";
}

TEST_P(FencingCounter, tokens_use_all_of_63_bits) {
    const long long before = counter();
    const long long large = std::numeric_limits<std::int64_t>::max() - 10;
    *owner_ << "update " + table_ + " set token = " + std::to_string(large);
    EXPECT_EQ(draw(*fenced_a()), large + 1);
    *owner_ << "update " + table_ + " set token = " + std::to_string(before + 1);
}

TEST_P(FencingCounter, a_session_that_only_reads_draws_or_is_told_to_write) {
    if (GetParam().is_sqlite()) {
        *a_ << "pragma query_only = 1";
    } else if (GetParam().is_mysql()) {
        *a_ << "set session transaction read only";
    } else {
        *a_ << "set session characteristics as transaction read only";
    }
    const auto lock = fenced_a();
    if (GetParam().is_postgresql() || !queues_locally()) {
        EXPECT_TRUE(lock->try_lock()) << "the draw has a transaction of its own";
        return;
    }
    EXPECT_EQ(thrown([&] { (void)lock->try_lock(); }), dlock::errc::permission_denied);
    EXPECT_TRUE(is_free());
}

TEST_P(FencingCounter, creating_it_again_changes_nothing) {
    (void)draw(*fenced_a());
    const long long before = counter();
    dlock::create_fencing_schema(*owner_);
    EXPECT_EQ(counter(), before);
    // Who may only use it may call it as well.
    dlock::create_fencing_schema(*a_);
    EXPECT_GT(draw(*fenced_a()), before);
}

TEST_P(FencingCounter, many_may_create_it_at_once) {
    put_aside();
    std::vector<std::future<void>> all;
    for (int i = 0; i < 4; ++i) {
        all.push_back(in_thread([&] {
            const auto sql =
                GetParam().admin_url.empty() ? GetParam().open() : GetParam().open_admin();
            dlock::create_fencing_schema(*sql);
        }));
    }
    for (auto& one : all) {
        EXPECT_NO_THROW(one.get());
    }
    EXPECT_EQ(counter(), 0);
    *owner_ << "drop table " + table_;
    put_back();
}

TEST_P(FencingCounter, it_cannot_be_created_in_an_open_transaction) {
    *owner_ << "begin";
    EXPECT_EQ(thrown([&] { dlock::create_fencing_schema(*owner_); }),
              dlock::errc::transaction_open);
    *owner_ << "rollback";
}

TEST_P(FencingCounter, who_may_not_create_it_is_told) {
    if (GetParam().admin_url.empty()) {
        GTEST_SKIP() << "no logins";
    }
    if (GetParam().is_postgresql()) {
        int may = 0;
        *a_ << "select case when has_schema_privilege('dlock', 'create') then 1 else 0 end",
            soci::into(may);
        if (may == 1) {
            GTEST_SKIP() << "the user made the schema, and may do so";
        }
    }
    put_aside();
    EXPECT_EQ(thrown([&] { dlock::create_fencing_schema(*a_); }), dlock::errc::permission_denied);
    put_back();
}

TEST_P(FencingCounter, who_may_not_draw_is_told_and_holds_nothing) {
    if (GetParam().admin_url.empty()) {
        GTEST_SKIP() << "no logins";
    }
    const std::string login = GetParam().is_postgresql() ? "\"lock\"" : "'lock'@'%'";
    *owner_ << "revoke select, update on dlock.fencing from " + login;
    EXPECT_EQ(thrown([&] { (void)fenced_a()->try_lock(); }), dlock::errc::permission_denied);
    EXPECT_TRUE(is_free());
    *owner_ << "grant select, update on dlock.fencing to " + login;
    EXPECT_TRUE(fenced_a()->try_lock());
}

TEST_P(FencingCounter, who_cannot_draw_in_time_gives_the_lock_back) {
    const auto lock = fenced_a();
    {
        const Blocked blocked(*owner_, table_);
        EXPECT_FALSE(lock->try_lock());
        EXPECT_FALSE(lock->try_lock_for(10ms));
        EXPECT_EQ(lock->state(), dlock::BaseLock::State::unlocked);
        EXPECT_TRUE(is_free());
    }
    EXPECT_TRUE(lock->try_lock());
}

TEST_P(FencingCounter, a_stop_while_a_token_is_waited_for_gives_the_lock_back) {
    const auto lock = fenced_a();
    {
        const Blocked blocked(*owner_, table_);
        std::stop_source stop;
        auto waiting = in_thread(
            [&] { return thrown([&] { (void)lock->acquire(dlock::forever, stop.get_token()); }); });
        EXPECT_TRUE(eventually([&] { return !is_free(); }));
        stop.request_stop();
        EXPECT_EQ(waiting.get(), dlock::errc::cancelled);
        EXPECT_TRUE(is_free());
    }
    EXPECT_TRUE(lock->try_lock());
}

TEST_P(FencingCounter, a_stop_ends_a_draw_that_waits_for_a_standby) {
    if (!GetParam().is_postgresql()) {
        GTEST_SKIP() << "PostgreSQL's synchronous standbys";
    }
    *a_ << "set synchronous_commit = on";
    const long long id = view().session_id(*a_);
    const auto lock = fenced_a();
    {
        const auto other = GetParam().open_admin();
        const MissingStandby missing(*owner_, *other);
        std::stop_source stop;
        auto waiting = in_thread(
            [&] { return thrown([&] { (void)lock->acquire(dlock::forever, stop.get_token()); }); });
        EXPECT_TRUE(eventually([&] { return waits_for_a_standby(*owner_, id); }));
        stop.request_stop();
        EXPECT_EQ(waiting.get(), dlock::errc::cancelled);
        EXPECT_TRUE(is_free());
    }
    EXPECT_TRUE(lock->try_lock());
}

TEST_P(FencingCounter, who_waits_for_a_token_gets_it_whoever_ends_the_statement) {
    const auto lock = fenced_a();
    const long long id = GetParam().is_sqlite() ? 0 : view().session_id(*a_);
    std::future<void> waiting;
    {
        const Blocked blocked(*owner_, table_);
        waiting = in_thread([&] { lock->lock(); });
        EXPECT_TRUE(eventually([&] { return !is_free(); }));
        for (int i = 0; i < 20 && !GetParam().is_sqlite(); ++i) {
            view().cancel(id);
        }
    }
    waiting.get();
    EXPECT_TRUE(lock->verify());
    EXPECT_EQ(lock->fencing_token(), counter());
}

TEST_P(FencingCounter, who_is_ended_while_it_waits_for_a_token_holds_nothing) {
    if (GetParam().is_sqlite()) {
        GTEST_SKIP() << "there is no connection to lose";
    }
    const auto lock = fenced_a();
    const long long id = view().session_id(*a_);
    const Blocked blocked(*owner_, table_);
    auto waiting = in_thread([&] { return thrown([&] { lock->lock(); }); });
    EXPECT_TRUE(eventually([&] { return !is_free(); }));
    view().terminate(id);
    EXPECT_EQ(waiting.get(), dlock::errc::session_lost);
    EXPECT_FALSE(lock->locked());
    EXPECT_TRUE(eventually([&] { return is_free(); }));
}

}  // namespace dlock_test
