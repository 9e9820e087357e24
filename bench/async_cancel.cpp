// From the cancellation of an asynchronous wait to the call of its handler.
// SPDX-License-Identifier: BSL-1.0
#include "measures.hpp"
#include "statistics.hpp"
#include "targets.hpp"

#include <dlock/asio.hpp>
#include <dlock/dlock.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>

#include <stdexcept>

namespace dlock_bench {
namespace {

using namespace std::chrono_literals;
namespace net = boost::asio;

constexpr double bar_median = 10;
constexpr double bar_p99 = 50;

Samples cancels(const dlock_test::Database& database, int rounds) {
    const auto key = dlock_test::unique_key("bench");
    const auto holder_session = database.open();
    const auto holder = dlock::create_lock(*holder_session, key);
    holder->lock();
    const auto session = database.open();
    const auto lock = dlock::create_lock(
        *session, key, {.helper_session = [&database] { return database.open(); }});
    Samples samples;
    for (int round = 0; round < rounds; ++round) {
        net::io_context context;
        net::cancellation_signal signal;
        Clock::time_point asked;
        bool cancelled = false;
        dlock::async_acquire(
            context.get_executor(), *lock, dlock::forever,
            net::bind_cancellation_slot(signal.slot(), [&](boost::system::error_code error, bool) {
                samples.add(microseconds_since(asked) / 1000);
                cancelled = error == net::error::operation_aborted;
            }));
        net::steady_timer timer(context, 10ms);
        timer.async_wait([&](boost::system::error_code) {
            asked = Clock::now();
            signal.emit(net::cancellation_type::terminal);
        });
        context.run();
        if (!cancelled) {
            throw std::runtime_error("a cancelled wait did not end as one");
        }
    }
    return samples;
}

}  // namespace

Table measure_async_cancel(const Settings& settings) {
    Table table{.title = "From the cancel of an asynchronous wait to its handler",
                .columns = {"database", "cancels", "p50 ms", "p99 ms", "worst ms", "bar", "met"}};
    const int rounds = settings.repetitions(500, 50);
    for (const Target& target : targets()) {
        if (target.way == "unix socket") {
            continue;
        }
        const std::string& name = target.database.name;
        const Samples samples = cancels(target.database, rounds);
        const double median = samples.median();
        const double p99 = samples.quantile(0.99);
        table.add({name, fmt::format("{}", rounds), fmt::format("{:.2f}", median),
                   fmt::format("{:.2f}", p99), fmt::format("{:.2f}", samples.max()),
                   "<= 10, p99 <= 50",
                   table.verdict(median <= bar_median && p99 <= bar_p99,
                                 fmt::format("{}: {:.1f} ms, p99 {:.1f} ms", name, median, p99))});
    }
    return table;
}

}  // namespace dlock_bench
