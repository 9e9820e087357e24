// SPDX-License-Identifier: BSL-1.0
#include "drivers/libpq_driver.hpp"

#include "drivers/close_session.hpp"
#include "loss/socket.hpp"

#include <soci/postgresql/soci-postgresql.h>

#include <libpq-fe.h>

#include <charconv>
#include <cstring>
#include <string_view>

namespace dlock::detail {
namespace {

// SOCI 4.0 does not export the type information that a dynamic_cast would need.
PGconn* connection_of(const soci::details::session_backend* backend) {
    return static_cast<const soci::postgresql_session_backend*>(backend)->conn_;
}

std::string text_or_empty(const char* text) {
    return text != nullptr ? text : "";
}

std::optional<std::int64_t> to_integer(std::string_view text) {
    if (text == "t" || text == "f") {
        return text == "t" ? 1 : 0;
    }
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return number;
}

void read_row(const PGresult* result, Reply& reply) {
    reply.has_row = PQntuples(result) > 0;
    reply.values.fill(std::nullopt);
    if (!reply.has_row) {
        return;
    }
    const int columns = std::min(PQnfields(result), static_cast<int>(Reply::max_columns));
    for (int column = 0; column < columns; ++column) {
        if (PQgetisnull(result, 0, column) == 0) {
            reply.values[static_cast<std::size_t>(column)] =
                to_integer({PQgetvalue(result, 0, column),
                            static_cast<std::size_t>(PQgetlength(result, 0, column))});
        }
    }
}

class LibpqCanceller final : public Canceller {
  public:
    explicit LibpqCanceller(PGconn* connection)
        : cancel_(PQgetCancel(connection)), socket_(PQsocket(connection), std::nothrow) {}
    ~LibpqCanceller() override { PQfreeCancel(cancel_); }

    [[nodiscard]] bool usable() const { return cancel_ != nullptr; }

    void cancel() noexcept override {
        char error[256];
        (void)PQcancel(cancel_, error, sizeof error);  // repeated until the statement has ended
    }

    bool can_force() const noexcept override { return socket_.descriptor() >= 0; }
    void force() noexcept override { socket_.shut_down(); }

  private:
    PGcancel* cancel_;
    Socket socket_;
};

class LibpqDriver final : public Driver {
  public:
    explicit LibpqDriver(soci::session& session)
        : session_(session), backend_(session.get_backend()) {}

    bool attached() const noexcept override {
        return session_.get_backend() == backend_ && connection() != nullptr;
    }

    const void* handle() const noexcept override { return backend_; }

    std::uint64_t identity() const noexcept override {
        if (!attached() || PQstatus(connection()) != CONNECTION_OK) {
            return 0;
        }
        return static_cast<std::uint64_t>(PQbackendPID(connection()));
    }

    std::uint64_t incarnation() const noexcept override {
        return identity() != 0 ? number_of_socket(socket()) : 0;
    }

    TransactionState transaction() const noexcept override {
        if (!attached()) {
            return TransactionState::unknown;
        }
        switch (PQtransactionStatus(connection())) {
            case PQTRANS_IDLE:
                return TransactionState::idle;
            case PQTRANS_INTRANS:
                return TransactionState::active;
            case PQTRANS_INERROR:
                return TransactionState::failed;
            case PQTRANS_ACTIVE:
                return TransactionState::busy;
            default:
                return TransactionState::unknown;
        }
    }

    bool is_primary() const noexcept override {
        // Reported by servers from 14 on, and again whenever it changes.
        const char* const standby =
            attached() ? PQparameterStatus(connection(), "in_hot_standby") : nullptr;
        return standby != nullptr && std::strcmp(standby, "off") == 0;
    }

    std::string server() const override {
        // Advisory locks belong to one database of one server.
        std::string name = "postgresql ";
        for (const char* part : {PQhost(connection()), PQport(connection()), PQdb(connection())}) {
            name += text_or_empty(part) + ' ';
        }
        return name;
    }

    void execute(const Statement& statement, Reply& reply) noexcept override {
        if (!send(statement, reply)) {
            return;
        }
        PGconn* const conn = connection();
        while (PGresult* result = PQgetResult(conn)) {
            take(conn, result, reply);
            if (PQstatus(conn) != CONNECTION_OK) {
                break;
            }
        }
        if (PQstatus(conn) != CONNECTION_OK) {
            lost(reply);
        }
    }

