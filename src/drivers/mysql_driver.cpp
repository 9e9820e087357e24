// SPDX-License-Identifier: BSL-1.0
#include "drivers/mysql_driver.hpp"

#include "drivers/close_session.hpp"
#include "drivers/mysql_query.hpp"
#include "loss/socket.hpp"

#include <soci/mysql/soci-mysql.h>

#include <mysql.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstring>
#include <string_view>
#include <utility>

namespace dlock::detail {
namespace {

// SOCI 4.0 does not export the type information that a dynamic_cast would need.
MYSQL* connection_of(const soci::details::session_backend* backend) {
    return static_cast<const soci::mysql_session_backend*>(backend)->conn_;
}

// Client errors that mean that the connection is gone, and the server's word that it was killed.
bool is_connection_error(unsigned code) {
    switch (code) {
        case 1053:  // ER_SERVER_SHUTDOWN
        case 1927:  // ER_CONNECTION_KILLED
        case 2002:  // CR_CONNECTION_ERROR
        case 2006:  // CR_SERVER_GONE_ERROR
        case 2013:  // CR_SERVER_LOST
        case 2026:  // CR_SSL_CONNECTION_ERROR
        case 2027:  // CR_MALFORMED_PACKET
        case 2055:  // CR_SERVER_LOST_EXTENDED
        case 4031:  // ER_CLIENT_INTERACTION_TIMEOUT
            return true;
        default:
            return false;
    }
}

// Without a helper session it can only end the connection.
class KillQuery final : public Canceller {
  public:
    KillQuery(SessionFactory helper, unsigned long id, int socket)
        : helper_(std::move(helper)), id_(id), socket_(socket, std::nothrow) {}

    bool can_cancel() const noexcept override { return helper_ != nullptr; }

    void cancel() noexcept override {
        try {
            if (session_ == nullptr) {
                session_ = helper_();
            }
            // After a long time the helper's server may be another, where the id is a stranger's.
            if (session_ != nullptr && !forced_) {
                session_->once << "KILL QUERY " + std::to_string(id_);
            }
        } catch (...) {
            session_.reset();  // the next call opens another
        }
    }

    bool can_force() const noexcept override { return socket_.descriptor() >= 0; }
    void force() noexcept override {
        forced_ = true;
        socket_.shut_down();
    }

  private:
    SessionFactory helper_;
    unsigned long id_;
    Socket socket_;
    std::atomic<bool> forced_{false};
    std::unique_ptr<soci::session> session_;
};

class MysqlDriver final : public Driver {
  public:
    MysqlDriver(soci::session& session, SessionFactory helper)
        : session_(session), backend_(session.get_backend()), helper_(std::move(helper)) {
        query_.reserve(1024);
    }

    bool attached() const noexcept override {
        return session_.get_backend() == backend_ && connection() != nullptr;
    }

    const void* handle() const noexcept override { return backend_; }

    std::uint64_t identity() const noexcept override {
        return attached() ? mysql_thread_id(connection()) : 0;
    }

    std::uint64_t incarnation() const noexcept override { return number_of_socket(socket()); }

    TransactionState transaction() const noexcept override {
        if (!attached()) {
            return TransactionState::unknown;
        }
        return (connection()->server_status & SERVER_STATUS_IN_TRANS) != 0
                   ? TransactionState::active
                   : TransactionState::idle;
    }

    std::string server() const override {
        // The locks belong to the whole server.
        const MYSQL* const conn = connection();
        std::string name = "mysql ";
        name += mysql_get_host_info(connection());
        name += ' ' + std::to_string(conn->port) + ' ';
        return conn->unix_socket != nullptr ? name + conn->unix_socket : name;
    }

    void execute(const Statement& statement, Reply& reply) noexcept override {
        if (!attached()) {
            reply.failed = true;
            reply.connection_lost = true;
            return;
        }
        MYSQL* const conn = connection();
        bind(statement);
        if (mysql_real_query(conn, query_.data(), query_.size()) != 0) {
            take_error(conn, reply);
            return;
        }
        MYSQL_RES* const result = mysql_store_result(conn);
        if (result == nullptr) {
            if (mysql_errno(conn) != 0) {
                take_error(conn, reply);
            }
            return;
        }
        read_row(result, reply);
        mysql_free_result(result);
    }

