// What work must not leave behind, counted before it and looked for after it.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/databases.hpp"

#include <string>

namespace dlock_test {

/// This process's descriptors and threads, as there were when it was made.
class Resources {
  public:
    Resources();

    /// What there is more of now, after a time for what is ending; empty if nothing is. The library
    /// keeps a thread for some seconds after its last use: asking for threads may wait that long.
    [[nodiscard]] std::string surplus(bool with_threads) const;

  private:
    long descriptors_;
    long threads_;
};

/// The server's sessions of the user that the database is opened as, as there were when it was
/// made. None on SQLite, which has no server. Precondition: no pooler, which keeps its sessions.
class Sessions {
  public:
    explicit Sessions(const Database& database);

    /// How many there are more of now, after a time for those that are ending; empty if none.
    [[nodiscard]] std::string surplus() const;

  private:
    /// Those of the user, but for the one with this number and that of whoever looks.
    [[nodiscard]] int count(soci::session& observer, long long but) const;

    const Database& database_;
    std::string user_;
    int before_ = 0;
};

}  // namespace dlock_test
