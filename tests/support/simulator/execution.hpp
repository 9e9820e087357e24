// One string of statements under way in one session: what the databases do alike.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/simulator/evaluate.hpp"
#include "support/simulator/server_model.hpp"

namespace dlock::testing {

class Execution : public Scope {
  public:
    Execution(ServerModel& server, ServerSession& session) : server_(server), session_(session) {}

    Value parameter(const std::string& name) override;
    Value variable(const std::string& name) override;
    Value cast(const std::string& type, const Value& value) override;
    std::vector<Row> table(const std::string& name) override;

  protected:
    using Outcome = ServerModel::Outcome;
    using Transaction = ServerSession::Transaction;

    [[nodiscard]] ServerModel& server() const { return server_; }
    [[nodiscard]] ServerSession& session() const { return session_; }
    [[nodiscard]] Value value_of(const std::optional<Expression>& expression) {
        return expression ? evaluate(*expression, *this) : Value();
    }

    /// The rows of a SELECT, as the last result.
    void take_result(const Select& select);
    /// An UPDATE of the counter of fencing tokens, outside of transactions. False if there is no
    /// such table.
    [[nodiscard]] bool update(const SqlStatement& statement);
    [[nodiscard]] ResultSet& result() { return result_; }

    [[nodiscard]] bool releases(const std::string& name, Mode mode, bool xact) {
        return server_.locks().release(name, session_.id, mode, xact);
    }
    void release_transaction_locks();
    /// KILL and KILL QUERY, pg_terminate_backend and pg_cancel_backend.
    void end_session(SessionId id);
    void end_statement(SessionId id);

    [[noreturn]] static void unknown(const std::string& name);

  private:
    ServerModel& server_;
    ServerSession& session_;
    ResultSet result_;
};

/// The bytes that hexadecimal digits stand for.
[[nodiscard]] std::string bytes_of_hex(const std::string& hex);
/// UTF-16LE as UTF-8.
[[nodiscard]] std::string utf8_of_utf16(const std::string& bytes);

}  // namespace dlock::testing
