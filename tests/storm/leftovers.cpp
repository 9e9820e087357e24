// SPDX-License-Identifier: BSL-1.0
#include "storm/leftovers.hpp"

#include "conformance/test_lock.hpp"
#include "support/server_view.hpp"

#include <cstdio>

namespace dlock_test {
namespace {

bool is_empty(const std::string& what) {
    if (!what.empty()) {
        std::printf("  LEFT BEHIND: %s\n", what.c_str());
    }
    return what.empty();
}

bool is_free(const Database& database, const std::string& key) {
    ServerView view(database);
    const auto session = database.open();
    const dlock::ActualKey actual = dlock::create_lock(*session, key)->actual_key();
    return eventually([&] {
        return view.holders(actual) == 0 && (database.is_sqlite() || view.waiters(actual) == 0);
    });
}

}  // namespace

void warm_up(const std::vector<const Database*>& databases) {
    for (const Database* const database : databases) {
        for (const Road road : {Road::blocking, Road::async}) {
            const auto session = database->open();
            const auto lock = make_lock(road, *session, unique_key(), {});
            std::error_code ignored;
            (void)lock->acquire(dlock::no_wait, {}, ignored);
        }
    }
}

bool is_left_clean(const Database& database, const Sessions& before,
                   const std::vector<std::string>& keys) {
    bool clean = true;
    for (const std::string& key : keys) {
        clean = is_empty(is_free(database, key) ? "" : "a holder or a waiter of " + key) && clean;
    }
    return is_empty(before.surplus()) && clean;
}

bool is_left_clean(const Resources& before) {
    return is_empty(before.surplus(true));
}

}  // namespace dlock_test
