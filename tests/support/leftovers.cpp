// SPDX-License-Identifier: BSL-1.0
#include "support/leftovers.hpp"

#include "support/server_view.hpp"

#include <filesystem>
#include <iterator>

namespace dlock_test {
namespace {

using namespace std::chrono_literals;

constexpr auto ending_limit = 15s;

long entries(const char* folder) {
    return std::distance(std::filesystem::directory_iterator(folder), {});
}

long descriptors() {
    return entries("/proc/self/fd");
}

long threads() {
    return entries("/proc/self/task");
}

std::string became(long before, const char* what, long now) {
    return std::to_string(before) + " " + what + " became " + std::to_string(now);
}

}  // namespace

Resources::Resources() : descriptors_(descriptors()), threads_(threads()) {}

std::string Resources::surplus(bool with_threads) const {
    if (!eventually([&] { return descriptors() <= descriptors_; }, ending_limit)) {
        return became(descriptors_, "descriptors", descriptors());
    }
    if (with_threads && !eventually([&] { return threads() <= threads_; }, ending_limit)) {
        return became(threads_, "threads", threads());
    }
    return "";
}

Sessions::Sessions(const Database& database) : database_(database) {
    if (!database.is_sqlite()) {
        ServerView view(database);
        const auto session = database.open();
        *session << (database.is_postgresql() ? "select cast(session_user as varchar)"
                                              : "select substring_index(user(), '@', 1)"),
            soci::into(user_);
        before_ = count(view.sql(), view.session_id(*session));
    }
}

std::string Sessions::surplus() const {
    if (database_.is_sqlite()) {
        return "";
    }
    ServerView view(database_);
    int now = 0;
    const bool ended =
        eventually([&] { return (now = count(view.sql(), 0)) <= before_; }, ending_limit);
    return ended ? "" : became(before_, "sessions on the server", now);
}

int Sessions::count(soci::session& observer, long long but) const {
    int found = 0;
    observer << (database_.is_postgresql()
                     ? "select count(*) from pg_stat_activity where usename = :user and pid not "
                       "in (pg_backend_pid(), "
                     : "select count(*) from information_schema.processlist where user = :user "
                       "and id not in (connection_id(), ") +
                    std::to_string(but) + ")",
        soci::use(user_), soci::into(found);
    return found;
}

}  // namespace dlock_test
