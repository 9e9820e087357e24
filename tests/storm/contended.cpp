// SPDX-License-Identifier: BSL-1.0
#include "storm/contended.hpp"

#include "storm/leftovers.hpp"
#include "support/workers.hpp"

#include <cstdio>

namespace dlock_test {

using namespace std::chrono_literals;

bool run_contended(const std::vector<const Database*>& databases, long long count) {
    constexpr int processes = 8;
    const auto many = static_cast<long long>(databases.size());
    long long all = 0;
    long long overlaps = 0;
    bool good = true;
    warm_up(databases);
    const Resources resources;
    std::printf("%-16s %12s %10s %8s\n", "database", "acquisitions", "overlaps", "seconds");
    for (const Database* const database : databases) {
        const Sessions sessions(*database);
        const std::string key = unique_key();
        Workers workers(DLOCK_TEST_WORKER, *database, key);
        for (int i = 0; i < processes; ++i) {
            workers.add("loop", i % 2 == 0 ? 0us : 100us);
        }
        const auto start = std::chrono::steady_clock::now();
        const bool ended_well = workers.run_until((count + many - 1) / many, 2h);
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
        std::printf("%-16s %12lld %10lld %8.1f%s\n", database->name.c_str(), workers.total(),
                    workers.ledger().overlaps(), took.count(),
                    ended_well ? "" : "  A WORKER FAILED");
        std::fflush(stdout);
        all += workers.total();
        overlaps += workers.ledger().overlaps();
        good = is_left_clean(*database, sessions, {key}) && good && ended_well;
    }
    std::printf("%-16s %12lld %10lld\n", "all", all, overlaps);
    return is_left_clean(resources) && good && overlaps == 0;
}

}  // namespace dlock_test
