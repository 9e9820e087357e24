// A release must not fail for want of memory: the dialects allocate nothing for it.
// SPDX-License-Identifier: BSL-1.0
#include "allocations.hpp"
#include "mssql_machine.hpp"
#include "mysql_machine.hpp"
#include "oracle_machine.hpp"
#include "postgresql_machine.hpp"

#include <gtest/gtest.h>

namespace dlock::detail {
namespace {

using dlock_test::allocations_of;

Step release(Dialect& dialect, const Situation& situation, const Reply& reply) {
    Step step = dialect.start(Op::release, situation);
    return step.send != nullptr ? dialect.resume(reply) : step;
}

TEST(NoAllocation, the_hook_counts) {
    EXPECT_GT(allocations_of([] { const std::string text(1000, 'x'); }), 0);
}

TEST(NoAllocation, a_release_on_postgresql) {
    const auto dialect = make_postgresql_dialect({.server_version = 150020},
                                                 ActualKey(Int32Pair{-2147483647, -2147483647}));
    for (const Mode mode : {Mode::exclusive, Mode::shared}) {
        for (const auto& [situation, reply] :
             {std::pair(idle(mode), row({1})), std::pair(active(mode), row({0})),
              std::pair(failed(mode), row_and(1, error({.sqlstate = "3B001"})))}) {
            EXPECT_EQ(allocations_of([&] { (void)release(*dialect, situation, reply); }), 0);
        }
    }
}

TEST(NoAllocation, a_release_on_mysql_and_mariadb) {
    for (const MysqlFlavour flavour : flavours) {
        const auto dialect =
            make_mysql_dialect({.flavour = flavour}, ActualKey(std::string(64, 'k')));
        for (const Reply& reply : {row({1}), row({0}), null_row()}) {
            EXPECT_EQ(allocations_of([&] { (void)release(*dialect, mysql_session(), reply); }), 0);
        }
    }
}

TEST(NoAllocation, a_release_on_sql_server_and_the_look_after_it) {
    const auto dialect = make_mssql_dialect({.db_principal = std::string(128, 'p')},
                                            ActualKey(std::string(255, 'k')));
    const Reply not_held = row({0});
    for (const Mode mode : {Mode::exclusive, Mode::intent_shared}) {
        for (const Reply& reply : {row({0}), row({-999})}) {
            EXPECT_EQ(allocations_of([&] {
                          if (release(*dialect, mssql_mode(mode), reply).send != nullptr) {
                              (void)dialect->resume(not_held);
                          }
                      }),
                      0);
        }
    }
}

TEST(NoAllocation, a_release_on_oracle) {
    const auto by_id = make_oracle_dialect({}, ActualKey(std::int64_t{1073741823}));
    const auto by_name =
        make_oracle_dialect({.allocate_unique = true}, ActualKey(std::string(128, 'k')));
    for (Dialect* const dialect : {by_id.get(), by_name.get()}) {
        for (const Reply& reply : {row({0}), row({4}), null_row()}) {
            EXPECT_EQ(allocations_of([&] { (void)release(*dialect, oracle_session(), reply); }), 0);
        }
    }
}

}  // namespace
}  // namespace dlock::detail
