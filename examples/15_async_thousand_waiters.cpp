// A thousand waits in one thread, each on a connection and a key of its own: example_15 [URL
// [WAITS]] SPDX-License-Identifier: BSL-1.0
#include <dlock/asio.hpp>
#include <dlock/dlock.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <soci/soci.h>

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

namespace {

namespace net = boost::asio;
using Clock = std::chrono::steady_clock;

int number(soci::session& sql, const char* query) {
    int result = 0;
    sql << query, soci::into(result);
    return result;
}

// Half of the connections that the server has left, a thousand at most. A wait on SQLite or by way
// of ODBC takes a thread: fifty.
int waits_for(const std::string& url) {
    soci::session sql(url);
    int left = 100;
    if (url.starts_with("postgresql:")) {
        left = number(sql,
                      "select current_setting('max_connections')::int - count(*)::int "
                      "from pg_stat_activity");
    } else if (url.starts_with("mysql:")) {
        left =
            number(sql, "select @@max_connections - count(*) from information_schema.processlist");
    }
    return std::clamp(left / 2, 1, 1000);
}

// Each connection has a descriptor, and each wait a second one.
void allow_descriptors() {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

struct Waiter {
    std::unique_ptr<soci::session> session;
    std::unique_ptr<dlock::BaseLock> lock;
};

}  // namespace

int main(int argc, char** argv) {
    const std::string url = argc > 1 ? argv[1] : "sqlite3://db=example.db";
    allow_descriptors();
    const int count = argc > 2 ? std::stoi(argv[2]) : waits_for(url);

    //[executor
    // PostgreSQL, MySQL and MariaDB need threads for cancels alone. Elsewhere each wait takes one.
    const bool native = url.starts_with("postgresql:") || url.starts_with("mysql:");
    net::thread_pool threads(native ? 1 : static_cast<std::size_t>(count) + 1);
    const dlock::LockOptions options{.blocking_executor =
                                         dlock::on_executor(threads.get_executor())};
    //]

    // One session holds all keys.
    soci::session holder(url);
    std::vector<std::unique_ptr<dlock::BaseLock>> held;
    std::vector<Waiter> waiters;
    for (int i = 0; i < count; ++i) {
        const std::string key = "example 15: " + std::to_string(i);
        held.push_back(dlock::create_lock(holder, key));
        held.back()->lock();
        auto session = std::make_unique<soci::session>(url);
        auto lock = dlock::create_lock(*session, key, options);
        waiters.push_back({std::move(session), std::move(lock)});
    }

    //[callbacks
    net::io_context context;  // one thread
    int granted = 0;
    for (const Waiter& waiter : waiters) {
        dlock::async_acquire(context.get_executor(), *waiter.lock, dlock::forever,
                             [&granted](boost::system::error_code error, bool locked) {
                                 granted += !error && locked ? 1 : 0;
                             });
    }
    //]
    context.run_for(std::chrono::milliseconds(300));  // all of them wait now
    const bool early = granted != 0;

    const auto start = Clock::now();
    holder.close();  // all keys at once
    context.run();
    const std::chrono::duration<double, std::micro> time = Clock::now() - start;

    std::cout << granted << " of " << count << " waits were granted, one each "
              << static_cast<int>(time.count() / count) << " us\n";
    return granted == count && !early ? 0 : 1;
}
