// SPDX-License-Identifier: BSL-1.0
#include "support/databases.hpp"

#include <dlock/factory.hpp>
#include <dlock/testing/simulator.hpp>

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <map>
#include <mutex>
#include <ostream>
#include <sstream>

namespace dlock_test {
namespace {

using Urls = std::vector<std::pair<std::string, std::string>>;

Urls parse(const std::string& text) {
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
        for (const auto& [name, url] : parse(read_file(servers + "/admin"))) {
            admins[name] = url;
        }
    }
    std::string text = setting;
    if (!setting.empty() && std::filesystem::exists(setting)) {
        text = read_file(setting);
    } else {
        std::replace(text.begin(), text.end(), ';', '\n');
    }
    std::vector<Database> found;
    for (const auto& [name, url] : parse(text)) {
        found.push_back({name, url, admins[name]});
    }
    dlock::testing::register_backend();
    for (const char* const name : {"postgresql", "mysql", "mssql", "oracle"}) {
        found.push_back({std::string(name) + "-sim", std::string("simulator://") + name, ""});
    }
    static const TemporaryFolder folder;
    found.push_back({"sqlite", "sqlite3://db=" + (folder.path() / "test.db").string(), ""});
    return found;
}

}  // namespace

std::string Database::backend() const {
    return url.substr(0, url.find("://"));
}

std::string Database::test_name() const {
    std::string text = name;
    std::replace(text.begin(), text.end(), '-', '_');
    return text;
}

std::string Database::product() const {
    const std::string kind = is_simulated() ? url.substr(url.find("://") + 3)
                             : is_odbc()    ? odbc_product()
                                            : backend();
    return kind == "mariadb" ? "mysql" : kind;
}

std::string Database::odbc_product() const {
    static std::mutex mutex;
    static std::map<std::string, std::string> products;
    const std::lock_guard lock(mutex);
    std::string& known = products[url];
    if (known.empty()) {
        const std::string found = dlock::capabilities(*open()).database;
        known = found == "PostgreSQL"   ? "postgresql"
                : found == "SQL Server" ? "mssql"
                : found == "Oracle"     ? "oracle"
                                        : "mysql";
    }
    return known;
}

const Database* Database::by_its_own_client() const {
    const std::string wanted = name.substr(0, name.find("-odbc"));
    for (const Database& database : databases()) {
        if (is_odbc() && database.name == wanted) {
            return &database;
        }
    }
    return nullptr;
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
