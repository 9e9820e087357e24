// SOCI's sqlite3 sessions, with locks in a file next to the database. Linux only.
// SPDX-License-Identifier: BSL-1.0
#include "drivers/sqlite_driver.hpp"

#include "dialects/sqlite.hpp"
#include "drivers/side_file_lock.hpp"
#include "process.hpp"

#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <map>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

namespace dlock::detail {
namespace {

using Backend = soci::details::session_backend;
using Connection = sqlite_api::sqlite3;

// SOCI 4.0 does not export the type information that a dynamic_cast would need.
Connection* connection_of(const Backend* backend) {
    return static_cast<const soci::sqlite3_session_backend*>(backend)->conn_;
}

// The side files of all connections that have the hook. By connection, not by backend object: SOCI
// leaks a connection that it closes with a statement open, and then the hook is never called, but
// neither is the address used again.
struct Registry {
    std::mutex mutex;
    std::map<const Connection*, std::weak_ptr<SideFile>> files;
};

Registry& registry() {
    return one_per_process<Registry>();
}

struct Hook {
    const Connection* connection;
    long process;
};

void no_value(sqlite_api::sqlite3_context* context, int, sqlite_api::sqlite3_value**) {
    sqlite_api::sqlite3_result_null(context);
}

// SQLite calls this when the connection is closed. The address of a session's connection or backend
// is often used again by the next one, so only this tells that it is another session.
void on_close(void* argument) {
    const std::unique_ptr<Hook> hook(static_cast<Hook*>(argument));
    if (hook->process != current_process()) {
        return;  // the child closes what it has inherited; its parent goes on
    }
    Registry& all = registry();
    std::shared_ptr<SideFile> file;
    {
        const std::lock_guard guard(all.mutex);
        const auto found = all.files.find(hook->connection);
        if (found != all.files.end()) {
            file = found->second.lock();
            all.files.erase(found);
        }
    }
    if (file != nullptr) {
        file->close();
    }
}

std::string database_path(Connection* connection) {
    const char* const name = sqlite_api::sqlite3_db_filename(connection, "main");
    if (name == nullptr || *name == '\0') {
        throw LockError(errc::not_supported,
                        "SQLite: a database in memory or a temporary one belongs to one session "
                        "and has nothing to share; open a database file");
    }
    return name;
}

std::shared_ptr<SideFile> side_file_of(Connection* connection) {
    Registry& all = registry();
    bool hooked = false;
    {
        const std::lock_guard guard(all.mutex);
        const auto found = all.files.find(connection);
        hooked = found != all.files.end();
        std::shared_ptr<SideFile> file = hooked ? found->second.lock() : nullptr;
        if (file != nullptr && file->is_open()) {
            return file;
        }
    }
    // Nobody else does this for the same connection meanwhile: it belongs to one thread at a time.
    auto file = std::make_shared<SideFile>(database_path(connection));
    if (!hooked) {
        auto hook = std::make_unique<Hook>(Hook{connection, current_process()});
        const int result = sqlite_api::sqlite3_create_function_v2(
            connection, "dlock_session", 0, SQLITE_UTF8, hook.release(), no_value, nullptr, nullptr,
            on_close);  // which is called, too, if this fails
        if (result != SQLITE_OK) {
            throw LockError(errc::database_error,
                            std::string("SQLite: cannot watch the connection: ") +
                                sqlite_api::sqlite3_errstr(result));
        }
    }
    const std::lock_guard guard(all.mutex);
    all.files[connection] = file;
    return file;
}

// What a canceller and the wait share; the file only lives as long as its drivers.
struct Cancellation {
    std::atomic<bool> requested{false};
};

class WakeUp final : public Canceller {
  public:
    WakeUp(std::shared_ptr<Cancellation> cancellation, std::weak_ptr<SideFile> file,
           std::int64_t key)
        : cancellation_(std::move(cancellation)), file_(std::move(file)), key_(key) {}

    void cancel() noexcept override {
        cancellation_->requested = true;
        if (const std::shared_ptr<SideFile> file = file_.lock()) {
            SideFileLock::wake_waiters(*file, key_);
        }
    }

  private:
    std::shared_ptr<Cancellation> cancellation_;
    std::weak_ptr<SideFile> file_;
    std::int64_t key_;
};

class SqliteDriver final : public Driver {
  public:
    SqliteDriver(soci::session& session, std::int64_t key)
        : session_(session),
          backend_(session.get_backend()),
          connection_(connection_of(backend_)),
          file_(side_file_of(connection_)),
          key_(key),
          lock_(file_, key) {}

    bool attached() const noexcept override {
        return session_.get_backend() == backend_ && connection_of(backend_) == connection_ &&
               file_->is_open();
    }

    const void* handle() const noexcept override { return backend_; }

    std::uint64_t identity() const noexcept override {
        return file_->is_open() ? file_->identity() : 0;
    }

    TransactionState transaction() const noexcept override {
        if (!attached()) {
            return TransactionState::unknown;
        }
        // A statement that is not finished holds one as well.
        const bool idle = sqlite_api::sqlite3_get_autocommit(connection_) != 0 &&
                          sqlite_api::sqlite3_txn_state(connection_, "main") == SQLITE_TXN_NONE;
        return idle ? TransactionState::idle : TransactionState::active;
    }

