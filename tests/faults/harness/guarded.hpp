// What is written under the lock.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "faults/harness/trial.hpp"

#include <soci/soci.h>

#include <cstdint>
#include <string>

namespace dlock_test {

/// A number in the trial's database that only holders of the lock write: 0 at first.
class Guarded {
  public:
    /// Makes a table for it.
    explicit Guarded(Trial& trial);
    ~Guarded();
    Guarded(const Guarded&) = delete;
    Guarded& operator=(const Guarded&) = delete;

    /// The table, whose one column is "value".
    [[nodiscard]] const std::string& table() const { return table_; }

    /// Writes through the session, whatever stands there.
    void write(soci::session& session, std::int64_t value) const;

    /// Writes if the token is higher than what stands there; false: it was refused.
    [[nodiscard]] bool write_by_token(soci::session& session, std::int64_t token) const;

    [[nodiscard]] std::int64_t read() const;

  private:
    Trial& trial_;
    std::string table_;
};

}  // namespace dlock_test
