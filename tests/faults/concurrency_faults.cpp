// Many locks, and many waiters.
// SPDX-License-Identifier: BSL-1.0
#include "faults/harness/client.hpp"
#include "faults/harness/fault.hpp"

#include <list>

namespace dlock_test {
namespace {

// F49: many locks of one session, and many sessions that wait for one lock.
void many_locks_and_waiters(Trial& trial) {
    const auto session = trial.database().open();
    std::list<std::unique_ptr<dlock::BaseLock>> locks;
    for (int i = 0; i < (trial.full() ? 10000 : 300); ++i) {
        locks.push_back(dlock::create_lock(*session, trial.key() + "-" + std::to_string(i),
                                           trial.column().vouch({})));
        trial.need(locks.back()->try_lock(), "I9: a key that nobody else has is taken");
    }
    for (const auto& lock : locks) {
        trial.need(lock->verify(), "I6: one of many locks is lost");
        lock->release();
    }
    for (const auto& lock : {locks.front().get(), locks.back().get()}) {
        trial.check(trial.view().holders(lock->actual_key()) == 0, "I7: one of many is left");
    }

    std::list<Client> clients;
    std::list<std::future<void>> waiting;
    Client holder(trial);
    holder.must_acquire();
    const int most = trial.column().pool_mode.empty() ? 90 : 15;  // the pool is that small
    for (int i = 0; i < (trial.full() ? most : 12); ++i) {
        Client& client = clients.emplace_back(trial);
        waiting.push_back(std::async(std::launch::async, [&client] {
            client.must_acquire(60s);
            client.must_release();
        }));
    }
    trial.need(eventually([&] { return trial.view().waiters(trial.actual_key()) > 0; }),
               "nobody waits");
    holder.must_release();
    for (std::future<void>& one : waiting) {
        one.get();
    }
}

}  // namespace

void add_concurrency_faults(Faults& faults) {
    faults.push_back({"F49", "10,000 locks in a session, 90 waiters on a key", Must::hold, 1, 3,
                      on_servers, many_locks_and_waiters});
}

}  // namespace dlock_test
