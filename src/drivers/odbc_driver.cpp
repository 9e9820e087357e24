// SPDX-License-Identifier: BSL-1.0
#include "drivers/odbc_driver.hpp"

#include "drivers/close_session.hpp"

#include <soci/odbc/soci-odbc.h>

#include <sqlext.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <optional>
#include <utility>

namespace dlock::detail {
namespace {

SQLCHAR* odbc_text(const std::string& text) {
    // ODBC does not change what it is given to read.
    return reinterpret_cast<SQLCHAR*>(const_cast<char*>(text.data()));
}

// A statement handle in reach of cancellers, whichever lives longer.
class Target {
  public:
    void set(SQLHSTMT statement) {
        const std::lock_guard lock(mutex_);
        statement_ = statement;
        cancelled_ = cancelled_ && statement == SQL_NULL_HSTMT;
    }

    void cancel() {
        // Held during the call: the handle must not be freed meanwhile.
        const std::lock_guard lock(mutex_);
        if (statement_ != SQL_NULL_HSTMT) {
            cancelled_ = true;
            (void)SQLCancel(statement_);
        }
    }

    // True if the statement that was set last was cancelled.
    [[nodiscard]] bool cancelled() {
        const std::lock_guard lock(mutex_);
        return cancelled_;
    }

  private:
    std::mutex mutex_;
    SQLHSTMT statement_ = SQL_NULL_HSTMT;
    bool cancelled_ = false;
};

class Handle {
  public:
    explicit Handle(SQLHDBC connection) {
        if (!SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_STMT, connection, &statement_))) {
            statement_ = SQL_NULL_HSTMT;
        }
    }
    ~Handle() {
        if (statement_ != SQL_NULL_HSTMT) {
            SQLFreeHandle(SQL_HANDLE_STMT, statement_);
        }
    }
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;

    [[nodiscard]] SQLHSTMT get() const { return statement_; }

  private:
    SQLHSTMT statement_ = SQL_NULL_HSTMT;
};

class StatementCanceller final : public Canceller {
  public:
    explicit StatementCanceller(std::shared_ptr<Target> target) : target_(std::move(target)) {}
    void cancel() noexcept override { target_->cancel(); }

  private:
    std::shared_ptr<Target> target_;
};

// A statement handle that cancels what runs on its connection. The connection may go first.
class Companion {
  public:
    explicit Companion(SQLHDBC connection) : handle_(std::in_place, connection) {}

    [[nodiscard]] bool usable() const { return handle_->get() != SQL_NULL_HSTMT; }

    void cancel() {
        const std::lock_guard lock(mutex_);
        if (handle_.has_value()) {
            (void)SQLCancel(handle_->get());
        }
    }

    // The connection is about to be closed.
    void free() {
        const std::lock_guard lock(mutex_);
        handle_.reset();
    }

  private:
    std::mutex mutex_;
    std::optional<Handle> handle_;
};

class ConnectionCanceller final : public Canceller {
  public:
    explicit ConnectionCanceller(std::shared_ptr<Companion> companion)
        : companion_(std::move(companion)) {}
    void cancel() noexcept override { companion_->cancel(); }

  private:
    std::shared_ptr<Companion> companion_;
};

// The first record that is no warning; the first at all if there is no other.
void read_diagnosis(SQLSMALLINT type, SQLHANDLE handle, NativeError& native) {
    constexpr SQLSMALLINT most_records = 8;
    for (SQLSMALLINT record = 1; record <= most_records; ++record) {
        SQLCHAR state[SQL_SQLSTATE_SIZE + 1] = {};
        SQLCHAR message[SQL_MAX_MESSAGE_LENGTH] = {};
        SQLINTEGER code = 0;
        SQLSMALLINT length = 0;
        if (!SQL_SUCCEEDED(SQLGetDiagRec(type, handle, record, state, &code, message,
                                         sizeof message, &length))) {
            return;
        }
        const bool is_warning = odbc_is_warning(reinterpret_cast<const char*>(state));
        if (record == 1 || !is_warning) {
            native.sqlstate = reinterpret_cast<const char*>(state);
            native.code = static_cast<int>(code);
            native.message = reinterpret_cast<const char*>(message);
        }
        if (!is_warning) {
            return;
        }
    }
}

class OdbcDriver final : public Driver {
  public:
    OdbcDriver(soci::session& session, const OdbcSettings& settings)
        : session_(session),
          backend_(session.get_backend()),
          settings_(settings),
          server_(server_name()),
          running_(std::make_shared<Target>()) {
        sql_.reserve(1024);
    }

    bool attached() const noexcept override {
        return session_.get_backend() == backend_ && connection() != SQL_NULL_HDBC;
    }

    const void* handle() const noexcept override { return backend_; }

    std::uint64_t identity() const noexcept override { return 0; }

