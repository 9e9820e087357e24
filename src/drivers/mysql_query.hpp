// One statement on a MYSQL handle, step by step, without blocking.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "engine/driver.hpp"

#include <mysql.h>

#include <chrono>
#include <string_view>

namespace dlock::detail {

/// The connection's socket.
[[nodiscard]] int mysql_descriptor(MYSQL* connection) noexcept;

/// Sends a statement and stores its result through the client library's non-blocking calls: those
/// of libmariadb, or those of libmysqlclient.
class MysqlQuery {
  public:
    /// False if the library would change the descriptor on the way: the option `reconnect`.
    [[nodiscard]] static bool can_run_on(MYSQL* connection) noexcept;

    /// `query` must stay alive until it is done.
    [[nodiscard]] Progress begin(MYSQL* connection, std::string_view query) noexcept;
    [[nodiscard]] Progress advance() noexcept;

    /// When done: true if it failed; mysql_errno() says why.
    [[nodiscard]] bool failed() const noexcept { return failed_; }
    /// When done: the result; null if there is none. To be freed by the caller.
    [[nodiscard]] MYSQL_RES* result() const noexcept { return result_; }

  private:
    MYSQL* connection_ = nullptr;
    MYSQL_RES* result_ = nullptr;
    bool failed_ = false;
    bool storing_ = false;

#ifdef MYSQL_WAIT_READ
    [[nodiscard]] Progress after_query(int status);
    [[nodiscard]] Progress after_result(int status);
    [[nodiscard]] Progress waiting(int status);

    int waits_for_ = 0;
    int query_error_ = 0;
    std::chrono::steady_clock::time_point until_{};
#else
    [[nodiscard]] Progress waiting();

    std::string_view query_;
    std::chrono::steady_clock::duration pause_ = std::chrono::milliseconds(50);
#endif
};

}  // namespace dlock::detail
