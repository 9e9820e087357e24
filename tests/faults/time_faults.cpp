// Clocks that jump, and time-outs that no server counts in.
// SPDX-License-Identifier: BSL-1.0
#include "faults/harness/client.hpp"
#include "faults/harness/fault.hpp"
#include "faults/harness/process.hpp"

#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>

namespace dlock_test {
namespace {

std::string find_libfaketime() {
#if defined(__SANITIZE_ADDRESS__)
    throw NotApplicable("the address sanitizer must be loaded before libfaketime");
#endif
    for (const char* const folder :
         {"/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib"}) {
        const std::string path = std::string(folder) + "/faketime/libfaketimeMT.so.1";
        if (std::filesystem::exists(path)) {
            return path;
        }
    }
    throw NotApplicable("no libfaketime here");
}

// F35: the wall clock of a waiting process jumps to and fro; its waits are none the shorter or
// longer.
void jump(Trial& trial) {
    const std::string clock = trial.folder() + "/clock";
    const auto set_clock = [&](const char* offset) {
        std::ofstream(clock + ".new") << offset;
        std::filesystem::rename(clock + ".new", clock);
    };
    static const char* const offsets[] = {"+3600", "-3600"};
    set_clock("+0");
    Client holder(trial);
    Process waiter(trial, "LD_PRELOAD=" + find_libfaketime() + " FAKETIME_TIMESTAMP_FILE=" + clock +
                              " FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1"
                              " DONT_FAKE_MONOTONIC=1");
    holder.must_acquire();
    const auto limit = std::chrono::milliseconds(4000 + trial.random(300));
    const auto begin = Clock::now();
    waiter.send("acquire " + std::to_string(limit.count()));
    trial.until_waiters(1);
    set_clock(offsets[trial.random(1)]);
    const std::string timed_out = waiter.answer();
    const auto took = Clock::now() - begin;
    const long long shown = std::stoll(waiter.call("clock"));
    const long long off = std::abs(shown - static_cast<long long>(std::time(nullptr)));
    trial.check(off > 3500 && off < 3700, "the clock did not jump");
    trial.check(timed_out == "no", "a wait while the clock jumps: " + timed_out);
    trial.check(took >= limit, "I4: too early while the clock jumps");
    trial.check(took <= limit + slack, "I11: far too late while the clock jumps");
    waiter.send("acquire 20000");
    trial.until_waiters(1);
    set_clock(offsets[trial.random(1)]);
    holder.must_release();
    trial.check(waiter.answer() == "yes", "a wait that must be granted while the clock jumps");
    trial.check(waiter.call("release") == "yes", "a release after the clock has jumped");
}

// Less than the second that some servers count in.
bool times_out_within_its_second(Client& waiter) {
    const auto begin = Clock::now();
    (void)waiter.acquire(50ms);
    return Clock::now() - begin < 1s;
}

// F37: Client checks that no time-out is early. A busy machine may make any of them late, but not
// all.
void fractions_of_a_second(Trial& trial) {
    Client holder(trial);
    Client waiter(trial);
    holder.must_acquire();
    for (const auto limit : {50ms, 250ms, 999ms}) {
        if (limit == 999ms && !trial.full()) {
            break;
        }
        const Answer answer = waiter.acquire(limit);
        trial.check(!answer.yes && !answer.error, "a wait that must time out: " + answer.text());
    }
    trial.check(eventually([&] { return times_out_within_its_second(waiter); }),
                "50 ms are never less than a second");
    holder.must_release();
}

}  // namespace

void add_time_faults(Faults& faults) {
    faults.push_back({"F35", "the wall clock of a waiting process jumps by an hour", Must::hold, 1,
                      20, on_servers, jump});
    faults.push_back({"F37", "time-outs of 50, 250 and 999 ms", Must::hold, 1, 30, on_servers,
                      fractions_of_a_second});
}

}  // namespace dlock_test
