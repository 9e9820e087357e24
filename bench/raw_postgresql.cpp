// The raw lock of PostgreSQL: PQexec of literals.
// SPDX-License-Identifier: BSL-1.0
#include "raw_lock.hpp"

#include <soci/postgresql/soci-postgresql.h>

#include <libpq-fe.h>

#include <stdexcept>
#include <string>

namespace dlock_bench {
namespace {

class RawPostgresql final : public RawLock {
  public:
    RawPostgresql(PGconn* connection, const std::string& key)
        : connection_(connection),
          try_("SELECT pg_try_advisory_lock(" + key + ")"),
          wait_("SELECT pg_advisory_lock(" + key + ")"),
          release_("SELECT pg_advisory_unlock(" + key + ")") {}

    void take() override { ask(try_, 't'); }
    void wait() override { ask(wait_, '\0'); }
    void release() override { ask(release_, 't'); }

  private:
    void ask(const std::string& sql, char expected) {
        PGresult* const result = PQexec(connection_, sql.c_str());
        const bool good =
            PQresultStatus(result) == PGRES_TUPLES_OK && PQgetvalue(result, 0, 0)[0] == expected;
        PQclear(result);
        if (!good) {
            throw std::runtime_error("unexpected answer: " + sql);
        }
    }

    PGconn* connection_;
    std::string try_;
    std::string wait_;
    std::string release_;
};

}  // namespace

std::unique_ptr<RawLock> make_raw_postgresql(soci::session& session, const dlock::ActualKey& key) {
    auto* const backend = static_cast<soci::postgresql_session_backend*>(session.get_backend());
    return std::make_unique<RawPostgresql>(backend->conn_,
                                           std::to_string(std::get<std::int64_t>(key.value())));
}

}  // namespace dlock_bench
