// Time-outs aimed at the moment of the grant: whatever is reported as timed out must hold nothing.
// SPDX-License-Identifier: BSL-1.0
#include "conformance/fixture.hpp"

#include <atomic>
#include <cstdlib>
#include <random>
#include <semaphore>
#include <vector>

namespace dlock_test {
namespace {

// How many time-outs are wanted; DLOCK_TEST_STORM makes it less where the program is slow.
long wanted_timeouts(const Database& database) {
    const char* const setting = std::getenv("DLOCK_TEST_STORM");
    const long most = setting != nullptr ? std::atol(setting) : 10000;
    return database.is_postgresql() ? most : most / 10;
}

struct Counts {
    std::atomic<long> timeouts{0};
    std::atomic<long> grants{0};
    std::atomic<long> leaks{0};

    long all() const { return timeouts + grants; }
    // Else the race was not exercised.
    bool both_ways() const { return timeouts * 20 >= all() && grants * 20 >= all(); }
};

// A holder that releases about when a waiter's time is over. Which comes first is kept even by
// moving the release.
class Lane {
  public:
    Lane(const Column& column, unsigned seed) : random_(seed) {
        for (auto& session : sessions_) {
            session = column.open();
        }
        const std::string key = unique_key();
        holder_ = make_lock(column.road, *sessions_[0], key);
        waiter_ = make_lock(column.road, *sessions_[1], key);
        probe_ = make_lock(column.road, *sessions_[2], key);
    }

    void run(Counts& counts, long wanted) {
        auto releasing = in_thread([&] {
            while (true) {
                go_.acquire();
                if (stop_) {
                    return;
                }
                // Asleep until shortly before, so that others have the processor meanwhile.
                std::this_thread::sleep_until(release_at_ - 500us);
                while (std::chrono::steady_clock::now() < release_at_) {
                }
                holder_->release();
                done_.release();
            }
        });
        // It may take long until the releases of a slow machine come early enough. After a leak the
        // next round would wait for ever.
        while (counts.leaks == 0 &&
               (counts.timeouts < wanted || (!counts.both_ways() && counts.all() < 100 * wanted))) {
            one_round(counts);
        }
        stop_ = true;
        go_.release();
        releasing.get();
    }

  private:
    void one_round(Counts& counts) {
        const auto step = limit_ / 200;
        std::uniform_int_distribution<int> jitter(-150, 150);
        holder_->lock();
        release_at_ = std::chrono::steady_clock::now() + limit_ + offset_ +
                      std::chrono::microseconds(jitter(random_));
        go_.release();
        const bool granted = waiter_->try_lock_for(limit_);
        done_.acquire();
        if (granted) {
            ++counts.grants;
            waiter_->release();
            offset_ += step;
            return;
        }
        ++counts.timeouts;
        offset_ -= step;
        if (-offset_ > limit_) {  // one try takes longer than the whole time
            limit_ *= 2;
            offset_ = 0us;
        }
        if (probe_->try_lock()) {
            probe_->release();
        } else {
            ++counts.leaks;
        }
    }

    std::array<std::unique_ptr<soci::session>, 3> sessions_;
    std::unique_ptr<TestLock> holder_;
    std::unique_ptr<TestLock> waiter_;
    std::unique_ptr<TestLock> probe_;
    std::mt19937 random_;
    std::chrono::microseconds limit_ = 2ms;
    std::chrono::microseconds offset_{0};
    std::chrono::steady_clock::time_point release_at_{};
    std::binary_semaphore go_{0};
    std::binary_semaphore done_{0};
    bool stop_ = false;
};

}  // namespace

class Storm : public OnEachDatabase {};
DLOCK_ON_EACH_DATABASE(Storm);

TEST_P(Storm, time_outs_at_the_moment_of_the_grant_leave_nothing_behind) {
    // The seeds that GoogleTest takes end there.
    const auto given = static_cast<unsigned>(GTEST_FLAG_GET(random_seed));
    const unsigned seed = given != 0 ? given : std::random_device{}() % 99999 + 1;
    SCOPED_TRACE("--gtest_random_seed=" + std::to_string(seed));
    const long wanted = wanted_timeouts(GetParam());
    Counts counts;
    std::vector<std::future<void>> lanes;
    for (unsigned i = 0; i < 3; ++i) {
        lanes.push_back(in_thread([&, i] { Lane(GetParam(), seed + i).run(counts, wanted); }));
    }
    for (auto& lane : lanes) {
        lane.get();
    }
    EXPECT_EQ(counts.leaks, 0);
    EXPECT_TRUE(counts.both_ways()) << counts.timeouts << " of " << counts.all();
    RecordProperty("timeouts", std::to_string(counts.timeouts));
    RecordProperty("grants", std::to_string(counts.grants));
    std::cout << "timeouts " << counts.timeouts << ", grants " << counts.grants << ", leaks "
              << counts.leaks << '\n';
}

}  // namespace dlock_test