    TransactionState transaction() const noexcept override {
        SQLUINTEGER autocommit = SQL_AUTOCOMMIT_ON;
        if (!attached() || !SQL_SUCCEEDED(SQLGetConnectAttr(connection(), SQL_ATTR_AUTOCOMMIT,
                                                            &autocommit, 0, nullptr))) {
            return TransactionState::unknown;
        }
        return autocommit == SQL_AUTOCOMMIT_OFF ? TransactionState::active
                                                : settings_.in_autocommit;
    }

    std::string server() const override { return server_; }

    void execute(const Statement& statement, Reply& reply) noexcept override {
        if (!attached()) {
            reply.failed = true;
            reply.connection_lost = true;
            return;
        }
        const Handle handle(connection());
        if (handle.get() == SQL_NULL_HSTMT) {
            // As some drivers answer once the connection is gone.
            take_error(SQL_HANDLE_DBC, connection(), reply);
            return;
        }
        const OdbcMarkers markers = write_odbc_sql(statement, settings_.key, sql_);
        Outputs outputs;
        if (bind(handle.get(), statement, markers, outputs)) {
            run(handle.get(), reply);
        } else {
            take_error(SQL_HANDLE_STMT, handle.get(), reply);
        }
        if (!reply.failed && !reply.has_row && running_->cancelled()) {
            // The cancel came after the end of the statement, and has closed its results unread.
            reply.failed = true;
            reply.native.sqlstate = "HY008";
            reply.native.message = "the statement's result was lost to a cancel";
        }
        if (!reply.failed && statement.outputs[0] != nullptr) {
            read_outputs(outputs, reply);
        }
    }

    std::unique_ptr<Canceller> new_canceller() override {
        if (settings_.cancel == OdbcCancel::statement) {
            return std::make_unique<StatementCanceller>(running_);
        }
        const auto companion = std::make_shared<Companion>(connection());
        companion_ = companion;
        return companion->usable() ? std::make_unique<ConnectionCanceller>(companion) : nullptr;
    }

    void abandon() noexcept override {
        if (attached()) {
            if (const auto companion = companion_.lock()) {
                companion->free();
            }
            if (transaction() == TransactionState::active) {
                // SQLDisconnect refuses an open transaction (SQLSTATE 25000), and SOCI 4.0's
                // destructor throws then.
                (void)SQLEndTran(SQL_HANDLE_DBC, connection(), SQL_ROLLBACK);
            }
            close_quietly(session_);
        }
    }

  private:
    // What a PL/SQL block writes.
    struct Outputs {
        std::array<SQLINTEGER, std::tuple_size_v<decltype(Statement::outputs)>> values{};
        std::array<SQLLEN, std::tuple_size_v<decltype(Statement::outputs)>> states{};
        SQLLEN key_length = 0;

        Outputs() { states.fill(SQL_NULL_DATA); }
    };

    // SOCI 4.0 does not export the type information that a dynamic_cast would need.
    const soci::odbc_session_backend* odbc() const {
        return static_cast<const soci::odbc_session_backend*>(backend_);
    }

    SQLHDBC connection() const { return odbc()->hdbc_; }

    std::string server_name() const {
        // SQL_SERVER_NAME has no port with psqlODBC and MariaDB's driver, and asking MariaDB's for
        // the database costs a round trip.
        std::string name = odbc_server_name(odbc()->get_connection_string());
        if (name.empty()) {
            // Nothing tells two servers apart, so each session counts as a server of its own.
            return "odbc session " + std::to_string(reinterpret_cast<std::uintptr_t>(backend_));
        }
        SQLCHAR database[256] = {};
        if (settings_.locks_per_database &&
            SQL_SUCCEEDED(
                SQLGetInfo(connection(), SQL_DATABASE_NAME, database, sizeof database, nullptr))) {
            name.append(reinterpret_cast<const char*>(database));
        }
        return "odbc " + name;
    }

    static bool bind(SQLHSTMT handle, const Statement& statement, const OdbcMarkers& markers,
                     Outputs& outputs) {
        const std::string& key = statement.parameter;
        outputs.key_length = static_cast<SQLLEN>(key.size());
        for (std::size_t i = 0; i < markers.count; ++i) {
            const auto number = static_cast<SQLUSMALLINT>(i + 1);
            const int what = markers.list.at(i).what;
            SQLRETURN result = SQL_ERROR;
            if (what == OdbcMarker::key) {
                result = SQLBindParameter(handle, number, SQL_PARAM_INPUT, SQL_C_CHAR, SQL_VARCHAR,
                                          std::max<SQLULEN>(key.size(), 1), 0, odbc_text(key),
                                          outputs.key_length, &outputs.key_length);
            } else {
                const auto place = static_cast<std::size_t>(what);
                result =
                    SQLBindParameter(handle, number, SQL_PARAM_OUTPUT, SQL_C_SLONG, SQL_INTEGER, 0,
                                     0, &outputs.values.at(place), 0, &outputs.states.at(place));
            }
            if (!SQL_SUCCEEDED(result)) {
                return false;
            }
        }
        return true;
    }

