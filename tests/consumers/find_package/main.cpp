// A program that locks a key on SQLite.
// SPDX-License-Identifier: BSL-1.0
#include <dlock/dlock.hpp>

#include <soci/soci.h>

#include <iostream>

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
    std::cout << "soci-dlock " << DLOCK_VERSION << (excluded ? ": locked" : ": does not lock");
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
    return excluded ? 0 : 1;
}
