// Runs the measures and prints their tables as Markdown: dlock_bench [--only NAME] [--quick]
// SPDX-License-Identifier: BSL-1.0
#include "measures.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <string_view>

namespace {

using namespace dlock_bench;

struct Measure {
    std::string_view name;
    Table (*run)(const Settings&);
};

constexpr Measure measures[] = {
    {"pairs", measure_pairs},
    {"round-trips", measure_round_trips},
    {"hand-off", measure_hand_off},
    {"statements", measure_statements},
    {"deadline", measure_deadline},
    {"fairness", measure_fairness},
    {"killed-holder", measure_killed_holder},
    {"many-waiters", measure_many_waiters},
#ifdef DLOCK_HAS_ASIO
    {"async-waiters", measure_async_waiters},
    {"async-cancel", measure_async_cancel},
    {"async-idle", measure_async_idle},
#endif
};

int usage() {
    fmt::print(stderr, "usage: dlock_bench [--only NAME] [--quick]\nNAME is one of:");
    for (const Measure& measure : measures) {
        fmt::print(stderr, " {}", measure.name);
    }
    fmt::print(stderr, "\n");
    return 64;
}

bool known(std::string_view name) {
    for (const Measure& measure : measures) {
        if (measure.name == name) {
            return true;
        }
    }
    return false;
}

}  // namespace

int main(int count, char** arguments) {
    Settings settings;
    std::string_view only;
    for (int i = 1; i < count; ++i) {
        const std::string_view argument = arguments[i];
        if (argument == "--quick") {
            settings.quick = true;
        } else if (argument == "--only" && i + 1 < count && known(arguments[i + 1])) {
            only = arguments[++i];
        } else {
            return usage();
        }
    }
    try {
        print_environment();
        for (const Measure& measure : measures) {
            if (only.empty() || only == measure.name) {
                print(measure.run(settings));
            }
        }
    } catch (const std::exception& error) {
        fmt::print(stderr, "dlock_bench: {}\n", error.what());
        return 1;
    }
    return 0;
}