    SQLRETURN send(SQLHSTMT handle) {
        const auto size = static_cast<SQLINTEGER>(sql_.size());
        if (!settings_.prepare_first) {
            return SQLExecDirect(handle, odbc_text(sql_), size);
        }
        const SQLRETURN prepared = SQLPrepare(handle, odbc_text(sql_), size);
        return SQL_SUCCEEDED(prepared) ? SQLExecute(handle) : prepared;
    }

    // Several statements give several results; the last with columns and the first error count.
    void run(SQLHSTMT handle, Reply& reply) {
        running_->set(handle);
        SQLRETURN result = send(handle);
        running_->set(SQL_NULL_HSTMT);
        // A statement that changes nothing may say SQL_NO_DATA as well.
        bool more = true;
        while (more) {
            if (SQL_SUCCEEDED(result)) {
                read_result(handle, reply);
            } else if (result != SQL_NO_DATA) {
                take_error(SQL_HANDLE_STMT, handle, reply);
            }
            if (reply.connection_lost) {
                return;
            }
            result = SQLMoreResults(handle);
            // A driver that does not get on after an error says so again and again.
            more = SQL_SUCCEEDED(result) || (result == SQL_ERROR && !reply.failed);
        }
    }

    void read_result(SQLHSTMT handle, Reply& reply) const {
        SQLSMALLINT columns = 0;
        if (!SQL_SUCCEEDED(SQLNumResultCols(handle, &columns)) || columns == 0) {
            return;
        }
        const SQLRETURN fetched = SQLFetch(handle);
        reply.has_row = SQL_SUCCEEDED(fetched);
        reply.values.fill(std::nullopt);
        if (!reply.has_row) {
            if (fetched != SQL_NO_DATA) {
                take_error(SQL_HANDLE_STMT, handle, reply);
            }
            return;
        }
        const auto count =
            std::min<std::size_t>(static_cast<std::size_t>(columns), Reply::max_columns);
        for (std::size_t column = 0; column < count; ++column) {
            char text[64];
            SQLLEN length = 0;
            const SQLRETURN got = SQLGetData(handle, static_cast<SQLUSMALLINT>(column + 1),
                                             SQL_C_CHAR, text, sizeof text, &length);
            if (got == SQL_SUCCESS && length > 0) {
                reply.values[column] = odbc_integer({text, static_cast<std::size_t>(length)});
            }
        }
    }

    static void read_outputs(const Outputs& outputs, Reply& reply) {
        reply.has_row = true;
        for (std::size_t i = 0; i < outputs.values.size(); ++i) {
            reply.values[i] = outputs.states[i] != SQL_NULL_DATA
                                  ? std::optional<std::int64_t>(outputs.values[i])
                                  : std::nullopt;
        }
    }

    void take_error(SQLSMALLINT type, SQLHANDLE handle, Reply& reply) const {
        if (!reply.failed) {
            reply.failed = true;
            read_diagnosis(type, handle, reply.native);
            // A cancel that came after the end of the statement has closed its result, and the next
            // call is out of sequence.
            const std::string& state = reply.native.sqlstate;
            if ((state == "HY010" || state == "24000") && running_->cancelled()) {
                reply.native.sqlstate = "HY008";
            }
            if (state.empty() && reply.native.message.empty() && running_->cancelled()) {
                // One that came between psqlODBC's error and its reading has cleared that.
                reply.native.sqlstate = "57014";
                reply.native.message = "the statement's error was lost to a cancel";
            }
        }
        reply.connection_lost =
            odbc_connection_lost(reply.native.sqlstate, reply.native.code) || is_dead();
    }

    // The first error after the connection was lost may look like any other.
    bool is_dead() const {
        SQLUINTEGER dead = SQL_CD_FALSE;
        return SQL_SUCCEEDED(
                   SQLGetConnectAttr(connection(), SQL_ATTR_CONNECTION_DEAD, &dead, 0, nullptr)) &&
               dead == SQL_CD_TRUE;
    }

    soci::session& session_;
    soci::details::session_backend* backend_;
    OdbcSettings settings_;
    std::string server_;
    std::shared_ptr<Target> running_;
    std::weak_ptr<Companion> companion_;
    std::string sql_;
};

}  // namespace

std::unique_ptr<Driver> make_odbc_driver(soci::session& session, const OdbcSettings& settings) {
    return std::make_unique<OdbcDriver>(session, settings);
}

}  // namespace dlock::detail