    std::string server() const override { return "sqlite:" + file_->database(); }

    void execute(const Statement& statement, Reply& reply) noexcept override {
        reply.failed = true;
        if (!attached()) {
            reply.connection_lost = true;
            return;
        }
        if (statement.purpose == Purpose::fence || statement.purpose == Purpose::other) {
            run(statement.sql, reply);
            return;
        }
        try {
            if (const std::optional<bool> answer = ask(statement)) {
                reply.values[0] = *answer ? 1 : 0;
                reply.has_row = true;
                reply.failed = false;
            } else {
                reply.native.code = EINTR;
            }
        } catch (const std::system_error& error) {
            reply.native.code = error.code().value();
            describe(reply, error.what());
        } catch (...) {
            reply.native.code = ENOMEM;
        }
    }

    std::unique_ptr<Canceller> new_canceller() override {
        return std::make_unique<WakeUp>(cancellation_, file_, key_);
    }

    void abandon() noexcept override {
        const bool was_attached = attached();
        file_->close();
        if (was_attached) {
            try {
                session_.close();
            } catch (...) {
                // The locks are gone with the file, which is what counts.
                return;
            }
        }
    }

    bool tells_its_end() const noexcept override { return true; }
    int descriptor() const noexcept override { return file_->descriptor(); }

  private:
    // A statement of SQL on the user's connection.
    void run(const std::string& sql, Reply& reply) noexcept {
        sqlite_api::sqlite3_stmt* prepared = nullptr;
        int result =
            sqlite_api::sqlite3_prepare_v2(connection_, sql.c_str(), -1, &prepared, nullptr);
        if (result == SQLITE_OK) {
            result = sqlite_api::sqlite3_step(prepared);
        }
        if (result == SQLITE_ROW) {
            reply.has_row = true;
            read_row(prepared, reply);
            // What has changed is committed by the step that finds no more rows.
            result = sqlite_api::sqlite3_step(prepared);
        }
        reply.failed = result != SQLITE_DONE;
        if (reply.failed) {
            reply.native.code = result;
            describe(reply, sqlite_api::sqlite3_errmsg(connection_));
        }
        (void)sqlite_api::sqlite3_finalize(prepared);
    }

    static void read_row(sqlite_api::sqlite3_stmt* prepared, Reply& reply) noexcept {
        const int columns = std::min(sqlite_api::sqlite3_column_count(prepared),
                                     static_cast<int>(Reply::max_columns));
        for (int column = 0; column < columns; ++column) {
            if (sqlite_api::sqlite3_column_type(prepared, column) == SQLITE_INTEGER) {
                reply.values[static_cast<std::size_t>(column)] =
                    sqlite_api::sqlite3_column_int64(prepared, column);
            }
        }
    }

    // Unset if the wait was cancelled.
    std::optional<bool> ask(const Statement& statement) {
        switch (statement.purpose) {
            case Purpose::try_acquire:
                return lock_.try_lock(statement.mode);
            case Purpose::wait:
                return wait(statement);
            case Purpose::release:
                return lock_.release();
            case Purpose::verify:
                return lock_.verify();
            case Purpose::fence:
            case Purpose::other:
                break;
        }
        throw std::system_error(EINVAL, std::generic_category(), "the statement's purpose");
    }

    std::optional<bool> wait(const Statement& statement) {
        using Clock = SideFileLock::Clock;
        const auto now = Clock::now();
        const auto deadline = statement.limit < Clock::time_point::max() - now
                                  ? now + statement.limit
                                  : Clock::time_point::max();
        // One that came before is for an earlier wait, or is repeated.
        cancellation_->requested = false;
        const auto outcome = lock_.wait(statement.mode, deadline, cancellation_->requested);
        if (outcome == SideFileLock::Outcome::cancelled) {
            return std::nullopt;
        }
        return outcome == SideFileLock::Outcome::granted;
    }

    static void describe(Reply& reply, const char* text) noexcept {
        try {
            reply.native.message = text;
        } catch (const std::bad_alloc&) {
            reply.native.message.clear();
        }
    }

    soci::session& session_;
    Backend* backend_;
    Connection* connection_;
    std::shared_ptr<SideFile> file_;
    std::int64_t key_;
    SideFileLock lock_;
    std::shared_ptr<Cancellation> cancellation_ = std::make_shared<Cancellation>();
};

}  // namespace

std::unique_ptr<Driver> make_sqlite_driver(soci::session& session, std::int64_t key) {
    if (key < 0 || key >= SideFileLock::key_end) {
        throw LockError(errc::invalid_key, "SQLite: the key must be from 0 to 2^62-1");
    }
    if (session.get_backend() == nullptr) {
        throw LockError(errc::session_lost, "the session is not connected");
    }
    try {
        return std::make_unique<SqliteDriver>(session, key);
    } catch (const std::system_error& error) {
        if (error.code().category() != std::generic_category()) {
            throw;
        }
        const int code = error.code().value();
        // Not found: a VFS of its own, such as memdb, or the file was deleted.
        const errc kind = code == ENOENT ? errc::not_supported : sqlite_errc(code);
        throw LockError(kind, std::string("SQLite: ") + error.what(), {},
                        {.code = code, .message = error.what()});
    }
}

}  // namespace dlock::detail
