// SPDX-License-Identifier: BSL-1.0
#include "case.hpp"

#include <stdlib.h>

namespace dlock_test {
namespace {

bool built([[maybe_unused]] const Database& database) {
    if (!database.is_native()) {
        return false;  // the program takes no such URLs
    }
#ifdef DLOCK_HAS_POSTGRESQL
    if (database.is_postgresql()) {
        return true;
    }
#endif
#ifdef DLOCK_HAS_MYSQL
    if (database.is_mysql()) {
        return true;
    }
#endif
#ifdef DLOCK_HAS_SQLITE
    if (database.is_sqlite()) {
        return true;
    }
#endif
    return false;
}

}  // namespace

OnDatabase::OnDatabase() : key_(unique_key("cli")) {
    std::string pattern = std::filesystem::temp_directory_path() / "dlock-cli-XXXXXX";
    folder_ = mkdtemp(pattern.data());
}

OnDatabase::~OnDatabase() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

Start OnDatabase::dlock(const std::vector<std::string>& options,
                        const std::vector<std::string>& command) const {
    Start start{.words = {DLOCK_PROGRAM, "run"},
                .environment = {{"DLOCK_URL", GetParam().url}, {"XDG_STATE_HOME", folder_}}};
    start.words.insert(start.words.end(), options.begin(), options.end());
    start.words.insert(start.words.end(), {"--", key_, "--"});
    start.words.insert(start.words.end(), command.begin(), command.end());
    return start;
}

Start OnDatabase::shell(const std::vector<std::string>& options, const std::string& script) const {
    return dlock(options, {"sh", "-c", script});
}

int OnDatabase::try_lock() const {
    return run(dlock({"-n"}, {"true"})).exit_code;
}

bool OnDatabase::becomes_free() const {
    return eventually([this] { return try_lock() == 0; });
}

bool OnDatabase::is_server() const {
    return GetParam().is_postgresql() || GetParam().is_mysql();
}

ServerView& OnDatabase::view() {
    if (view_ == nullptr) {
        view_ = std::make_unique<ServerView>(GetParam());
    }
    return *view_;
}

dlock::ActualKey OnDatabase::actual_key() {
    return dlock::create_lock(view().sql(), key_)->actual_key();
}

int OnDatabase::waiters() {
    return view().waiters(actual_key());
}

bool OnDatabase::waits(pid_t program) {
    if (is_server()) {
        return eventually([this] { return waiters() > 0; });
    }
    // Waiting for a side file leaves no trace but the open file.
    const auto descriptors = "/proc/" + std::to_string(program) + "/fd";
    return eventually([&] {
        std::error_code ignored;
        for (const auto& entry : std::filesystem::directory_iterator(descriptors, ignored)) {
            if (std::filesystem::read_symlink(entry, ignored).string().ends_with("-dlock")) {
                return true;
            }
        }
        return false;
    });
}

std::vector<Database> cases() {
    std::vector<Database> all;
    for (const Database& database : databases()) {
        if (built(database)) {
            all.push_back(database);
        }
    }
#ifdef DLOCK_HAS_SQLITE
    all.push_back({"default", "", ""});
#endif
    return all;
}

std::string name_of(const testing::TestParamInfo<Database>& info) {
    return info.param.name;
}

std::string until_input_ends(int exit_code) {
    return "echo \"started pid $$ \"; read line; exit " + std::to_string(exit_code);
}

bool reads(pid_t shell) {
    return eventually([shell] { return state_of(shell) == 'S'; });
}

}  // namespace dlock_test
