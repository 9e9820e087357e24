// A program that locks a key on SQLite.
// SPDX-License-Identifier: BSL-1.0
#include <dlock/dlock.hpp>

#include <soci/soci.h>

#include <iostream>

#ifdef WITH_ASIO
#include <dlock/asio.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

namespace {

boost::asio::awaitable<void> lock_without_blocking(dlock::BaseLock& lock, bool& held) {
    held = co_await dlock::async_acquire(lock);
    co_await dlock::async_release(lock);
}

}  // namespace
#endif

#ifdef WITH_CODECS
#include <dlock/codecs.hpp>
#endif

#ifdef WITH_TESTING
#include <dlock/testing/simulator.hpp>
#endif

int main() {
    soci::session sql("sqlite3://db=consumer.db");
    soci::session other("sqlite3://db=consumer.db");
    const auto lock = dlock::create_lock(sql, "consumer");
    lock->lock();
    const bool excluded = !dlock::create_lock(other, "consumer")->try_lock();
    lock->release();
    bool ok = excluded;
    std::cout << "soci-dlock " << DLOCK_VERSION << (excluded ? ": locked" : ": does not lock");
#ifdef WITH_ASIO
    boost::asio::io_context context;
    bool held = false;
    boost::asio::co_spawn(context, lock_without_blocking(*lock, held), boost::asio::detached);
    context.run();
    std::cout << ", without blocking: " << held;
    ok = ok && held;
#endif
#ifdef WITH_CODECS
    std::cout << ", codecs: " << dlock::codecs::pals("app")("key").to_string();
#endif
#ifdef SOCI_HAS_A_PACKAGE
    std::cout << ", with SOCI's own package";
#endif
#ifdef WITH_TESTING
    const dlock::testing::SimulatedServer server(dlock::Product::mssql);
    soci::session simulated(server.factory(), "");
    std::cout << ", simulated: " << dlock::create_lock(simulated, "key")->try_lock();
#endif
    std::cout << '\n';
    return ok ? 0 : 1;
}
