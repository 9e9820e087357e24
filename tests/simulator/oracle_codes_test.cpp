// What DBMS_LOCK returns, by its documentation.
// SPDX-License-Identifier: BSL-1.0
#include "simulator/support.hpp"

namespace dlock_test {
namespace {

class OracleCodes : public testing::Test {
  protected:
    static int call(soci::session& session, const std::string& function) {
        int answer = -7;
        session << "BEGIN :rc := SYS.DBMS_LOCK." + function + "; END;", soci::use(answer, "rc");
        return answer;
    }
    static int request(soci::session& session, int mode, const std::string& timeout = "0",
                       const char* release_on_commit = "FALSE") {
        return call(session, "REQUEST(id => 7, lockmode => " + std::to_string(mode) +
                                 ", timeout => " + timeout + ", release_on_commit => " +
                                 release_on_commit + ")");
    }
    static int convert(soci::session& session, int mode, int timeout = 0) {
        return call(session, "CONVERT(id => 7, lockmode => " + std::to_string(mode) +
                                 ", timeout => " + std::to_string(timeout) + ")");
    }
    static int release(soci::session& session) { return call(session, "RELEASE(id => 7)"); }

    const dlock::ActualKey key_{std::int64_t{7}};
    VirtualWorld world_{1};
    SimulatedServer server_{Product::oracle, {.world = &world_}};
    std::unique_ptr<soci::session> a_ = open(server_);
    std::unique_ptr<soci::session> b_ = open(server_);
};

TEST_F(OracleCodes, SuccessTimeoutAndOwn) {
    run(world_, [&] {
        EXPECT_EQ(request(*a_, 6), 0);
        EXPECT_EQ(request(*a_, 6), 4) << "not counted";
        EXPECT_EQ(request(*a_, 4), 4) << "whatever the mode";
        EXPECT_EQ(request(*b_, 6), 1);
        const auto start = world_.now();
        EXPECT_EQ(request(*b_, 6, "2"), 1);
        EXPECT_EQ(world_.now() - start, 2s);
        EXPECT_EQ(release(*b_), 4) << "another session's";
        EXPECT_EQ(release(*a_), 0);
        EXPECT_EQ(release(*a_), 4);
        EXPECT_EQ(request(*b_, 6), 0);
    });
}

TEST_F(OracleCodes, ParameterErrors) {
    run(world_, [&] {
        EXPECT_EQ(request(*a_, 0), 3);
        EXPECT_EQ(request(*a_, 7), 3);
        EXPECT_EQ(request(*a_, 6, "-1"), 3);
        EXPECT_EQ(call(*a_, "REQUEST(id => 1073741824, lockmode => 6, timeout => 0)"), 3);
        EXPECT_EQ(call(*a_, "REQUEST(id => -1, lockmode => 6, timeout => 0)"), 3);
        EXPECT_EQ(call(*a_, "REQUEST(id => 1073741823, lockmode => 6, timeout => 0)"), 0);
        EXPECT_EQ(server_.locks(), 1);
    });
}

TEST_F(OracleCodes, MaxWaitIsForEver) {
    world_.spawn([&] {
        EXPECT_EQ(request(*a_, 6), 0);
        world_.sleep_for(24h);
        EXPECT_EQ(release(*a_), 0);
    });
    run(world_, [&] {
        world_.sleep_for(1ms);
        EXPECT_EQ(request(*b_, 6, "32766"), 1);
        EXPECT_EQ(request(*b_, 6, "32767"), 0);
    });
}

TEST_F(OracleCodes, Deadlock) {
    int first = -1;
    world_.spawn([&] {
        EXPECT_EQ(request(*a_, 6), 0);
        world_.sleep_for(10ms);
        first = call(*a_, "REQUEST(id => 8, lockmode => 6, timeout => 32767)");
        EXPECT_TRUE(server_.holds(id_of(*a_), key_)) << "the victim keeps what it has";
        EXPECT_EQ(release(*a_), 0);
    });
    run(world_, [&] {
        EXPECT_EQ(call(*b_, "REQUEST(id => 8, lockmode => 6, timeout => 0)"), 0);
        world_.sleep_for(20ms);
        EXPECT_EQ(request(*b_, 6, "32767"), 0);
    });
    EXPECT_EQ(first, 2);
}

TEST_F(OracleCodes, Convert) {
    run(world_, [&] {
        EXPECT_EQ(convert(*a_, 6), 4) << "not held";
        EXPECT_EQ(request(*a_, 4), 0);
        EXPECT_EQ(request(*b_, 4), 0);
        EXPECT_EQ(convert(*a_, 6), 1);
        EXPECT_EQ(convert(*a_, 7), 3);
        EXPECT_EQ(convert(*a_, 4), 0) << "the mode that it has";
        EXPECT_EQ(release(*b_), 0);
        EXPECT_EQ(convert(*a_, 6), 0);
        EXPECT_EQ(request(*b_, 4), 1);
        EXPECT_EQ(convert(*a_, 4), 0);
        EXPECT_EQ(request(*b_, 4), 0);
        EXPECT_EQ(server_.locks_of(id_of(*a_)), 1);
    });
}

TEST_F(OracleCodes, ReleaseOnCommit) {
    run(world_, [&] {
        for (const char* const end : {"COMMIT", "ROLLBACK"}) {
            EXPECT_EQ(request(*a_, 6, "0", "TRUE"), 0);
            *a_ << end;
            EXPECT_EQ(release(*a_), 4) << end;
            EXPECT_EQ(request(*a_, 6, "0", "FALSE"), 0);
            *a_ << end;
            EXPECT_EQ(release(*a_), 0) << end;
        }
    });
}

TEST_F(OracleCodes, ModesAsDocumented) {
    // NL, SS, SX, S, SSX, X: the table of the DBMS_LOCK page.
    const char* const together[] = {"yyyyyy", "yyyyyn", "yyynnn", "yynynn", "yynnnn", "ynnnnn"};
    run(world_, [&] {
        for (int held = 1; held <= 6; ++held) {
            for (int wanted = 1; wanted <= 6; ++wanted) {
                const auto a = open(server_);
                const auto b = open(server_);
                ASSERT_EQ(request(*a, held), 0);
                EXPECT_EQ(request(*b, wanted) == 0, together[held - 1][wanted - 1] == 'y')
                    << held << " and " << wanted;
            }
        }
    });
}

TEST_F(OracleCodes, UnknownSqlChangesNothing) {
    run(world_, [&] {
        EXPECT_EQ(request(*a_, 6), 0);
        const auto before = server_.digest();
        EXPECT_EQ(failure_of(*a_, "SELECT no_such_thing() FROM dual").nothing_thrown, false);
        EXPECT_EQ(failure_of(*a_, "FROB").nothing_thrown, false);
        EXPECT_EQ(failure_of(*a_, "BEGIN :rc := SYS.DBMS_LOCK.RELEASE(id => 7); END;").code, 1008)
            << "nothing bound";
        EXPECT_THROW(call(*a_, "SLEEP(seconds => 1)"), std::exception);
        EXPECT_EQ(server_.digest(), before);
    });
}

}  // namespace
}  // namespace dlock_test
