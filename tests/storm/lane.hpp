// One session of a storm: it asks for keys again and again, and looks at the server after each end.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "conformance/test_lock.hpp"
#include "storm/stopper.hpp"
#include "support/server_view.hpp"

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <vector>

namespace dlock_test {

/// What the lanes of one road came to.
struct Counts {
    std::atomic<long> timeouts{0};
    std::atomic<long> cancels{0};
    std::atomic<long> grants{0};
    /// The server's view was not what the caller was told.
    std::atomic<long> untruths{0};
    /// Sessions that were closed because nobody could tell what they hold.
    std::atomic<long> closed{0};
    /// Ends that are none of these.
    std::atomic<long> errors{0};

    [[nodiscard]] long refusals() const { return timeouts + cancels; }
};

/// What all lanes of a storm share.
struct Storm {
    static constexpr std::size_t keys_per_storm = 8;

    const Database& database;
    Stopper& stopper;
    std::vector<std::string> keys;
    std::array<std::atomic<int>, keys_per_storm> inside{};
    std::atomic<long> overlaps{0};

    std::mutex mutex{};
    /// The first few things that went wrong.
    std::vector<std::string> complaints{};

    void complain(const std::string& text);
};

/// Used by one thread.
class Lane {
  public:
    Lane(Storm& storm, Road road, bool local_queue, Counts& counts, unsigned seed);

    /// Goes on until the road has so many timeouts and cancels.
    void run(long refusals);

  private:
    void open();
    void attempt();
    void granted(std::size_t key);
    void refused(TestLock& lock, std::error_code error);
    void expect_holdings(int count, const char* when);
    [[nodiscard]] std::chrono::microseconds between(int least, int most);

    Storm& storm_;
    Road road_;
    bool local_queue_;
    Counts& counts_;
    std::mt19937 random_;
    ServerView view_;
    std::unique_ptr<soci::session> session_;
    long long number_ = 0;
    std::vector<std::unique_ptr<TestLock>> locks_;
    std::vector<dlock::ActualKey> actual_keys_;
};

}  // namespace dlock_test
