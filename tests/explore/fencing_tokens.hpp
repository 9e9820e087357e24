// The fencing tokens that were told: each is above those of all earlier holders that it excludes.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "explore/believers.hpp"

#include <dlock/dlock.hpp>

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>

namespace dlock_test {

class FencingTokens {
  public:
    /// Adds the token of a hold that the server still has. False if it is not above those of the
    /// holders before it, or was told already. (Holders that go together draw in any order.)
    [[nodiscard]] bool add(const std::string& key, dlock::Mode mode, std::int64_t token) {
        bool is_higher = all_.insert(token).second;
        for (const auto& [holder, highest] : highest_) {
            is_higher = is_higher && (holder.first != key || go_together(holder.second, mode) ||
                                      token > highest);
        }
        std::int64_t& highest = highest_[{key, mode}];
        highest = std::max(highest, token);
        return is_higher;
    }

  private:
    std::map<std::pair<std::string, dlock::Mode>, std::int64_t> highest_;
    std::set<std::int64_t> all_;
};

}  // namespace dlock_test
