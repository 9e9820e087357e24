// Through the client library, below SOCI, which does not tell all errors' numbers.
// SPDX-License-Identifier: BSL-1.0
#include "fidelity/stage.hpp"

#include <soci/mysql/soci-mysql.h>

#include <mysql.h>

namespace dlock_test {
namespace {

bool is_lost(unsigned code) {
    // Shutdown and KILL as the server says them; gone and lost as the client does.
    return code == 1053 || code == 1927 || code == 2006 || code == 2013;
}

class MysqlSession final : public StageSession {
  public:
    explicit MysqlSession(const Database& database)
        : session_(database.open()),
          connection_(static_cast<soci::mysql_session_backend*>(session_->get_backend())->conn_) {}

    long long id() const override { return static_cast<long long>(mysql_thread_id(connection_)); }

    std::string execute(const std::string& sql) override {
        Answer answer;
        if (mysql_real_query(connection_, sql.data(), sql.size()) == 0) {
            if (MYSQL_RES* const result = mysql_store_result(connection_)) {
                answer.rows = rows_of(result);
                mysql_free_result(result);
            }
        }
        if (const unsigned code = mysql_errno(connection_); code != 0) {
            answer.error = std::to_string(code);
            answer.connection_lost = is_lost(code);
        }
        return answer.text();
    }

  private:
    static std::vector<Answer::Row> rows_of(MYSQL_RES* result) {
        std::vector<Answer::Row> rows;
        while (MYSQL_ROW row = mysql_fetch_row(result)) {
            Answer::Row& values = rows.emplace_back();
            for (unsigned column = 0; column < mysql_num_fields(result); ++column) {
                values.push_back(row[column] != nullptr ? std::optional<std::string>(row[column])
                                                        : std::nullopt);
            }
        }
        return rows;
    }

    std::unique_ptr<soci::session> session_;
    MYSQL* connection_;
};

class MysqlStage final : public TestStage {
  public:
    explicit MysqlStage(const Database& database)
        : database_(database), admin_(database.open_admin()) {}

    std::unique_ptr<StageSession> open() override {
        return std::make_unique<MysqlSession>(database_);
    }
    int version() override {
        return static_cast<int>(mysql_get_server_version(
            static_cast<soci::mysql_session_backend*>(admin_->get_backend())->conn_));
    }
    bool waits(long long id) override {
        int count = 0;
        *admin_ << "select count(*) from information_schema.processlist where state = 'User lock' "
                   "and id = :id",
            soci::use(id), soci::into(count);
        return count != 0;
    }
    void terminate(long long id) override { *admin_ << "kill connection " + std::to_string(id); }

  private:
    const Database& database_;
    std::unique_ptr<soci::session> admin_;
};

}  // namespace

std::unique_ptr<TestStage> make_mysql_stage(const Database& database) {
    return std::make_unique<MysqlStage>(database);
}

}  // namespace dlock_test
