// SPDX-License-Identifier: BSL-1.0
#include "support/server_view.hpp"

#include <dlock/testing/simulator.hpp>

#include <algorithm>
#include <chrono>
#include <thread>
#include <variant>

namespace dlock_test {
namespace {

std::string pg_row(const dlock::ActualKey& key) {
    if (const auto* pair = std::get_if<dlock::Int32Pair>(&key.value())) {
        return "classid = " + std::to_string(static_cast<std::uint32_t>(pair->first)) +
               " and objid = " + std::to_string(static_cast<std::uint32_t>(pair->second)) +
               " and objsubid = 2";
    }
    const auto number = static_cast<std::uint64_t>(std::get<std::int64_t>(key.value()));
    return "classid = " + std::to_string(number >> 32) +
           " and objid = " + std::to_string(number & 0xFFFFFFFF) + " and objsubid = 1";
}

std::string hex(const std::string& text) {
    static const char digits[] = "0123456789abcdef";
    std::string result;
    for (const char c : text) {
        result += digits[static_cast<unsigned char>(c) >> 4];
        result += digits[static_cast<unsigned char>(c) & 15];
    }
    return result;
}

// The server that plays the database.
dlock::testing::SimulatedServer& simulated(const Database& database) {
    return dlock::testing::server_of(database.url.substr(database.url.find("://") + 3));
}

}  // namespace

bool eventually(const std::function<bool()>& condition, std::chrono::milliseconds limit) {
    using Clock = std::chrono::steady_clock;
    constexpr Clock::duration longest_pause = std::chrono::milliseconds(1);
    const auto begin = Clock::now();
    while (!condition()) {
        const auto waited = Clock::now() - begin;
        if (waited > limit) {
            return false;
        }
        // What is waited for needs the processors, too.
        std::this_thread::sleep_for(std::min(waited / 8, longest_pause));
    }
    return true;
}

ServerView::ServerView(const Database& database)
    : database_(database),
      admin_(database.admin_url.empty() ? database.open() : database.open_admin()) {}

int ServerView::holders(const dlock::ActualKey& key) {
    int count = 0;
    if (database_.is_simulated()) {
        return simulated(database_).holders(key);
    }
    if (database_.is_postgresql()) {
        *admin_ << "select count(*) from pg_locks where locktype = 'advisory' and granted and " +
                       pg_row(key),
            soci::into(count);
    } else if (database_.is_mysql()) {
        *admin_ << "select is_used_lock(convert(unhex('" + hex(std::get<std::string>(key.value())) +
                       "') using utf8mb4)) is not null",
            soci::into(count);
    } else {
        const std::int64_t offset = std::get<std::int64_t>(key.value());
        const auto probe = dlock::create_lock(
            *admin_, "probe",
            {.converter = [offset](const dlock::Key&) { return dlock::ActualKey(offset); }});
        count = probe->try_lock() ? 0 : 1;
    }
    return count;
}

int ServerView::holdings(long long session, const std::vector<dlock::ActualKey>& keys) {
    const std::string number = std::to_string(session);
    std::string sql;
    for (const auto& key : keys) {
        if (database_.is_postgresql()) {
            sql += (sql.empty() ? "" : " or ") + pg_row(key);
        } else {
            sql += (sql.empty() ? "" : " + ") + ("coalesce(is_used_lock(convert(unhex('" +
                                                 hex(std::get<std::string>(key.value())) +
                                                 "') using utf8mb4)) = " + number + ", 0)");
        }
    }
    if (database_.is_postgresql()) {
        sql = "count(*) from pg_locks where locktype = 'advisory' and pid = " + number + " and (" +
              sql + ")";
    }
    int count = 0;
    *admin_ << "select " + sql, soci::into(count);
    return count;
}

int ServerView::waiters(const dlock::ActualKey& key) {
    int count = 0;
    if (database_.is_simulated()) {
        return simulated(database_).waiters(key);
    }
    if (database_.is_postgresql()) {
        *admin_ << "select count(*) from pg_locks where locktype = 'advisory' and not granted "
                   "and " +
                       pg_row(key),
            soci::into(count);
    } else {
        *admin_ << "select count(*) from information_schema.processlist where state = 'User lock' "
                   "and info like '%" +
                       hex(std::get<std::string>(key.value())) + "%'",
            soci::into(count);
    }
    return count;
}

std::string ServerView::last_statement(long long session) {
    const std::string number = std::to_string(session);
    std::string statement;
    if (database_.is_postgresql()) {
        *admin_ << "select query_start::text from pg_stat_activity where pid = " + number,
            soci::into(statement);
    } else {
        *admin_ << "select variable_value from performance_schema.status_by_thread join "
                   "performance_schema.threads using (thread_id) where variable_name = 'Questions' "
                   "and processlist_id = " +
                       number,
            soci::into(statement);
    }
    return statement;
}

long long ServerView::session_id(soci::session& session) const {
    long long id = 0;
    if (database_.is_simulated()) {
        return dlock::testing::SimulatedServer::session_id(session);
    }
    session << (database_.is_postgresql() ? "select pg_backend_pid()" : "select connection_id()"),
        soci::into(id);
    return id;
}

void ServerView::terminate(long long id) {
    if (database_.is_simulated()) {
        simulated(database_).terminate(id);
    } else if (database_.is_postgresql()) {
        *admin_ << "select pg_terminate_backend(" + std::to_string(id) + ")";
    } else {
        *admin_ << "kill connection " + std::to_string(id);
    }
}

void ServerView::cancel(long long id) {
    if (database_.is_simulated()) {
        simulated(database_).cancel(id);
    } else if (database_.is_postgresql()) {
        *admin_ << "select pg_cancel_backend(" + std::to_string(id) + ")";
    } else {
        *admin_ << "kill query " + std::to_string(id);
    }
}

}  // namespace dlock_test
