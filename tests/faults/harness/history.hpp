// What was done to the locks of a trial and when, in memory that processes share.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <string>

namespace dlock_test {

enum class Operation : int { acquire, acquire_shared, release, verify, drop };

enum class Outcome : int {
    /// It has not returned: it may have been done, or be done at any time from its call on.
    open,
    /// Granted, released, or held.
    yes,
    /// Not granted in time, or not held.
    no,
    /// An error after which the session holds what it held before.
    failed,
};

/// One call. A drop is no call: from `invoked` on the server may end the owner's session at any
/// time.
struct Record {
    Operation operation{};
    int owner = 0;
    /// CLOCK_MONOTONIC in nanoseconds, which all processes of the machine share.
    std::int64_t invoked = 0;
    std::int64_t returned = 0;
    std::atomic<Outcome> outcome{};
};

/// The history of one key.
class History {
  public:
    static constexpr int capacity = 1 << 17;

    /// Opens or makes the history in the file at `path`.
    explicit History(const std::string& path);
    ~History();
    History(const History&) = delete;
    History& operator=(const History&) = delete;

    /// A number for a new owner, which is a session.
    [[nodiscard]] int new_owner() noexcept;
    /// Writes down that a call begins. Throws if the history is full.
    [[nodiscard]] Record& begin(Operation operation, int owner);
    /// Writes down that it has returned.
    static void end(Record& record, Outcome outcome) noexcept;
    /// Writes down that from now on the server may end the owner's session.
    void drop(int owner) { (void)begin(Operation::drop, owner); }

    [[nodiscard]] std::span<const Record> records() const noexcept;

  private:
    struct Page;
    Page* page_;
};

}  // namespace dlock_test
