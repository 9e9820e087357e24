// SPDX-License-Identifier: BSL-1.0
#include "drivers/mysql_query.hpp"

#include <algorithm>

namespace dlock::detail {

using Clock = std::chrono::steady_clock;

#ifdef MYSQL_WAIT_READ  // libmariadb

int mysql_descriptor(MYSQL* connection) noexcept {
    return static_cast<int>(mysql_get_socket(connection));
}

bool MysqlQuery::can_run_on(MYSQL* connection) noexcept {
    my_bool reconnects = 1;
    return mysql_get_option(connection, MYSQL_OPT_RECONNECT, &reconnects) == 0 && reconnects == 0;
}

Progress MysqlQuery::begin(MYSQL* connection, std::string_view query) noexcept {
    *this = MysqlQuery();
    connection_ = connection;
    my_bool ready = 0;
    (void)mysql_get_option(connection, MYSQL_OPT_NONBLOCK, &ready);
    // Once a connection: it allocates the stack on which the library suspends itself.
    if (ready == 0 && mysql_options(connection, MYSQL_OPT_NONBLOCK, nullptr) != 0) {
        failed_ = true;
        return {};
    }
    return after_query(
        mysql_real_query_start(&query_error_, connection, query.data(), query.size()));
}

Progress MysqlQuery::advance() noexcept {
    const bool late = (waits_for_ & MYSQL_WAIT_TIMEOUT) != 0 && Clock::now() >= until_;
    const int events = late ? MYSQL_WAIT_TIMEOUT : waits_for_ & ~MYSQL_WAIT_TIMEOUT;
    return storing_ ? after_result(mysql_store_result_cont(&result_, connection_, events))
                    : after_query(mysql_real_query_cont(&query_error_, connection_, events));
}

Progress MysqlQuery::after_query(int status) {
    if (status != 0) {
        return waiting(status);
    }
    if (query_error_ != 0) {
        failed_ = true;
        return {};
    }
    storing_ = true;
    return after_result(mysql_store_result_start(&result_, connection_));
}

Progress MysqlQuery::after_result(int status) {
    if (status != 0) {
        return waiting(status);
    }
    failed_ = result_ == nullptr && mysql_errno(connection_) != 0;
    return {};
}

Progress MysqlQuery::waiting(int status) {
    waits_for_ = status;
    until_ = Clock::time_point::max();
    if ((status & MYSQL_WAIT_TIMEOUT) != 0) {
        until_ = Clock::now() + std::chrono::milliseconds(mysql_get_timeout_value_ms(connection_));
    }
    return {.done = false,
            .reads = (status & MYSQL_WAIT_READ) != 0,
            .writes = (status & MYSQL_WAIT_WRITE) != 0,
            .until = until_};
}

#else  // libmysqlclient

int mysql_descriptor(MYSQL* connection) noexcept {
    // A connection that was ended keeps the number, which may be somebody else's by now.
    return connection->net.vio != nullptr ? static_cast<int>(connection->net.fd) : -1;
}

bool MysqlQuery::can_run_on(MYSQL* connection) noexcept {
    bool reconnects = true;
    return mysql_get_option(connection, MYSQL_OPT_RECONNECT, &reconnects) == 0 && !reconnects;
}

Progress MysqlQuery::begin(MYSQL* connection, std::string_view query) noexcept {
    *this = MysqlQuery();
    connection_ = connection;
    query_ = query;
    return advance();
}

Progress MysqlQuery::advance() noexcept {
    if (!storing_) {
        const net_async_status status =
            mysql_real_query_nonblocking(connection_, query_.data(), query_.size());
        if (status == NET_ASYNC_NOT_READY) {
            return waiting();
        }
        failed_ = status == NET_ASYNC_ERROR;
        storing_ = !failed_;
    }
    if (storing_) {
        const net_async_status status = mysql_store_result_nonblocking(connection_, &result_);
        if (status == NET_ASYNC_NOT_READY) {
            return waiting();
        }
        failed_ = result_ == nullptr && mysql_errno(connection_) != 0;
    }
    return {};
}

// The library does not tell what it waits for: nearly always to read. Should a part of the
// statement be unsent, it is tried again after a while, less and less often.
Progress MysqlQuery::waiting() {
    constexpr std::chrono::seconds longest{10};
    pause_ = std::min<Clock::duration>(2 * pause_, longest);
    return {.done = false, .reads = true, .until = Clock::now() + pause_};
}

#endif

}  // namespace dlock::detail
