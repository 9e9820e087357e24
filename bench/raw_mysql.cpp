// The raw lock of MySQL and MariaDB: mysql_real_query of literals.
// SPDX-License-Identifier: BSL-1.0
#include "raw_lock.hpp"

#include <soci/mysql/soci-mysql.h>

#include <mysql.h>

#include <stdexcept>
#include <string>

namespace dlock_bench {
namespace {

class RawMysql final : public RawLock {
  public:
    RawMysql(MYSQL* connection, const std::string& key)
        : connection_(connection),
          try_("SELECT GET_LOCK('" + key + "', 0)"),
          wait_("SELECT GET_LOCK('" + key + "', 30)"),
          release_("SELECT RELEASE_LOCK('" + key + "')") {}

    void take() override { ask(try_); }
    void wait() override { ask(wait_); }
    void release() override { ask(release_); }

  private:
    void ask(const std::string& sql) {
        bool good = mysql_real_query(connection_, sql.data(), sql.size()) == 0;
        if (MYSQL_RES* const result = good ? mysql_store_result(connection_) : nullptr) {
            const MYSQL_ROW row = mysql_fetch_row(result);
            good = row != nullptr && row[0] != nullptr && row[0][0] == '1';
            mysql_free_result(result);
        } else {
            good = false;
        }
        if (!good) {
            throw std::runtime_error("unexpected answer: " + sql);
        }
    }

    MYSQL* connection_;
    std::string try_;
    std::string wait_;
    std::string release_;
};

}  // namespace

std::unique_ptr<RawLock> make_raw_mysql(soci::session& session, const dlock::ActualKey& key) {
    auto* const backend = static_cast<soci::mysql_session_backend*>(session.get_backend());
    return std::make_unique<RawMysql>(backend->conn_, std::get<std::string>(key.value()));
}

}  // namespace dlock_bench