    bool non_blocking() const noexcept override { return true; }

    Progress begin(const Statement& statement, Reply& reply) noexcept override {
        if (!attached()) {
            lost(reply);
            return {};
        }
        begun_on_ = incarnation();
        was_non_blocking_ = PQisnonblocking(connection()) != 0;
        (void)PQsetnonblocking(connection(), 1);
        if (!send(statement, reply)) {
            return end();
        }
        return advance(reply);
    }

    Progress advance(Reply& reply) noexcept override {
        // A session that was reconnected may have its backend at the same address.
        if (!attached() || incarnation() != begun_on_) {
            lost(reply);
            return {};
        }
        PGconn* const conn = connection();
        const int unsent = PQflush(conn);
        if (PQconsumeInput(conn) == 0) {
            lost(reply);
            return end();
        }
        while (PQisBusy(conn) == 0) {
            PGresult* const result = PQgetResult(conn);
            if (result == nullptr) {
                return end();
            }
            take(conn, result, reply);
            if (PQstatus(conn) != CONNECTION_OK) {
                lost(reply);
                return end();
            }
        }
        return {.done = false, .reads = true, .writes = unsent == 1};
    }

    std::unique_ptr<Canceller> new_canceller() override {
        auto canceller = std::make_unique<LibpqCanceller>(connection());
        return canceller->usable() ? std::move(canceller) : nullptr;
    }

    void abandon() noexcept override {
        if (attached()) {
            close_quietly(session_, socket());
        }
    }

    bool tells_its_end() const noexcept override { return true; }
    int socket() const noexcept override { return attached() ? PQsocket(connection()) : -1; }

  private:
    PGconn* connection() const { return connection_of(backend_); }

    bool send(const Statement& statement, Reply& reply) const {
        if (!attached() || PQstatus(connection()) != CONNECTION_OK) {
            lost(reply);
            return false;
        }
        PGconn* const conn = connection();
        if (PQsendQuery(conn, statement.sql.c_str()) == 0) {
            reply.failed = true;
            reply.native.message = text_or_empty(PQerrorMessage(conn));
            reply.connection_lost = PQstatus(conn) != CONNECTION_OK;
            return false;
        }
        return true;
    }

    // The end of a statement that was begun without blocking.
    Progress end() const {
        (void)PQsetnonblocking(connection(), was_non_blocking_ ? 1 : 0);
        return {};
    }

    void lost(Reply& reply) const {
        reply.failed = true;
        reply.connection_lost = true;
        if (reply.native.message.empty()) {
            reply.native.message = attached() ? text_or_empty(PQerrorMessage(connection())) : "";
        }
    }

    // Several statements give several results; the last with columns and the first error count.
    static void take(PGconn* conn, PGresult* taken, Reply& reply) {
        const std::unique_ptr<PGresult, decltype(&PQclear)> owner(taken, &PQclear);
        const PGresult* const result = taken;
        switch (PQresultStatus(result)) {
            case PGRES_TUPLES_OK:
                read_row(result, reply);
                return;
            case PGRES_COMMAND_OK:
            case PGRES_EMPTY_QUERY:
            case PGRES_COPY_IN:
            case PGRES_COPY_OUT:
            case PGRES_COPY_BOTH:
                return;
            default:
                break;
        }
        if (reply.failed) {
            return;
        }
        reply.failed = true;
        reply.native.sqlstate = text_or_empty(PQresultErrorField(result, PG_DIAG_SQLSTATE));
        const char* const text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
        reply.native.message = text != nullptr ? text : text_or_empty(PQerrorMessage(conn));
    }

    soci::session& session_;
    soci::details::session_backend* backend_;
    bool was_non_blocking_ = false;
    std::uint64_t begun_on_ = 0;
};

}  // namespace

PostgresqlServer postgresql_server(soci::session& session) {
    PGconn* const conn = connection_of(session.get_backend());
    if (conn == nullptr || PQstatus(conn) != CONNECTION_OK) {
        return {};
    }
    PostgresqlServer server{.version = PQserverVersion(conn)};
    if (PQparameterStatus(conn, "crdb_version") != nullptr) {
        server.other_product = "CockroachDB";
    }
    return server;
}

std::unique_ptr<Driver> make_libpq_driver(soci::session& session) {
    return std::make_unique<LibpqDriver>(session);
}

}  // namespace dlock::detail
