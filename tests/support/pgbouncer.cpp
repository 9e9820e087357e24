// SPDX-License-Identifier: BSL-1.0
#include "support/pgbouncer.hpp"

#include "support/server_view.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>

namespace dlock_test {

namespace {

constexpr std::array programs = {"/usr/sbin/pgbouncer", "/usr/bin/pgbouncer"};

bool is_listening(const std::string& log) {
    std::ifstream file(log);
    for (std::string line; std::getline(file, line);) {
        if (line.find("listening on") != std::string::npos) {
            return true;
        }
    }
    return false;
}

}  // namespace

int free_port() {
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    const bool found = bind(listener, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                       getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) == 0;
    close(listener);
    return found ? ntohs(address.sin_port) : 0;
}

bool Pgbouncer::is_installed() {
    return std::any_of(programs.begin(), programs.end(),
                       [](const char* program) { return access(program, X_OK) == 0; });
}

Pgbouncer::Pgbouncer(const Database& database, const std::string& mode)
    : database_(database), mode_(mode) {
    std::string pattern = std::filesystem::temp_directory_path() / "dlock-bouncer-XXXXXX";
    folder_ = mkdtemp(pattern.data());
    database_.name = "pgbouncer-" + mode;
    constexpr int attempts = 5;
    for (int i = 0; i < attempts && !start(database.url, free_port()); ++i) {
    }
}

// False if it ended: somebody else may have taken the port meanwhile.
bool Pgbouncer::start(const std::string& url, int port) {
    database_.url =
        "postgresql://host=127.0.0.1 port=" + std::to_string(port) + " user=lock dbname=test";
    const std::string ini = folder_ + "/pgbouncer.ini";
    const std::string log = folder_ + "/log";
    std::filesystem::remove(log);
    std::ofstream(ini) << "[databases]\ntest = " << url.substr(13)
                       << "\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = " << port
                       << "\nauth_type = any\nunix_socket_dir =\npool_mode = " << mode_
                       << "\nmax_client_conn = 100\ndefault_pool_size = 20\nlogfile = " << log
                       << "\n";
    std::filesystem::permissions(ini, std::filesystem::perms(0600));  // it has the password
    // pgbouncer refuses to run as root.
    const passwd* const nobody = getuid() == 0 ? getpwnam("nobody") : nullptr;
    if (nobody != nullptr) {
        (void)!chown(folder_.c_str(), nobody->pw_uid, nobody->pw_gid);
        (void)!chown(ini.c_str(), nobody->pw_uid, nobody->pw_gid);
    }
    pid_ = fork();
    if (pid_ == 0) {
        const int null = open("/dev/null", O_RDWR);
        dup2(null, 1);
        dup2(null, 2);
        if (nobody != nullptr && (setgid(nobody->pw_gid) != 0 || setuid(nobody->pw_uid) != 0)) {
            _exit(126);
        }
        prctl(PR_SET_PDEATHSIG, SIGKILL);  // it does not outlive the tests
        for (const char* const program : programs) {
            execl(program, "pgbouncer", ini.c_str(), static_cast<char*>(nullptr));
        }
        _exit(127);
    }
    const auto has_ended = [this] { return waitpid(pid_, nullptr, WNOHANG) == pid_; };
    bool ended = false;
    (void)eventually([&] { return (ended = has_ended()) || is_listening(log); });
    if (ended) {
        pid_ = 0;
    }
    return !ended;
}

Pgbouncer::~Pgbouncer() {
    if (pid_ != 0) {
        kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
    }
    std::filesystem::remove_all(folder_);
}

std::unique_ptr<soci::session> Pgbouncer::open_session() const {
    std::unique_ptr<soci::session> session;
    const bool opened = eventually([&] {
        try {
            session = database_.open();
            return true;
        } catch (const soci::soci_error&) {
            return false;
        }
    });
    return opened ? std::move(session) : nullptr;
}

}  // namespace dlock_test
