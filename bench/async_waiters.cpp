// Waits of a thousand sessions in one thread, beside a thousand threads on the same sessions.
// SPDX-License-Identifier: BSL-1.0
#include "measures.hpp"
#include "process_usage.hpp"
#include "statistics.hpp"
#include "targets.hpp"
#include "waiters.hpp"

#include <dlock/dlock.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

namespace dlock_bench {
namespace {

using namespace std::chrono_literals;

constexpr double bar_ratio = 1.3;
constexpr double bar_kib = 64;

// A statement that needs an entry of the server's lock table, as a write does; again and again
// until the end of its life.
class Unrelated {
  public:
    explicit Unrelated(const dlock_test::Database& database)
        : session_(database.open()),
          statement_(database.is_postgresql() ? "select pg_try_advisory_xact_lock(7000000000000)"
                                              : "select is_free_lock('bench unrelated')"),
          thread_([this](const std::stop_token& stop) {
              while (!stop.stop_requested()) {
                  const auto start = Clock::now();
                  *session_ << statement_;
                  latency_.add(microseconds_since(start) / 1000);
                  std::this_thread::sleep_for(1ms);
              }
          }) {}

    [[nodiscard]] Samples end() {
        thread_.request_stop();
        thread_.join();
        return latency_;
    }

  private:
    std::unique_ptr<soci::session> session_;
    std::string statement_;
    Samples latency_;
    std::jthread thread_;
};

struct Observed {
    double grant = 0;  // microseconds
    double kib = 0;    // of memory, each waiter
    Samples latency{};
    int failures = 0;
};

class Crowd {
  public:
    Crowd(const dlock_test::Database& database, int count) : database_(database) {
        allow_descriptors();
        const auto prefix = dlock_test::unique_key("bench");
        for (int i = 0; i < count; ++i) {
            sessions_.push_back(database.open());
            keys_.push_back(prefix + std::to_string(i));
        }
    }

    template <class Kind>
    Observed observe(bool one_key, std::chrono::milliseconds time) {
        Keys keys = keys_;
        if (one_key) {
            std::fill(keys.begin(), keys.end(), keys_.front());
        }
        auto holder = database_.open();
        std::vector<std::unique_ptr<dlock::BaseLock>> held;
        for (std::size_t i = 0; i < (one_key ? 1 : keys.size()); ++i) {
            held.push_back(dlock::create_lock(*holder, keys[i]));
            held.back()->lock();
        }
        Observed seen;
        Unrelated unrelated(database_);
        const double before = resident_kib();
        Kind waiters(sessions_, keys, {});
        std::this_thread::sleep_for(time);
        const auto count = static_cast<double>(keys.size());
        seen.kib = (resident_kib() - before) / count;
        seen.failures = waiters.served();
        const auto release = Clock::now();
        holder->close();  // all keys at once
        const auto end = waiters.wait_for_end();
        seen.grant = std::chrono::duration<double, std::micro>(end - release).count() / count;
        seen.failures += static_cast<int>(keys.size()) - waiters.served();
        seen.latency = unrelated.end();
        return seen;
    }

  private:
    const dlock_test::Database& database_;
    Sessions sessions_;
    Keys keys_;
};

struct Results {
    Samples async_grant{};
    Samples blocking_grant{};
    Samples ratio{};
    // Of the first round: later ones use its memory again.
    double async_kib = 0;
    double blocking_kib = 0;
    // The worst of each round.
    Samples async_latency{};
    Samples blocking_latency{};
    int failures = 0;
};

Results run(Crowd& crowd, bool one_key, int rounds, std::chrono::milliseconds time) {
    Results results;
    for (int round = 0; round < rounds; ++round) {
        const Observed async = crowd.observe<AsyncWaiters>(one_key, time);
        const Observed blocking = crowd.observe<BlockingWaiters>(one_key, time);
        if (round == 0) {
            results.async_kib = async.kib;
            results.blocking_kib = blocking.kib;
        }
        results.async_grant.add(async.grant);
        results.blocking_grant.add(blocking.grant);
        results.async_latency.add(async.latency.max());
        results.blocking_latency.add(blocking.latency.max());
        results.ratio.add(async.grant / blocking.grant);
        results.failures += async.failures + blocking.failures;
    }
    return results;
}

void add_row(const std::string& name, int count, const Results& results, Table& table) {
    const double ratio = results.ratio.median();
    const bool met = ratio <= bar_ratio && results.async_kib < bar_kib && results.failures == 0;
    table.add({name, fmt::format("{}", count), fmt::format("{:.0f}", results.async_grant.median()),
               fmt::format("{:.0f}", results.blocking_grant.median()), fmt::format("{:.2f}", ratio),
               fmt::format("{:.1f}", results.async_kib),
               fmt::format("{:.1f}", results.blocking_kib),
               fmt::format("{:.1f}", results.async_latency.median()),
               fmt::format("{:.1f}", results.blocking_latency.median()),
               fmt::format("{}", results.failures), "<= 1.3, < 64 KiB",
               table.verdict(met, fmt::format("{}: {:.2f}, {:.1f} KiB, {} failures", name, ratio,
                                              results.async_kib, results.failures))});
}

}  // namespace

Table measure_async_waiters(const Settings& settings) {
    Table table{
        .title = "Asynchronous waiters in one thread, and blocking ones in a thread each",
        .columns = {"database, keys", "waiters", "async us/grant", "blocking us/grant",
                    "async / blocking", "async KiB/waiter", "blocking KiB/waiter",
                    "unrelated worst ms, async", "with blocking", "failures", "bar", "met"}};
    const int count = settings.repetitions(1000, 100);
    const auto time = settings.quick ? 500ms : 1500ms;
    for (const Target& target : targets()) {
        if (target.way != "TCP") {
            continue;
        }
        Crowd crowd(target.database, count);
        for (const bool one_key : {false, true}) {
            add_row(target.database.name + (one_key ? ", one" : ", distinct"), count,
                    run(crowd, one_key, settings.repetitions(5, 1), time), table);
        }
    }
    return table;
}

}  // namespace dlock_bench
