// SPDX-License-Identifier: BSL-1.0
#include "support/databases.hpp"

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <map>
#include <ostream>
#include <sstream>

namespace dlock_test {
namespace {

using Urls = std::vector<std::pair<std::string, std::string>>;

// A line for each server, of a file.
Urls parse_lines(const std::string& text) {
    Urls urls;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        const auto tab = line.find('\t');
        const auto split = tab != std::string::npos ? tab : line.find('=');
        if (split != std::string::npos && !line.empty() && line[0] != '#') {
            urls.emplace_back(line.substr(0, split), line.substr(split + 1));
        }
    }
    return urls;
}

// The lines themselves; semicolons separate them as well, so URLs of ODBC have to be in a file.
Urls parse_setting(std::string text) {
    std::replace(text.begin(), text.end(), ';', '\n');
    return parse_lines(text);
}

std::string read_file(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::string environment(const char* name) {
    const char* const value = std::getenv(name);
    return value != nullptr ? value : "";
}

// A folder that is removed when the program ends.
class TemporaryFolder {
  public:
    TemporaryFolder() {
        std::string pattern = std::filesystem::temp_directory_path() / "dlock-test-XXXXXX";
        path_ = mkdtemp(pattern.data());
    }
    ~TemporaryFolder() {
        if (getpid() == owner_) {
            std::error_code ignored;
            std::filesystem::remove_all(path_, ignored);
        }
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
    pid_t owner_ = getpid();
};

std::vector<Database> find_databases() {
    const std::string setting = environment("DLOCK_TEST_URLS");
    const std::string servers = environment("DLOCK_TEST_SERVERS");
    std::map<std::string, std::string> admins;
    if (!servers.empty()) {
        for (const auto& [name, url] : parse_lines(read_file(servers + "/admin"))) {
            admins[name] = url;
        }
    }
    std::vector<Database> found;
    const bool is_file = !setting.empty() && std::filesystem::exists(setting);
    for (const auto& [name, url] :
         is_file ? parse_lines(read_file(setting)) : parse_setting(setting)) {
        found.push_back({name, url, admins[name]});
    }
    static const TemporaryFolder folder;
    found.push_back({"sqlite", "sqlite3://db=" + (folder.path() / "test.db").string(), ""});
    return found;
}

}  // namespace

std::string Database::backend() const {
    return url.substr(0, url.find("://"));
}

std::unique_ptr<soci::session> Database::open() const {
    return std::make_unique<soci::session>(url);
}

std::unique_ptr<soci::session> Database::open_admin() const {
    return std::make_unique<soci::session>(admin_url);
}

std::ostream& operator<<(std::ostream& out, const Database& database) {
    return out << database.name;
}

const std::vector<Database>& databases() {
    static const std::vector<Database> found = find_databases();
    return found;
}

std::string unique_key(const std::string& prefix) {
    static std::atomic<unsigned> count{0};
    static const auto start = std::chrono::system_clock::now().time_since_epoch().count();
    return prefix + "-" + std::to_string(start % 1000000007) + "-" + std::to_string(getpid()) +
           "-" + std::to_string(++count);
}

}  // namespace dlock_test
