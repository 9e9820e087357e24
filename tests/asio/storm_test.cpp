// Cancellations and releases at random moments, many waiters, few keys, one loop.
// SPDX-License-Identifier: BSL-1.0
#include "asio/fixture.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdlib>
#include <random>
#include <vector>

namespace dlock_test {
namespace {

constexpr int waiters_per_storm = 9;
constexpr int keys_per_storm = 3;

// How many cancellations are wanted.
long wanted_cancellations() {
    const char* const setting = std::getenv("DLOCK_STORM");
    return setting != nullptr ? std::atol(setting) : 200;
}

struct Counts {
    long cancelled = 0;
    long granted = 0;
    long timed_out = 0;
    long overlaps = 0;
    std::array<int, keys_per_storm> inside{};
};

// Acquires a key again and again, keeps it for a moment, and is cancelled now and then.
class StormWaiter {
  public:
    StormWaiter(net::io_context& io, const Database& database, const std::vector<std::string>& keys,
                Counts& counts, unsigned seed)
        : io_(io),
          timer_(io),
          canceller_(io),
          session_(database.open()),
          counts_(counts),
          random_(seed) {
        for (const std::string& key : keys) {
            locks_.push_back(dlock::create_lock(
                *session_, key, {.helper_session = [&database] { return database.open(); }}));
        }
    }

    void run(long until_cancelled) {
        until_ = until_cancelled;
        next();
    }
    [[nodiscard]] bool ended() const { return ended_; }
    [[nodiscard]] const auto& locks() const { return locks_; }

  private:
    std::chrono::microseconds up_to(int most) {
        return std::chrono::microseconds(std::uniform_int_distribution<int>(0, most)(random_));
    }

    void next() {
        if (counts_.cancelled >= until_) {
            ended_ = true;
            return;
        }
        key_ = std::uniform_int_distribution<std::size_t>(0, locks_.size() - 1)(random_);
        ++round_;
        const bool limited = random_() % 8 == 0;
        dlock::async_acquire(
            *locks_[key_], limited ? dlock::Wait(up_to(3000)) : dlock::forever,
            net::bind_executor(io_, net::bind_cancellation_slot(
                                        signal_.slot(), [this](error_code error, bool held) {
                                            acquired(error, held);
                                        })));
        canceller_.expires_after(up_to(random_() % 4 == 0 ? 200 : 4000));
        canceller_.async_wait([this, round = round_](error_code error) {
            if (!error && round == round_) {
                signal_.emit(net::cancellation_type::total);
            }
        });
    }

    void acquired(error_code error, bool held) {
        ++round_;
        canceller_.cancel();
        if (!held) {
            ASSERT_TRUE(!error || error == net::error::operation_aborted) << error.message();
            ++(error ? counts_.cancelled : counts_.timed_out);
            next();
            return;
        }
        ++counts_.granted;
        counts_.overlaps += counts_.inside[key_]++ != 0 ? 1 : 0;
        timer_.expires_after(up_to(1500));
        timer_.async_wait([this](error_code) {
            --counts_.inside[key_];
            dlock::async_release(*locks_[key_], net::bind_executor(io_, [this](error_code failure) {
                ASSERT_FALSE(failure) << failure.message();
                next();
            }));
        });
    }

    net::io_context& io_;
    net::steady_timer timer_;
    net::steady_timer canceller_;
    net::cancellation_signal signal_;
    std::unique_ptr<soci::session> session_;
    std::vector<std::unique_ptr<dlock::BaseLock>> locks_;
    Counts& counts_;
    std::mt19937 random_;
    std::size_t key_ = 0;
    long round_ = 0;
    long until_ = 0;
    bool ended_ = false;
};

}  // namespace

class AsioStorm : public AsioTest {};
DLOCK_ASIO_ON_EACH_DATABASE(AsioStorm);

TEST_P(AsioStorm, cancellations_at_any_moment_leave_nothing_behind) {
    const unsigned seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::vector<std::string> keys;
    for (int i = 0; i < keys_per_storm; ++i) {
        keys.push_back(unique_key());
    }
    Counts counts;
    std::vector<std::unique_ptr<StormWaiter>> waiters;
    for (unsigned i = 0; i < waiters_per_storm; ++i) {
        waiters.push_back(std::make_unique<StormWaiter>(io_, GetParam(), keys, counts, seed + i));
        waiters.back()->run(wanted_cancellations());
    }
    const auto start = std::chrono::steady_clock::now();
    io_.run();
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - start);
    for (const auto& waiter : waiters) {
        ASSERT_TRUE(waiter->ended());
    }
    EXPECT_EQ(counts.overlaps, 0);
    EXPECT_GT(counts.granted, 0);
    for (const auto& lock : waiters.front()->locks()) {
        EXPECT_EQ(view().holders(lock->actual_key()), 0);
        if (!GetParam().is_sqlite()) {
            EXPECT_EQ(view().waiters(lock->actual_key()), 0);
        }
    }
    std::cout << "cancelled " << counts.cancelled << ", granted " << counts.granted
              << ", timed out " << counts.timed_out << ", overlaps " << counts.overlaps << ", "
              << took.count() << " ms\n";
}

}  // namespace dlock_test
