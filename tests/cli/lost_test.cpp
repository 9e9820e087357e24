// A lock that is lost while the command runs.
// SPDX-License-Identifier: BSL-1.0
#include "case.hpp"
#include "support/gate.hpp"

#include <algorithm>

namespace dlock_test {
namespace {

class Lost : public OnDatabase {
  protected:
    void SetUp() override {
        if (!is_server() || GetParam().admin_url.empty()) {
            GTEST_SKIP() << "needs a server and its administrator";
        }
    }

    long long holder() {
        long long id = 0;
        if (GetParam().is_mysql()) {
            view().sql() << "select is_used_lock('" + key_ + "')", soci::into(id);
        } else {
            view().sql() << "select pid from pg_stat_activity where application_name = :name",
                soci::use(key_, "name"), soci::into(id);
        }
        return id;
    }
};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Lost);
INSTANTIATE_TEST_SUITE_P(, Lost, testing::ValuesIn(cases()), name_of);

TEST_P(Lost, StopsTheCommand) {
    struct Case {
        const char* grace;
        const char* script;
        const char* exit_code;
    };
    for (const auto& [grace, script, exit_code] :
         {Case{"1h", "echo started $$; read line", "143"},
          Case{"1h", "trap 'exit 0' TERM; echo started $$; read line", "0"},
          Case{"1h", "trap 'exit 3' TERM; echo started $$; read line", "3"},
          Case{"1h", "trap 'exit 4' TERM; echo started $$; kill -STOP $$; read line", "4"},
          Case{"100ms", "trap '' TERM; echo started $$; read line; read line", "137"}}) {
        Start start = shell({"--grace", grace}, script);
        start.environment["PGAPPNAME"] = key_;
        Program program(start);
        ASSERT_TRUE(program.says("\n"));
        ASSERT_TRUE(eventually([&] {
            const char state = state_of(number_after(program.out(), "started "));
            return state == 'S' || state == 'T';
        }));
        view().terminate(holder());
        const Result result = program.wait();
        EXPECT_EQ(result.exit_code, 74) << script;
        EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
        EXPECT_NE(result.err.find(std::string("exit code ") + exit_code), std::string::npos)
            << script << result.err;
        EXPECT_TRUE(becomes_free());
    }
}

TEST_P(Lost, LetsTheCommandEndByItselfWithinItsGrace) {
    Start start = shell({"--grace", "1h"},
                        "trap 'echo asked; read line; exit 3' TERM; echo started $$; read line");
    start.environment["PGAPPNAME"] = key_;
    Program program(start);
    ASSERT_TRUE(program.says("\n"));
    ASSERT_TRUE(reads(number_after(program.out(), "started ")));
    view().terminate(holder());
    ASSERT_TRUE(program.says("asked"));
    // Longer than the grace that is over in the case above: the command must still be there.
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(300);
    EXPECT_TRUE(eventually([&] { return std::chrono::steady_clock::now() > end; }));
    EXPECT_FALSE(program.ended());
    program.close_input();
    const Result result = program.wait();
    EXPECT_EQ(result.exit_code, 74);
    EXPECT_NE(result.err.find("exit code 3"), std::string::npos) << result.err;
}

TEST_P(Lost, BySilenceStopsTheCommandAsWell) {
    Gate gate(GetParam());
    Start start = shell({"--verify", "400ms"}, until_input_ends());
    start.environment["DLOCK_URL"] = gate.database().url;
    Program program(start);
    ASSERT_TRUE(program.says("started"));
    gate.cut(Gate::Ending::silence);
    EXPECT_EQ(program.wait().exit_code, 74);
}

TEST_P(Lost, IsNotLookedForByQuestionsWithoutVerify) {
    Gate gate(GetParam());
    Start start = shell({"--verify", "0"}, until_input_ends());
    start.environment["DLOCK_URL"] = gate.database().url;
    Program program(start);
    ASSERT_TRUE(program.says("started"));
    const long before = gate.round_trips();
    program.close_input();
    EXPECT_EQ(program.wait().exit_code, 0);
    EXPECT_LE(gate.round_trips(), before + 2) << "more than the release and the goodbye";
}

TEST_P(Lost, NotToTheIdleTimeoutOfMysql) {
    if (!GetParam().is_mysql()) {
        GTEST_SKIP() << "wait_timeout is MySQL's and MariaDB's";
    }
    int has_view = 0;
    view().sql() << "select count(*) from information_schema.tables where table_schema = "
                    "'performance_schema' and table_name = 'variables_by_thread'",
        soci::into(has_view);
    if (has_view == 0) {
        GTEST_SKIP() << "MariaDB does not show the variables of other sessions";
    }
    Program program(shell({}, until_input_ends()));
    ASSERT_TRUE(program.says("started"));
    int timeout = 0;
    view().sql() << "select variable_value from performance_schema.variables_by_thread join "
                    "performance_schema.threads using (thread_id) where variable_name = "
                    "'wait_timeout' and processlist_id = " +
                        std::to_string(holder()),
        soci::into(timeout);
    EXPECT_EQ(timeout, 31536000);
}

TEST_P(Lost, NotToTheIdleTimeoutOfPostgresql) {
    if (!GetParam().is_postgresql()) {
        GTEST_SKIP() << "idle_session_timeout is PostgreSQL's";
    }
    Start start = shell({}, until_input_ends());
    start.environment["PGAPPNAME"] = key_;
    start.environment["PGOPTIONS"] = "-c idle_session_timeout=1500";
    Program program(start);
    ASSERT_TRUE(program.says("started"));
    EXPECT_TRUE(eventually([this] {
        int idle = 0;
        view().sql() << "select count(*) from pg_stat_activity where application_name = :name and "
                        "clock_timestamp() - state_change > interval '3 seconds'",
            soci::use(key_, "name"), soci::into(idle);
        return idle == 1;
    })) << "the session has ended";
    program.close_input();
    EXPECT_EQ(program.wait().exit_code, 0);
}

}  // namespace
}  // namespace dlock_test
