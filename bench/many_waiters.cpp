// What hundreds of waiting threads do to an unrelated statement on the same PostgreSQL server.
// SPDX-License-Identifier: BSL-1.0
#include "measures.hpp"
#include "statistics.hpp"
#include "targets.hpp"

#include <dlock/dlock.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <optional>
#include <thread>
#include <vector>

namespace dlock_bench {
namespace {

using namespace std::chrono_literals;

using Sessions = std::vector<std::unique_ptr<soci::session>>;

struct Observed {
    Samples latency{};  // milliseconds
    int most_rows = 0;
    int failures = 0;
    double drain = 0;  // milliseconds from the release to the last thread's end
};

class Crowd {
  public:
    explicit Crowd(const dlock_test::Database& database)
        : probe_(database), unrelated_(database.open()), holder_session_(database.open()) {}

    // The unrelated statement while `threads` of `sessions` wait for one key for `time`.
    Observed observe(Sessions& sessions, int threads, bool local_queue,
                     std::chrono::milliseconds time) {
        const auto key = dlock_test::unique_key("bench");
        const auto holder = dlock::create_lock(*holder_session_, key);
        holder->lock();
        std::atomic<int> granted{0};
        std::vector<std::jthread> waiters;
        for (int i = 0; i < threads; ++i) {
            waiters.emplace_back([&granted, &key, local_queue,
                                  &session = *sessions[static_cast<std::size_t>(i)]] {
                const auto lock = dlock::create_lock(session, key, {.local_queue = local_queue});
                std::error_code error;
                if (lock->acquire(60s, error)) {
                    lock->release(error);
                    granted += error ? 0 : 1;
                }
            });
        }
        Observed seen;
        const auto end = Clock::now() + time;
        std::jthread counter([this, end, &seen, &key = holder->actual_key()] {
            while (Clock::now() < end) {
                seen.most_rows = std::max(seen.most_rows, probe_.waiters(key));
                std::this_thread::sleep_for(5ms);
            }
        });
        while (Clock::now() < end) {
            const auto start = Clock::now();
            // It needs an entry of the server's lock table, as a write or a new connection does.
            *unrelated_ << "select pg_try_advisory_xact_lock(" + std::to_string(unrelated_key_++) +
                               ")";
            seen.latency.add(microseconds_since(start) / 1000);
            std::this_thread::sleep_for(1ms);
        }
        counter.join();
        const auto release = Clock::now();
        holder->release();
        waiters.clear();
        seen.drain = microseconds_since(release) / 1000;
        seen.failures = threads - granted;
        return seen;
    }

  private:
    WaiterProbe probe_;
    std::unique_ptr<soci::session> unrelated_;
    std::unique_ptr<soci::session> holder_session_;
    long long unrelated_key_ = 7'000'000'000'000;
};

struct Run {
    int threads;
    bool local_queue;
};

void add_row(const Run& run, const Observed& seen, Table& table) {
    const bool promised = run.threads > 0 && run.local_queue;
    const bool met = seen.most_rows <= 1 && seen.failures == 0;
    table.add({run.threads == 0 ? "no waiters (control)" : fmt::format("{} threads", run.threads),
               run.threads == 0 ? "-" : (run.local_queue ? "on" : "off"),
               fmt::format("{}", seen.most_rows), fmt::format("{:.2f}", seen.latency.median()),
               fmt::format("{:.2f}", seen.latency.quantile(0.99)),
               fmt::format("{:.1f}", seen.latency.max()),
               run.threads == 0 ? "-" : fmt::format("{:.0f}", seen.drain),
               fmt::format("{}", seen.failures), promised ? "1 row" : "-",
               promised ? table.verdict(met, fmt::format("{} rows, {} failures", seen.most_rows,
                                                         seen.failures))
                        : "-"});
}

}  // namespace

Table measure_many_waiters(const Settings& settings) {
    Table table{.title = "Many threads wait for one PostgreSQL key: an unrelated statement",
                .columns = {"waiters", "local queue", "most ungranted rows", "p50 ms", "p99 ms",
                            "worst ms", "all served after ms", "failures", "bar", "met"}};
    const std::vector<Run> runs = settings.quick
                                      ? std::vector<Run>{{0, true}, {100, true}, {100, false}}
                                      : std::vector<Run>{{0, true},    {400, true},  {100, false},
                                                         {200, false}, {400, false}, {0, true}};
    for (const Target& target : targets()) {
        if (!target.database.is_postgresql() || target.way != "TCP") {
            continue;
        }
        Sessions sessions;
        for (int i = 0; i < settings.repetitions(400, 100); ++i) {
            sessions.push_back(target.database.open());
        }
        Crowd crowd(target.database);
        for (const Run& run : runs) {
            add_row(run,
                    crowd.observe(sessions, run.threads, run.local_queue,
                                  settings.quick ? 1800ms : 4000ms),
                    table);
        }
    }
    return table;
}

}  // namespace dlock_bench
