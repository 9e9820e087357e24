// What one database makes of its SQL.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/simulator/evaluate.hpp"
#include "support/simulator/server_session.hpp"
#include "support/simulator/syntax.hpp"

#include <dlock/key.hpp>

#include <memory>

namespace dlock {
enum class Product;
}

namespace dlock::testing {

class ServerModel;

class SqlRules {
  public:
    virtual ~SqlRules() = default;
    SqlRules() = default;
    SqlRules(const SqlRules&) = delete;
    SqlRules& operator=(const SqlRules&) = delete;

    /// Executes the statements of one string; the server's lock is taken. Throws SqlError and
    /// UnknownSql.
    virtual ResultSet run(ServerSession& session, const Script& script) = 0;

    /// What the lock of a key is called in the lock table.
    [[nodiscard]] virtual std::string name_of(const ActualKey& key) const = 0;
};

[[nodiscard]] std::unique_ptr<SqlRules> make_rules(ServerModel& server, Product product);
[[nodiscard]] std::unique_ptr<SqlRules> make_postgresql_rules(ServerModel& server);
[[nodiscard]] std::unique_ptr<SqlRules> make_mysql_rules(ServerModel& server);
[[nodiscard]] std::unique_ptr<SqlRules> make_mssql_rules(ServerModel& server);
[[nodiscard]] std::unique_ptr<SqlRules> make_oracle_rules(ServerModel& server);

}  // namespace dlock::testing
