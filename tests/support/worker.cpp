// A process that contends for a key: dlock_test_worker URL KEY LEDGER NUMBER HOLD-MICROSECONDS MODE
//
// MODE: "loop" takes and gives the lock back until the ledger says stop; "shared" likewise as a
// reader; "hold" takes it once and keeps it until killed.
// SPDX-License-Identifier: BSL-1.0
#include "support/ledger.hpp"

#include <dlock/dlock.hpp>

#include <soci/soci.h>

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <thread>

namespace {

void hold_for(std::chrono::microseconds time) {
    if (time.count() > 0) {
        std::this_thread::sleep_for(time);  // the length of the critical section, not a wait
    }
}

int run(char** arguments) {
    soci::session sql{std::string(arguments[1])};
    dlock_test::Ledger ledger(arguments[3]);
    const int worker = std::atoi(arguments[4]);
    const std::chrono::microseconds hold(std::atoll(arguments[5]));
    const std::string mode = arguments[6];
    const bool shared = mode == "shared";
    const auto lock = dlock::create_lock(sql, std::string(arguments[2]), {.shared = shared});

    if (mode == "hold") {
        lock->lock();
        ledger.ready();
        pause();
    }
    ledger.ready();
    while (!ledger.started()) {
        std::this_thread::yield();
    }
    while (!ledger.stopped()) {
        lock->lock();
        shared ? ledger.enter_shared() : ledger.enter();
        hold_for(hold);
        shared ? ledger.leave_shared() : ledger.leave();
        lock->release();
        if (!ledger.stopped()) {
            ledger.count(worker);
        }
    }
    return 0;
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 7) {
        std::fprintf(stderr, "usage: dlock_test_worker URL KEY LEDGER NUMBER HOLD-US MODE\n");
        return 64;
    }
    try {
        return run(arguments);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "worker: %s\n", error.what());
        return 1;
    }
}
