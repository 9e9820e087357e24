// Storms of timeouts and cancels on real servers:
// dlock_storm [--contended] [--seed N] COUNT [DATABASE...]
//
// Without --contended 24 sessions, half of them asynchronous, ask for eight keys with time limits
// of 2 ms and stops at random moments, until a database has had COUNT timeouts and cancels. After
// each one the server is asked what the session holds; at the end no lock, session, descriptor or
// thread may be left. With --contended see contended.hpp.
// SPDX-License-Identifier: BSL-1.0
#include "storm/contended.hpp"
#include "storm/lane.hpp"
#include "storm/leftovers.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <future>
#include <string>
#include <string_view>

namespace dlock_test {
namespace {

constexpr unsigned lanes_per_road = 12;

void run_road(Storm& storm, Road road, Counts& counts, long refusals, unsigned seed,
              std::vector<std::future<void>>& lanes) {
    for (unsigned i = 0; i < lanes_per_road; ++i) {
        const bool local_queue = i % 4 == 0;  // the others all stand in the server's queue
        lanes.push_back(std::async(
            std::launch::async, [&storm, &counts, road, local_queue, refusals, seed = seed + i] {
                try {
                    Lane(storm, road, local_queue, counts, seed).run(refusals);
                } catch (const std::exception& error) {
                    ++counts.errors;
                    storm.complain(error.what());
                }
            }));
    }
}

// Prints the line of one road; true if all is as it must be.
bool print(const Database& database, Road road, const Counts& counts, long overlaps, long wanted) {
    std::printf("%-24s %9ld %9ld %9ld %9ld %9ld %7ld %7ld\n",
                (database.name + suffix(road)).c_str(), counts.timeouts.load(),
                counts.cancels.load(), counts.grants.load(), counts.untruths.load(), overlaps,
                counts.closed.load(), counts.errors.load());
    const bool both_kinds =
        counts.timeouts * 10 >= counts.refusals() && counts.cancels * 10 >= counts.refusals();
    if (!both_kinds) {
        std::printf("  one kind is less than a tenth: the other was hardly tried\n");
    }
    const bool rarely_closed = counts.closed * 20 <= counts.refusals();
    if (!rarely_closed) {
        std::printf("  more than one session in twenty was closed in doubt\n");
    }
    return counts.untruths == 0 && rarely_closed && counts.errors == 0 && overlaps == 0 &&
           both_kinds && counts.refusals() >= wanted;
}

bool run_storm(const Database& database, long count, unsigned seed) {
    const Sessions sessions(database);
    Stopper stopper;
    Storm storm{.database = database, .stopper = stopper, .keys = {}};
    for (std::size_t i = 0; i < Storm::keys_per_storm; ++i) {
        storm.keys.push_back(unique_key());
    }
    const long wanted = (count + 1) / 2;
    Counts blocking;
    Counts async;
    const auto start = std::chrono::steady_clock::now();
    std::vector<std::future<void>> lanes;
    run_road(storm, Road::blocking, blocking, wanted, seed, lanes);
    run_road(storm, Road::async, async, wanted, seed + lanes_per_road, lanes);
    for (auto& lane : lanes) {
        lane.get();
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    const bool good = print(database, Road::blocking, blocking, storm.overlaps, wanted);
    const bool good_async = print(database, Road::async, async, storm.overlaps, wanted);
    std::printf("  seed %u, %.1f s\n", seed, took.count());
    for (const std::string& complaint : storm.complaints) {
        std::printf("  %s\n", complaint.c_str());
    }
    const bool clean = is_left_clean(database, sessions, storm.keys);
    std::fflush(stdout);
    return good && good_async && clean;
}

bool run_storms(const std::vector<const Database*>& databases, long count, unsigned seed) {
    std::printf("%-24s %9s %9s %9s %9s %9s %7s %7s\n", "database", "timeouts", "cancels", "grants",
                "untruths", "overlaps", "closed", "errors");
    bool good = true;
    warm_up(databases);
    const Resources resources;
    for (const Database* const database : databases) {
        good = run_storm(*database, count, seed) && good;
    }
    return is_left_clean(resources) && good;
}

int run(int argc, char** argv) {
    int next = 1;
    const bool contended = argc > next && std::string_view(argv[next]) == "--contended";
    next += contended ? 1 : 0;
    unsigned seed = std::random_device{}();
    if (argc > next + 1 && std::string_view(argv[next]) == "--seed") {
        seed = static_cast<unsigned>(std::strtoul(argv[next + 1], nullptr, 10));
        next += 2;
    }
    const long count = argc > next ? std::atol(argv[next++]) : 0;
    if (count <= 0) {
        std::fprintf(stderr, "usage: dlock_storm [--contended] [--seed N] COUNT [DATABASE...]\n");
        return 2;
    }
    const std::vector<std::string> names(argv + next, argv + argc);
    std::vector<const Database*> chosen;
    for (const Database& database : databases()) {
        const bool named = std::find(names.begin(), names.end(), database.name) != names.end();
        // SQLite has no server whose view could be asked; the processes by way of ODBC are no
        // others on the same server.
        const bool fits =
            contended ? database.is_native() : !database.is_simulated() && !database.is_sqlite();
        if (names.empty() ? fits : named) {
            chosen.push_back(&database);
        }
    }
    if (chosen.empty()) {
        std::printf("no server in DLOCK_TEST_URLS\n");
        return 77;
    }
    return (contended ? run_contended(chosen, count) : run_storms(chosen, count, seed)) ? 0 : 1;
}

}  // namespace
}  // namespace dlock_test

int main(int argc, char** argv) {
    try {
        return dlock_test::run(argc, argv);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "dlock_storm: %s\n", error.what());
        return 1;
    }
}
