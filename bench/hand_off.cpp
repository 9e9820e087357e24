// How long after a release the waiter has the lock, beside a raw blocking wait.
// SPDX-License-Identifier: BSL-1.0
#include "measures.hpp"
#include "raw_lock.hpp"
#include "statistics.hpp"
#include "targets.hpp"

#include <dlock/dlock.hpp>

#include <fmt/format.h>

#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <future>

namespace dlock_bench {
namespace {

constexpr double bar_ratio = 1.3;

// A session's two locks on one key.
struct Side {
    Side(const dlock_test::Database& database, const std::string& key)
        : session(database.open()),
          lock(dlock::create_lock(*session, key)),
          raw(make_raw_lock(database, *session, lock->actual_key())) {}

    std::unique_ptr<soci::session> session;
    std::unique_ptr<dlock::BaseLock> lock;
    std::unique_ptr<RawLock> raw;
};

class HandOff {
  public:
    HandOff(const dlock_test::Database& database, const std::string& key)
        : holder_(database, key), waiter_(database, key), probe_(database) {}

    // Microseconds from the call of release to the waiter's return.
    double once(bool raw) {
        raw ? holder_.raw->take() : holder_.lock->lock();
        std::atomic<int> tid{0};
        auto returned = std::async(std::launch::async, [&] {
            tid = static_cast<int>(syscall(SYS_gettid));
            raw ? waiter_.raw->wait() : waiter_.lock->lock();
            const auto now = Clock::now();
            raw ? waiter_.raw->release() : waiter_.lock->release();
            return now;
        });
        while (tid == 0) {
            std::this_thread::yield();
        }
        probe_.wait_for(holder_.lock->actual_key(), 1, tid);
        const auto start = Clock::now();
        raw ? holder_.raw->release() : holder_.lock->release();
        return std::chrono::duration<double, std::micro>(returned.get() - start).count();
    }

  private:
    Side holder_;
    Side waiter_;
    WaiterProbe probe_;
};

void measure(const Target& target, int rounds, Table& table) {
    HandOff hand_off(target.database, dlock_test::unique_key("bench"));
    Samples ours;
    Samples raw;
    for (int round = 0; round < rounds; ++round) {
        // Whoever comes second may find warmer caches.
        const bool raw_first = round % 2 == 0;
        for (const bool is_raw : {raw_first, !raw_first}) {
            (is_raw ? raw : ours).add(hand_off.once(is_raw));
        }
    }
    const double ratio = ours.median() / raw.median();
    table.add({target.name(), fmt::format("{:.0f}", raw.median()),
               fmt::format("{:.0f}", raw.quantile(0.99)), fmt::format("{:.0f}", ours.median()),
               fmt::format("{:.0f}", ours.quantile(0.99)), fmt::format("{:.2f}", ratio),
               target.database.is_sqlite() ? "none" : "<= 1.3",
               target.database.is_sqlite()
                   ? "-"
                   : table.verdict(ratio <= bar_ratio,
                                   target.name() + fmt::format(": ratio {:.2f}", ratio))});
}

}  // namespace

Table measure_hand_off(const Settings& settings) {
    Table table{.title = "Hand-off from the call of release to the waiter's return",
                .columns = {"database", "raw p50 us", "raw p99 us", "p50 us", "p99 us", "p50 / raw",
                            "bar", "met"}};
    for (const Target& target : targets()) {
        if (target.way != "unix socket") {
            measure(target, settings.repetitions(500, 100), table);
        }
    }
    return table;
}

}  // namespace dlock_bench
