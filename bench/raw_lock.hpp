// The cheapest correct lock that the client library alone can do, to compare with.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/databases.hpp"

#include <dlock/dlock.hpp>

#include <memory>

namespace dlock_bench {

/// One key on one session, without any of the library's promises but mutual exclusion. All throw
/// std::runtime_error if the server's answer is not the expected one.
class RawLock {
  public:
    virtual ~RawLock() = default;
    RawLock() = default;
    RawLock(const RawLock&) = delete;
    RawLock& operator=(const RawLock&) = delete;

    /// Takes the free lock without waiting.
    virtual void take() = 0;
    /// Waits for the lock.
    virtual void wait() = 0;
    virtual void release() = 0;
};

/// A raw lock on the session's own connection, so that both are measured on one server process.
/// On SQLite: a byte of a file beside the database, locked with F_OFD_SETLK.
[[nodiscard]] std::unique_ptr<RawLock> make_raw_lock(const dlock_test::Database& database,
                                                     soci::session& session,
                                                     const dlock::ActualKey& key);

[[nodiscard]] std::unique_ptr<RawLock> make_raw_postgresql(soci::session& session,
                                                           const dlock::ActualKey& key);
[[nodiscard]] std::unique_ptr<RawLock> make_raw_mysql(soci::session& session,
                                                      const dlock::ActualKey& key);
[[nodiscard]] std::unique_ptr<RawLock> make_raw_ofd(const std::string& path);

}  // namespace dlock_bench
