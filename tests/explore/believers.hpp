// Who believes to hold what: two that exclude each other never do, unless the server dropped one.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <dlock/dlock.hpp>
#include <dlock/testing/simulator.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace dlock_test {

class Believers {
  public:
    struct Belief {
        int client = 0;
        std::int64_t session = 0;
        std::string key;
        dlock::Mode mode = dlock::Mode::exclusive;
        bool xact = false;
    };

    /// Adds a belief. Returns the number of a client that believes to hold what excludes it, and
    /// whose session the server still has; -1 if there is none. `holds` asks the server.
    [[nodiscard]] int add(const Belief& belief,
                          const std::function<bool(const Belief&)>& server_has_session) {
        int other = -1;
        for (const Belief& one : beliefs_) {
            const bool both_shared =
                one.mode == dlock::Mode::shared && belief.mode == dlock::Mode::shared;
            if (one.key == belief.key && one.client != belief.client && !both_shared &&
                server_has_session(one)) {
                other = one.client;
            }
        }
        beliefs_.push_back(belief);
        return other;
    }

    void remove(int client, const std::string& key) {
        std::erase_if(beliefs_, [&](const Belief& belief) {
            return belief.client == client && belief.key == key;
        });
    }

    void end_transaction(int client) {
        std::erase_if(beliefs_,
                      [&](const Belief& belief) { return belief.client == client && belief.xact; });
    }

  private:
    std::vector<Belief> beliefs_;
};

}  // namespace dlock_test
