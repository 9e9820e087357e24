// Through libpq, below SOCI: it shows every result of a string, and the columns' types.
// SPDX-License-Identifier: BSL-1.0
#include "fidelity/stage.hpp"

#include <soci/postgresql/soci-postgresql.h>

#include <libpq-fe.h>

namespace dlock_test {
namespace {

constexpr Oid boolean = 16;

void ignore_notice(void*, const char*) {}

class PostgresqlSession final : public StageSession {
  public:
    explicit PostgresqlSession(const Database& database)
        : session_(database.open()),
          connection_(
              static_cast<soci::postgresql_session_backend*>(session_->get_backend())->conn_) {
        PQsetNoticeProcessor(connection_, ignore_notice, nullptr);
    }

    long long id() const override { return PQbackendPID(connection_); }

    std::string execute(const std::string& sql) override {
        Answer answer;
        (void)PQsendQuery(connection_, sql.c_str());
        while (PGresult* const result = PQgetResult(connection_)) {
            if (PQresultStatus(result) == PGRES_TUPLES_OK) {
                answer.rows = rows_of(result);
            } else if (PQresultStatus(result) != PGRES_COMMAND_OK) {
                const char* const state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
                answer.error = state != nullptr ? state : "unknown";
            }
            PQclear(result);
        }
        answer.connection_lost = PQstatus(connection_) != CONNECTION_OK;
        return answer.text();
    }

  private:
    static std::vector<Answer::Row> rows_of(const PGresult* result) {
        std::vector<Answer::Row> rows;
        for (int row = 0; row < PQntuples(result); ++row) {
            Answer::Row& values = rows.emplace_back();
            for (int column = 0; column < PQnfields(result); ++column) {
                std::string text = PQgetvalue(result, row, column);
                if (PQftype(result, column) == boolean) {
                    text = text == "t" ? "1" : "0";  // the simulator has no booleans
                }
                values.push_back(PQgetisnull(result, row, column) != 0 ? std::nullopt
                                                                       : std::optional(text));
            }
        }
        return rows;
    }

    std::unique_ptr<soci::session> session_;
    PGconn* connection_;
};

class PostgresqlStage final : public TestStage {
  public:
    explicit PostgresqlStage(const Database& database)
        : database_(database), admin_(database.open_admin()) {}

    std::unique_ptr<StageSession> open() override {
        return std::make_unique<PostgresqlSession>(database_);
    }
    int version() override {
        return PQserverVersion(
            static_cast<soci::postgresql_session_backend*>(admin_->get_backend())->conn_);
    }
    bool waits(long long id) override {
        int count = 0;
        *admin_ << "select count(*) from pg_locks where not granted and pid = :id", soci::use(id),
            soci::into(count);
        return count != 0;
    }
    void terminate(long long id) override {
        *admin_ << "select pg_terminate_backend(" + std::to_string(id) + ")";
    }

  private:
    const Database& database_;
    std::unique_ptr<soci::session> admin_;
};

}  // namespace

std::unique_ptr<TestStage> make_postgresql_stage(const Database& database) {
    return std::make_unique<PostgresqlStage>(database);
}

}  // namespace dlock_test
