// Who believes to hold what: two that exclude each other never do, unless the server dropped one.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <dlock/dlock.hpp>
#include <dlock/testing/simulator.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace dlock_test {

/// The table of the databases' manuals, apart from the library's own.
[[nodiscard]] inline bool go_together(dlock::Mode one, dlock::Mode other) {
    // Rows and columns: exclusive, shared, update, intent shared, intent exclusive, shared and
    // intent exclusive, null.
    static constexpr const char* table[] = {"------+", "-+++--+", "-+-+--+", "-++++++",
                                            "---++-+", "---+--+", "+++++++"};
    return table[static_cast<int>(one)][static_cast<int>(other)] == '+';
}

class Believers {
  public:
    struct Belief {
        int client = 0;
        std::int64_t session = 0;
        std::string key;
        dlock::ActualKey actual_key{std::int64_t{0}};
        dlock::Mode mode = dlock::Mode::exclusive;
        bool xact = false;
    };

    /// Adds a belief. Returns the number of a client that believes to hold what excludes it, and
    /// that the server has not dropped; -1 if there is none.
    [[nodiscard]] int add(const Belief& belief, const dlock::testing::SimulatedServer& server) {
        int other = -1;
        for (const Belief& one : beliefs_) {
            // A transaction that was ended by the server takes its locks with it; its owner is told
            // by the call that is under way. See lost_silently().
            const bool dropped = !server.has_session(one.session) ||
                                 (one.xact && !server.holds(one.session, one.actual_key));
            if (one.key == belief.key && one.client != belief.client &&
                !go_together(one.mode, belief.mode) && !dropped) {
                other = one.client;
            }
        }
        beliefs_.push_back(belief);
        return other;
    }

    /// True if the client, to whom nothing was said, believes in a transaction-level lock that its
    /// session, which the server still has, does not hold.
    [[nodiscard]] bool lost_silently(int client,
                                     const dlock::testing::SimulatedServer& server) const {
        return std::any_of(beliefs_.begin(), beliefs_.end(), [&](const Belief& belief) {
            return belief.client == client && belief.xact && server.has_session(belief.session) &&
                   !server.holds(belief.session, belief.actual_key);
        });
    }

    void remove(int client, const std::string& key) {
        std::erase_if(beliefs_, [&](const Belief& belief) {
            return belief.client == client && belief.key == key;
        });
    }

    void forget_session_level(int client) {
        std::erase_if(beliefs_, [&](const Belief& belief) {
            return belief.client == client && !belief.xact;
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
