// What an exploration has seen.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <dlock/testing/simulator.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>

namespace dlock_test {

/// What a statement that the library sent is for; "user" for what it did not send.
[[nodiscard]] std::string_view purpose_of(dlock::Product product, std::string_view sql);

struct Tally {
    long long schedules = 0;
    long long acquired = 0;
    long long refused = 0;
    long long cancelled = 0;
    long long lost = 0;
    long long released = 0;
    long long statements = 0;
    std::unordered_set<std::uint64_t> states;
    /// How often each fault fired at each kind of statement.
    std::map<std::pair<std::string, std::string>, long long> faults;
    /// How often each error came.
    std::map<std::string, long long> errors;

    void print(std::string_view product) const;
    /// The faults that never fired though they can.
    [[nodiscard]] std::string missing(dlock::Product product) const;
};

[[nodiscard]] const char* name_of(dlock::testing::Fault fault);

}  // namespace dlock_test
