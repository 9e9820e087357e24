// What was done to the locks of a trial and when, in memory that processes share.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <span>
#include <string>

namespace dlock_test {

enum class Operation : int { acquire, acquire_shared, release, verify, drop, gone };

enum class Outcome : int {
    /// It has not returned, or its error leaves open whether it was done.
    open,
    /// Granted, released, or held.
    yes,
    /// Not granted in time, or not held any more.
    no,
    /// An error after which the session holds what it held before.
    failed,
};

/// One call, or what was done to an owner: from a drop on the server may take its lock away, the
/// one that it has or else the next; a gone is a look at the server, where the owner held nothing.
struct Record {
    Operation operation{};
    /// Zero: not written yet.
    std::atomic<int> owner{};
    /// How long an acquire may wait, in nanoseconds.
    std::int64_t limit = 0;
    /// CLOCK_MONOTONIC in nanoseconds, which all processes of the machine share. Zero: not yet.
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

    /// A number for a new owner, which is a session; from 1 on.
    [[nodiscard]] int new_owner() noexcept;
    /// Writes down that a call begins. Throws if the history is full.
    [[nodiscard]] Record& begin(Operation operation, int owner,
                                std::chrono::nanoseconds limit = {});
    /// Writes down that it has returned.
    static void end(Record& record, Outcome outcome) noexcept;
    /// Writes down that from now on the server may take the owner's lock away.
    void drop(int owner) { (void)begin(Operation::drop, owner); }

    /// Records that are being written have no owner yet.
    [[nodiscard]] std::span<const Record> records() const noexcept;

  private:
    struct Page;
    Page* page_;
};

}  // namespace dlock_test
