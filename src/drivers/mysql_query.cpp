// SPDX-License-Identifier: BSL-1.0
#include "drivers/mysql_query.hpp"

namespace dlock::detail {

using Clock = std::chrono::steady_clock;

#ifdef MYSQL_WAIT_READ

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

#else

Progress MysqlQuery::begin(MYSQL* connection, std::string_view query) noexcept {
    connection_ = connection;
    failed_ = mysql_real_query(connection, query.data(), query.size()) != 0;
    return failed_ ? Progress{} : after_result(0);
}

Progress MysqlQuery::advance() noexcept {
    return {};
}

Progress MysqlQuery::after_result(int status) {
    (void)status;
    result_ = mysql_store_result(connection_);
    failed_ = result_ == nullptr && mysql_errno(connection_) != 0;
    return {};
}

#endif

}  // namespace dlock::detail
