// SPDX-License-Identifier: BSL-1.0
#include "targets.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <thread>

namespace dlock_bench {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view scheme_end = "://";

// The parameters of a SOCI connection string: "name=value", separated by blanks.
std::vector<std::string> parameters_of(const std::string& url) {
    std::vector<std::string> parameters;
    std::size_t from = url.find(scheme_end) + scheme_end.size();
    while (from < url.size()) {
        const std::size_t to = std::min(url.find(' ', from), url.size());
        if (to > from) {
            parameters.push_back(url.substr(from, to - from));
        }
        from = to + 1;
    }
    return parameters;
}

std::string socket_url(const dlock_test::Database& database) {
    const char* const servers = std::getenv("DLOCK_TEST_SERVERS");
    if (servers == nullptr) {
        return "";
    }
    const std::string folder = std::string(servers) + "/" + database.name;
    if (database.is_postgresql()) {
        const std::string port = parameter_of(database.url, "port");
        return std::filesystem::exists(folder + "/.s.PGSQL." + port)
                   ? with_parameter(database.url, "host", folder)
                   : "";
    }
    if (!database.is_mysql() || !std::filesystem::exists(folder + "/socket")) {
        return "";
    }
    const std::string url = with_parameter(with_parameter(database.url, "host", ""), "port", "");
    return with_parameter(url, "unix_socket", folder + "/socket");
}

// True if the thread sleeps in the kernel.
bool sleeps(int tid) {
    std::ifstream file("/proc/self/task/" + std::to_string(tid) + "/stat");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const std::size_t name_end = text.rfind(')');
    return tid > 0 && name_end != std::string::npos && text.compare(name_end, 3, ") S") == 0;
}

std::string to_hex(const std::string& text) {
    static const char digits[] = "0123456789abcdef";
    std::string hex;
    for (const char c : text) {
        hex += digits[static_cast<unsigned char>(c) >> 4U];
        hex += digits[static_cast<unsigned char>(c) & 15U];
    }
    return hex;
}

}  // namespace

std::string with_parameter(const std::string& url, const std::string& name,
                           const std::string& value) {
    std::string result = url.substr(0, url.find(scheme_end)) + std::string(scheme_end);
    for (const auto& parameter : parameters_of(url)) {
        if (parameter.rfind(name + "=", 0) != 0) {
            result += parameter + " ";
        }
    }
    return value.empty() ? result : result + name + "=" + value;
}

std::string parameter_of(const std::string& url, const std::string& name) {
    for (const auto& parameter : parameters_of(url)) {
        if (parameter.rfind(name + "=", 0) == 0) {
            return parameter.substr(name.size() + 1);
        }
    }
    return "";
}

std::vector<Target> targets() {
    std::vector<Target> found;
    for (const auto& database : dlock_test::databases()) {
        if (!database.is_native()) {
            continue;  // no raw calls to compare with
        }
        found.push_back({database, database.is_sqlite() ? "file" : "TCP"});
        const std::string url = socket_url(database);
        if (!url.empty()) {
            found.push_back({{database.name, url, database.admin_url}, "unix socket"});
        }
    }
    return found;
}

int WaiterProbe::waiters(const dlock::ActualKey& key) {
    if (!database_.is_mysql()) {
        return view_.waiters(key);
    }
    // The library sends the name as hexadecimal digits, the raw driver as it is.
    const auto& text = std::get<std::string>(key.value());
    int count = 0;
    view_.sql() << "select count(*) from information_schema.processlist where state = 'User lock' "
                   "and (info like '%" +
                       text + "%' or info like '%" + to_hex(text) + "%')",
        soci::into(count);
    return count;
}

void WaiterProbe::wait_for(const dlock::ActualKey& key, int count, int tid) {
    const auto end = std::chrono::steady_clock::now() + 20s;
    const auto arrived = [&] {
        return database_.is_sqlite() ? sleeps(tid) : waiters(key) >= count;
    };
    while (!arrived()) {
        if (std::chrono::steady_clock::now() > end) {
            throw std::runtime_error("nobody waits in " + database_.name);
        }
        std::this_thread::sleep_for(200us);
    }
    std::this_thread::sleep_for(2ms);  // lets the processors and the probe's session go idle
}

}  // namespace dlock_bench
