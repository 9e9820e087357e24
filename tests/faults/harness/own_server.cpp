// SPDX-License-Identifier: BSL-1.0
#include "faults/harness/own_server.hpp"

#include "faults/harness/trial.hpp"

#include <signal.h>
#include <stdlib.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <utility>

namespace dlock_test {
namespace {

// The lines "name<TAB>url" of a file.
std::map<std::string, std::string> lines_of(const std::string& path) {
    std::map<std::string, std::string> lines;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
        const auto tab = line.find('\t');
        lines[line.substr(0, tab)] = line.substr(tab + 1);
    }
    return lines;
}

}  // namespace

OwnServer::OwnServer(std::string product) : product_(std::move(product)) {
    std::string pattern = std::filesystem::temp_directory_path() / "dlock-own-XXXXXX";
    folder_ = mkdtemp(pattern.data());
    // PostgreSQL runs as another user where this is root.
    std::filesystem::permissions(folder_, std::filesystem::perms(0755));
    run("start");
    const auto admins = lines_of(folder_ + "/admin");
    for (const auto& [name, url] : lines_of(folder_ + "/urls")) {
        databases_[name] = {name, url, admins.at(name)};
    }
    if (databases_.empty()) {
        run("stop");
        throw NotApplicable("no " + product_ + " that could be started");
    }
}

OwnServer::~OwnServer() {
    columns_.clear();
    try {
        run("stop");
    } catch (const std::exception&) {  // whoever reads the output sees what scripts/servers said
    }
}

Column OwnServer::column(const Column& like) {
    if (like.pool_mode.empty()) {
        return {like.name, databases_.at(like.name), "", nullptr};
    }
    Column& column = columns_[like.name];
    if (column.bouncer == nullptr) {
        const auto bouncer =
            std::make_shared<Pgbouncer>(databases_.at("postgresql"), like.pool_mode);
        (void)bouncer->open_session();
        column = behind(bouncer,
                        databases_.at(like.database.is_odbc() ? "postgresql-odbc" : "postgresql"));
    }
    return column;
}

void OwnServer::run(const std::string& action) const {
    const std::string name = action == "stop" ? "" : " " + product_;
    const std::string command =
        DLOCK_SERVERS " " + action + " " + folder_ + name + " >/dev/null 2>&1";
    if (std::system(command.c_str()) != 0) {
        throw Broken("scripts/servers " + action + " failed");
    }
}

// Those that work in its data folder.
std::vector<pid_t> OwnServer::processes() const {
    std::vector<pid_t> found;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        const std::string name = entry.path().filename();
        pid_t pid = 0;
        std::error_code error;
        if (std::from_chars(name.data(), name.data() + name.size(), pid).ec == std::errc{} &&
            std::filesystem::read_symlink(entry.path() / "cwd", error) ==
                folder_ + "/" + product_ + "/data") {
            found.push_back(pid);
        }
    }
    return found;
}

void OwnServer::signal_all(int number) const {
    for (const pid_t pid : processes()) {
        kill(pid, number);
    }
}

void OwnServer::until_gone() const {
    if (!eventually([&] { return processes().empty(); })) {
        throw Broken("the server does not stop");
    }
}

void OwnServer::restart() {
    run("restart");
}

void OwnServer::crash() {
    signal_all(SIGKILL);
    until_gone();
}

void OwnServer::stop_immediately() {
    pid_t main = 0;
    std::ifstream(folder_ + "/" + product_ + "/pid") >> main;
    const auto all = processes();
    if (std::find(all.begin(), all.end(), main) == all.end()) {
        throw Broken("the server has no main process");
    }
    kill(main, SIGQUIT);
    until_gone();
}

void OwnServer::start() {
    run("restart");
}

void OwnServer::become_standby(bool standby) {
    const std::string mark = folder_ + "/" + product_ + "/data/standby.signal";
    if (standby) {
        const std::ofstream made(mark);
        std::filesystem::permissions(mark, std::filesystem::perms(0666));
    } else {
        std::filesystem::remove(mark);
    }
    restart();
}

}  // namespace dlock_test
