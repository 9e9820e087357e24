// Random schedules of clients on a simulated server: dlock_explore PRODUCT [OPTIONS]
// SPDX-License-Identifier: BSL-1.0
#include "explore/schedule.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

using dlock::Product;

// Fewer for the variants of a dialect.
std::uint64_t usual_schedules(const dlock_test::Setting& setting) {
    return setting.babelfish || setting.product == Product::mariadb ? 20000 : 100000;
}

int usage() {
    std::fprintf(
        stderr,
        "usage: dlock_explore PRODUCT [--schedules N] [--first SEED] [--seed SEED]\n"
        "  PRODUCT  postgresql, mysql, mariadb, mssql, babelfish or oracle\n"
        "  --schedules N  how many seeds are run (DLOCK_EXPLORE, or 100000), from --first (1)\n"
        "  --seed SEED    runs this one and prints every step\n");
    return 64;
}

bool read_product(const std::string& name, dlock_test::Setting& setting) {
    static const std::pair<const char*, Product> products[] = {
        {"postgresql", Product::postgresql}, {"mysql", Product::mysql},
        {"mariadb", Product::mariadb},       {"mssql", Product::mssql},
        {"babelfish", Product::mssql},       {"oracle", Product::oracle}};
    for (const auto& [known, product] : products) {
        if (name == known) {
            setting.product = product;
            setting.babelfish = name == "babelfish";
            return true;
        }
    }
    return false;
}

}  // namespace

int main(int count, char** arguments) {
    dlock_test::Setting setting;
    if (count < 2 || !read_product(arguments[1], setting)) {
        return usage();
    }
    std::uint64_t first = 1;
    const char* const wanted = std::getenv("DLOCK_EXPLORE");
    std::uint64_t schedules =
        wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : usual_schedules(setting);
    for (int i = 2; i < count; i += 2) {
        if (i + 1 == count) {
            return usage();
        }
        const std::uint64_t value = std::strtoull(arguments[i + 1], nullptr, 10);
        if (std::strcmp(arguments[i], "--schedules") == 0) {
            schedules = value;
        } else if (std::strcmp(arguments[i], "--first") == 0) {
            first = value;
        } else if (std::strcmp(arguments[i], "--seed") == 0) {
            first = value;
            schedules = 1;
            setting.trace = true;
        } else {
            return usage();
        }
    }
    const auto start = std::chrono::steady_clock::now();
    dlock_test::Tally tally;
    int failed = 0;
    for (std::uint64_t seed = first; seed < first + schedules; ++seed) {
        const auto violations = dlock_test::run_schedule(setting, seed, tally);
        for (const std::string& violation : violations) {
            std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed),
                        violation.c_str());
        }
        if (!violations.empty() && !setting.trace) {
            std::printf("  replay: %s %s --seed %llu\n", arguments[0], arguments[1],
                        static_cast<unsigned long long>(seed));
            if (++failed == 10) {
                break;
            }
        }
    }
    tally.print(arguments[1]);
    const std::string missing = tally.missing(setting.product);
    if (schedules >= 10000 && !missing.empty()) {
        std::printf("  faults that never fired: %s\n", missing.c_str());
        ++failed;
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    std::printf("  %.1f s\n", took.count());
    return failed == 0 ? 0 : 1;
}
