// SPDX-License-Identifier: BSL-1.0
#include "storm/lane.hpp"

#include <algorithm>
#include <thread>

namespace dlock_test {

using namespace std::chrono_literals;

void Storm::complain(const std::string& text) {
    constexpr std::size_t most = 10;
    const std::lock_guard lock(mutex);
    if (complaints.size() < most) {
        complaints.push_back(text);
    }
}

Lane::Lane(Storm& storm, Road road, bool local_queue, Counts& counts, unsigned seed)
    : storm_(storm),
      road_(road),
      local_queue_(local_queue),
      counts_(counts),
      random_(seed),
      view_(storm.database) {
    open();
}

void Lane::open() {
    locks_.clear();
    actual_keys_.clear();
    session_ = storm_.database.open();
    number_ = view_.session_id(*session_);
    for (const std::string& key : storm_.keys) {
        locks_.push_back(make_lock(
            road_, *session_, key,
            {.local_queue = local_queue_,
             .helper_session = [&database = storm_.database] { return database.open(); }}));
        actual_keys_.push_back(locks_.back()->actual_key());
    }
}

void Lane::run(long refusals) {
    while (counts_.refusals() < refusals) {
        attempt();
    }
}

std::chrono::microseconds Lane::between(int least, int most) {
    return std::chrono::microseconds(std::uniform_int_distribution<int>(least, most)(random_));
}

void Lane::attempt() {
    const auto key = std::uniform_int_distribution<std::size_t>(0, locks_.size() - 1)(random_);
    // A time limit alone, a stop alone, or both at about the same time.
    const auto kind = random_() % 5;
    const dlock::Wait wait = kind == 2 || kind == 3 ? dlock::forever : dlock::Wait(2ms);
    std::stop_source stop;
    if (kind >= 2) {
        storm_.stopper.stop(stop, kind == 4 ? between(1500, 2500) : between(0, 4000));
    }
    std::error_code error;
    if (locks_[key]->acquire(wait, stop.get_token(), error)) {
        granted(key);
    } else {
        refused(*locks_[key], error);
    }
}

void Lane::granted(std::size_t key) {
    ++counts_.grants;
    storm_.overlaps += storm_.inside[key]++ != 0 ? 1 : 0;
    expect_holdings(1, "after a grant");
    std::this_thread::sleep_for(between(0, 500));  // the length of the critical section
    --storm_.inside[key];
    locks_[key]->release();
    expect_holdings(0, "after a release");
}

void Lane::refused(TestLock& lock, std::error_code error) {
    if (!error) {
        ++counts_.timeouts;
        expect_holdings(0, "after a timeout");
    } else if (error == dlock::errc::cancelled) {
        ++counts_.cancels;
        expect_holdings(0, "after a cancel");
    } else if (const auto last = lock.last_error(); last && last->spoils_session()) {
        ++counts_.closed;
        if (!eventually([&] { return view_.holdings(number_, actual_keys_) == 0; })) {
            expect_holdings(0, "after its session was closed");
        }
        open();
    } else {
        ++counts_.errors;
        storm_.complain(last ? last->what() : error.message());
    }
}

void Lane::expect_holdings(int count, const char* when) {
    const int seen = view_.holdings(number_, actual_keys_);
    if (seen != count) {
        ++counts_.untruths;
        storm_.complain("session " + std::to_string(number_) + " has " + std::to_string(seen) +
                        " keys instead of " + std::to_string(count) + " " + when);
        open();  // a lock that stays behind would stop all others
    }
}

}  // namespace dlock_test
