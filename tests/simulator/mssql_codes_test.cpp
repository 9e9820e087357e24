// What sp_getapplock and sp_releaseapplock return: Microsoft's documentation, and Babelfish as
// measured.
// SPDX-License-Identifier: BSL-1.0
#include "simulator/support.hpp"

namespace dlock_test {
namespace {

long long get(soci::session& session, const std::string& name, const std::string& mode,
              const std::string& timeout, const std::string& owner = "Session") {
    return ask(session, "DECLARE @r INT; EXEC @r = sys.sp_getapplock @Resource = N'" + name +
                            "', @LockMode = '" + mode + "', @LockOwner = '" + owner +
                            "', @LockTimeout = " + timeout + "; SELECT @r");
}

std::string release_sql(const std::string& name, const std::string& owner = "Session") {
    return "DECLARE @r INT; EXEC @r = sys.sp_releaseapplock @Resource = N'" + name +
           "', @LockOwner = '" + owner + "'; SELECT @r";
}

class MssqlCodes : public testing::TestWithParam<bool> {
  protected:
    bool babelfish() const { return GetParam(); }

    VirtualWorld world_{1};
    SimulatedServer server_{Product::mssql, {.babelfish = GetParam(), .world = &world_}};
    std::unique_ptr<soci::session> a_ = open(server_);
    std::unique_ptr<soci::session> b_ = open(server_);
};

TEST_P(MssqlCodes, FreeAndHeldElsewhere) {
    run(world_, [&] {
        EXPECT_EQ(get(*a_, "k", "Exclusive", "0"), 0);
        EXPECT_EQ(get(*b_, "k", "Exclusive", "0"), babelfish() ? -999 : -1);
        const auto start = world_.now();
        EXPECT_EQ(get(*b_, "k", "Exclusive", "500"), -1);
        EXPECT_EQ(world_.now() - start, 500ms);
        EXPECT_EQ(ask(*a_, release_sql("k")), 0);
        EXPECT_EQ(get(*b_, "k", "Exclusive", "0"), 0);
    });
}

TEST_P(MssqlCodes, GrantedAfterAWait) {
    world_.spawn([&] {
        EXPECT_EQ(get(*a_, "k", "Exclusive", "0"), 0);
        world_.sleep_for(100ms);
        EXPECT_EQ(ask(*a_, release_sql("k")), 0);
    });
    run(world_, [&] {
        world_.sleep_for(10ms);
        EXPECT_EQ(get(*b_, "k", "Exclusive", "-1"), babelfish() ? 0 : 1);
    });
}

TEST_P(MssqlCodes, Deadlock) {
    long long first = 0;
    long long second = 0;
    world_.spawn([&] {
        EXPECT_EQ(get(*a_, "k", "Exclusive", "0"), 0);
        world_.sleep_for(10ms);
        first = get(*a_, "l", "Exclusive", "-1");
        a_.reset();
    });
    run(world_, [&] {
        EXPECT_EQ(get(*b_, "l", "Exclusive", "0"), 0);
        world_.sleep_for(20ms);
        second = get(*b_, "k", "Exclusive", "-1");
        b_.reset();
    });
    EXPECT_EQ(first, -3);
    EXPECT_EQ(second, babelfish() ? 0 : 1);
}

TEST_P(MssqlCodes, ParameterErrors) {
    run(world_, [&] {
        EXPECT_EQ(get(*a_, "k", "Exclusive", "0", "Transaction"), -999) << "no transaction";
        EXPECT_EQ(get(*a_, "k", "Total", "0"), -999);
        EXPECT_EQ(get(*a_, "k", "Exclusive", "0", "Nobody"), -999);
        EXPECT_EQ(server_.locks(), 0);
    });
}

TEST_P(MssqlCodes, CountsInOneSession) {
    run(world_, [&] {
        EXPECT_EQ(get(*a_, "k", "Exclusive", "0"), 0);
        EXPECT_EQ(get(*a_, "k", "Exclusive", "0"), 0);
        EXPECT_EQ(ask(*a_, release_sql("k")), 0);
        EXPECT_LT(get(*b_, "k", "Exclusive", "0"), 0);
        EXPECT_EQ(ask(*a_, release_sql("k")), 0);
        EXPECT_EQ(get(*b_, "k", "Exclusive", "0"), 0);
    });
}

TEST_P(MssqlCodes, ReleaseOfWhatIsNotHeld) {
    run(world_, [&] {
        EXPECT_EQ(failure_of(*a_, release_sql("k")).code, babelfish() ? 33557097 : 1223);
        EXPECT_EQ(get(*a_, "k", "Exclusive", "0"), 0);
        if (babelfish()) {
            EXPECT_EQ(ask(*b_, release_sql("k")), -999) << "another session's";
            EXPECT_EQ(ask(*a_, release_sql("k", "Transaction")), -999) << "another owner's";
        } else {
            EXPECT_EQ(failure_of(*b_, release_sql("k")).code, 1223);
            EXPECT_EQ(failure_of(*a_, release_sql("k", "Transaction")).code, 1223);
        }
        EXPECT_TRUE(server_.holds(id_of(*a_), dlock::ActualKey(std::string("k"))));
    });
}

TEST_P(MssqlCodes, TransactionsEndTheirLocksOnly) {
    run(world_, [&] {
        for (const char* const end : {"COMMIT TRANSACTION", "ROLLBACK TRANSACTION"}) {
            *a_ << "BEGIN TRANSACTION";
            EXPECT_EQ(get(*a_, "x", "Exclusive", "0", "Transaction"), 0);
            EXPECT_EQ(get(*a_, "s", "Exclusive", "0"), 0);
            EXPECT_EQ(server_.locks_of(id_of(*a_)), 2);
            *a_ << end;
            EXPECT_EQ(server_.locks_of(id_of(*a_)), 1) << end;
            EXPECT_EQ(ask(*a_, release_sql("s")), 0);
        }
    });
}

TEST_P(MssqlCodes, ModesAsDocumented) {
    // From the page of sp_getapplock; Babelfish measured the same.
    const char* const modes[] = {"IntentShared", "Shared", "Update", "IntentExclusive",
                                 "Exclusive"};
    const char* const together[] = {"yyyyn", "yyynn", "yynnn", "ynnyn", "nnnnn"};
    run(world_, [&] {
        for (int held = 0; held < 5; ++held) {
            for (int wanted = 0; wanted < 5; ++wanted) {
                const auto a = open(server_);
                const auto b = open(server_);
                ASSERT_EQ(get(*a, "k", modes[held], "0"), 0);
                EXPECT_EQ(get(*b, "k", modes[wanted], "0") == 0, together[held][wanted] == 'y')
                    << modes[held] << " and " << modes[wanted];
            }
        }
    });
}

TEST_P(MssqlCodes, SharedBecomesExclusiveWhenTheOthersLeft) {
    run(world_, [&] {
        EXPECT_EQ(get(*a_, "k", "Shared", "0"), 0);
        EXPECT_EQ(get(*b_, "k", "Shared", "0"), 0);
        EXPECT_EQ(get(*a_, "k", "Exclusive", "10"), -1);
        EXPECT_EQ(ask(*b_, release_sql("k")), 0);
        EXPECT_EQ(get(*a_, "k", "Exclusive", "10"), 0);
        EXPECT_LT(get(*b_, "k", "Shared", "0"), 0);
    });
}

TEST_P(MssqlCodes, UnknownSqlChangesNothing) {
    run(world_, [&] {
        EXPECT_EQ(get(*a_, "k", "Exclusive", "0"), 0);
        const auto before = server_.digest();
        for (const char* const sql :
             {"FROB", "SELECT no_such_thing()", "EXEC @r = sp_rename @a = 1", "SELECT 'k",
              "DECLARE @r INT; EXEC @r = sp_getapplock @Resource = N'l', @LockMode = 'Shared', "
              "@LockOwner = 'Session'; FROB"}) {
            EXPECT_FALSE(failure_of(*a_, sql).nothing_thrown) << sql;
        }
        EXPECT_EQ(server_.digest(), before);
    });
}

INSTANTIATE_TEST_SUITE_P(Servers, MssqlCodes, testing::Bool(),
                         [](const auto& info) { return info.param ? "babelfish" : "mssql"; });

}  // namespace
}  // namespace dlock_test
