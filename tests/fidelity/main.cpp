// Compares simulated servers with real ones, statement by statement.
// SPDX-License-Identifier: BSL-1.0
#include "fidelity/play.hpp"
#include "support/fencing.hpp"

#include <dlock/testing/simulator.hpp>

#include <gtest/gtest.h>

#include <unistd.h>

#include <chrono>
#include <future>
#include <iostream>
#include <numeric>

namespace dlock_test {
namespace {

using dlock::Product;

struct Pair {
    const char* name;
    Product product;
    std::vector<const char*> files;
};

const Pair pairs[] = {
    {"postgresql",
     Product::postgresql,
     {"postgresql_locks", "postgresql_waits", "postgresql_transactions", "postgresql_library"}},
    {"mariadb", Product::mariadb, {"mysql_locks", "mysql_waits", "mysql_library", "mariadb"}},
    {"mysql", Product::mysql, {"mysql_locks", "mysql_waits", "mysql_library", "mysql"}},
};

/// Nine digits, the first of them not 0, of this script in this run alone: the server may still be
/// ending the sessions of the one before.
std::string next_number() {
    static long long number =
        std::chrono::system_clock::now().time_since_epoch().count() / 1000 + getpid();
    return std::to_string(100000000 + ++number % 900000000);
}

std::string joined(const std::vector<std::string>& lines) {
    return std::accumulate(
        lines.begin(), lines.end(), std::string(),
        [](const std::string& all, const std::string& line) { return all + line + "\n"; });
}

class Fidelity : public testing::Test {
  public:
    Fidelity(const Pair& pair, const Database& database, TestScript script)
        : pair_(pair), database_(database), script_(std::move(script)) {}

    void TestBody() override {
        const auto real_stage = database_.is_postgresql() ? make_postgresql_stage(database_)
                                                          : make_mysql_stage(database_);
        const auto simulated_stage = make_simulated_stage(pair_.product, real_stage->version());
        const std::string number = next_number();
        // At once: most of the time is spent waiting.
        auto real =
            std::async(std::launch::async, [&] { return play(*real_stage, script_, number); });
        const auto simulated = play(*simulated_stage, script_, number);
        const auto lines = real.get();
        EXPECT_EQ(lines, simulated) << "=== the real server\n"
                                    << joined(lines) << "=== the simulated one\n"
                                    << joined(simulated);
        for (const std::string& line : lines) {
            EXPECT_FALSE(line.starts_with("!")) << line;
        }
    }

  private:
    const Pair& pair_;
    const Database& database_;
    TestScript script_;
};

const Database* find(const char* name) {
    for (const Database& database : databases()) {
        if (database.name == name && !database.admin_url.empty()) {
            return &database;
        }
    }
    return nullptr;
}

void add_scripts(const Pair& pair, const Database& database) {
    std::size_t scripts = 0;
    std::size_t steps = 0;
    for (const char* const file : pair.files) {
        for (TestScript& script :
             read_scripts(std::string(DLOCK_TEST_SCRIPTS "/") + file + ".txt")) {
            ++scripts;
            steps += script.steps.size();
            testing::RegisterTest(pair.name, script.name.c_str(), nullptr, nullptr, file, 0,
                                  [&pair, &database, script]() -> Fidelity* {
                                      return new Fidelity(pair, database, script);
                                  });
        }
    }
    std::cout << pair.name << ": " << scripts << " scripts, " << steps << " steps\n";
}

}  // namespace
}  // namespace dlock_test

int main(int argc, char** argv) {
    testing::InitGoogleTest(&argc, argv);
    for (const auto& pair : dlock_test::pairs) {
        if (const auto* const database = dlock_test::find(pair.name)) {
            dlock_test::prepare_fencing(*database);
            dlock_test::add_scripts(pair, *database);
        } else {
            std::cout << "NOT RUN on " << pair.name << ": not in DLOCK_TEST_URLS\n";
        }
    }
    return RUN_ALL_TESTS();
}