    bool non_blocking() const noexcept override {
        return attached() && MysqlQuery::can_run_on(connection());
    }

    Progress begin(const Statement& statement, Reply& reply) noexcept override {
        if (!attached()) {
            reply.failed = true;
            reply.connection_lost = true;
            return {};
        }
        bind(statement);
        begun_on_ = incarnation();
        return take(async_.begin(connection(), query_), reply);
    }

    Progress advance(Reply& reply) noexcept override {
        // A session that was reconnected may have its backend at the same address.
        if (!attached() || incarnation() != begun_on_) {
            reply.failed = true;
            reply.connection_lost = true;
            return {};
        }
        return take(async_.advance(), reply);
    }

    std::unique_ptr<Canceller> new_canceller() override {
        return std::make_unique<KillQuery>(helper_, mysql_thread_id(connection()), socket());
    }

    void abandon() noexcept override {
        if (attached()) {
            close_quietly(session_, socket());
        }
    }

    bool tells_its_end() const noexcept override { return true; }
    int socket() const noexcept override {
        return attached() ? mysql_descriptor(connection()) : -1;
    }

  private:
    MYSQL* connection() const { return connection_of(backend_); }

    // The text protocol has no parameters of its own: as SOCI does, the value is put in quotes. It
    // can only be hexadecimal digits; whatever else is dropped.
    void bind(const Statement& statement) {
        static constexpr std::string_view marker = ":key";
        query_.clear();
        std::string_view rest = statement.sql;
        for (auto at = rest.find(marker); at != std::string_view::npos; at = rest.find(marker)) {
            query_.append(rest.substr(0, at)).push_back('\'');
            std::copy_if(statement.parameter.begin(), statement.parameter.end(),
                         std::back_inserter(query_),
                         [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
            query_.push_back('\'');
            rest.remove_prefix(at + marker.size());
        }
        query_.append(rest);
    }

    Progress take(const Progress& progress, Reply& reply) {
        if (!progress.done) {
            return progress;
        }
        if (async_.failed()) {
            take_error(connection(), reply);
        } else if (async_.result() != nullptr) {
            read_row(async_.result(), reply);
            mysql_free_result(async_.result());
        }
        return progress;
    }

    static void take_error(MYSQL* conn, Reply& reply) {
        reply.failed = true;
        reply.native.code = static_cast<int>(mysql_errno(conn));
        reply.native.sqlstate = mysql_sqlstate(conn);
        reply.native.message = mysql_error(conn);
        reply.connection_lost = is_connection_error(mysql_errno(conn));
    }

    static void read_row(MYSQL_RES* result, Reply& reply) {
        const MYSQL_ROW row = mysql_fetch_row(result);
        reply.has_row = row != nullptr;
        if (row == nullptr) {
            return;
        }
        const unsigned long* const lengths = mysql_fetch_lengths(result);
        const std::size_t columns =
            std::min<std::size_t>(mysql_num_fields(result), Reply::max_columns);
        for (std::size_t column = 0; column < columns; ++column) {
            if (row[column] == nullptr) {
                continue;
            }
            std::int64_t number = 0;
            const char* const end = row[column] + lengths[column];
            const auto [stopped, error] = std::from_chars(row[column], end, number);
            if (error == std::errc() && stopped == end) {
                reply.values[column] = number;
            }
        }
    }

    soci::session& session_;
    soci::details::session_backend* backend_;
    SessionFactory helper_;
    std::string query_;
    MysqlQuery async_;
    std::uint64_t begun_on_ = 0;
};

}  // namespace

MysqlServer mysql_server(soci::session& session) {
    MYSQL* const conn = connection_of(session.get_backend());
    if (conn == nullptr) {
        return {};
    }
    const char* const text = mysql_get_server_info(conn);
    return {.connected = text != nullptr,
            .mariadb = text != nullptr && std::strstr(text, "MariaDB") != nullptr,
            .version = mysql_get_server_version(conn)};
}

std::unique_ptr<Driver> make_mysql_driver(soci::session& session, SessionFactory helper) {
    return std::make_unique<MysqlDriver>(session, std::move(helper));
}

}  // namespace dlock::detail
