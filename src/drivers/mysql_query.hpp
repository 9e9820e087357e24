// One statement on a MYSQL handle, step by step, without blocking.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "engine/driver.hpp"

#include <mysql.h>

#include <string_view>

namespace dlock::detail {

/// Sends a statement and stores its result through the client library's non-blocking calls, where
/// it has those that tell what they wait for (libmariadb; libmysqlclient's do not).
class MysqlQuery {
  public:
#ifdef MYSQL_WAIT_READ
    static constexpr bool supported = true;
#else
    static constexpr bool supported = false;
#endif

    /// `query` must stay alive until it is done.
    [[nodiscard]] Progress begin(MYSQL* connection, std::string_view query) noexcept;
    [[nodiscard]] Progress advance() noexcept;

    /// When done: true if it failed; mysql_errno() says why.
    [[nodiscard]] bool failed() const noexcept { return failed_; }
    /// When done: the result; null if there is none. To be freed by the caller.
    [[nodiscard]] MYSQL_RES* result() const noexcept { return result_; }

  private:
    [[nodiscard]] Progress after_query(int status);
    [[nodiscard]] Progress after_result(int status);
    [[nodiscard]] Progress waiting(int status);

    MYSQL* connection_ = nullptr;
    MYSQL_RES* result_ = nullptr;
    bool failed_ = false;
    bool storing_ = false;
    int waits_for_ = 0;
    int query_error_ = 0;
    std::chrono::steady_clock::time_point until_{};
};

}  // namespace dlock::detail
