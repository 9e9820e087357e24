// Locks behind pgbouncer: found before anything is taken, and refused unless the caller vouches.
// SPDX-License-Identifier: BSL-1.0
#include "support/databases.hpp"
#include "support/server_view.hpp"

#include <dlock/dlock.hpp>

#include <gtest/gtest.h>
#include <soci/soci.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

namespace dlock_test {
namespace {

int free_port() {
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
        return 0;
    }
    close(listener);
    return ntohs(address.sin_port);
}

// A pgbouncer of the test's own in front of the database.
class Pgbouncer {
  public:
    Pgbouncer(const Database& database, const std::string& mode) : port_(free_port()) {
        std::string pattern = std::filesystem::temp_directory_path() / "dlock-bouncer-XXXXXX";
        folder_ = mkdtemp(pattern.data());
        const std::string ini = folder_ + "/pgbouncer.ini";
        std::ofstream(ini) << "[databases]\ntest = " << database.url.substr(13)
                           << "\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = " << port_
                           << "\nauth_type = any\nunix_socket_dir =\npool_mode = " << mode
                           << "\nmax_client_conn = 20\ndefault_pool_size = 2\nlogfile = " << folder_
                           << "/log\n";
        std::filesystem::permissions(folder_, std::filesystem::perms::all);
        std::filesystem::permissions(ini, std::filesystem::perms(0644));
        pid_ = fork();
        if (pid_ == 0) {
            const int null = open("/dev/null", O_RDWR);
            dup2(null, 1);
            dup2(null, 2);
            if (getuid() == 0) {  // pgbouncer refuses to run as root
                const passwd* const nobody = getpwnam("nobody");
                if (nobody == nullptr || setgid(nobody->pw_gid) != 0 ||
                    setuid(nobody->pw_uid) != 0) {
                    _exit(126);
                }
            }
            for (const char* const path : {"/usr/sbin/pgbouncer", "/usr/bin/pgbouncer"}) {
                execl(path, "pgbouncer", ini.c_str(), static_cast<char*>(nullptr));
            }
            _exit(127);
        }
    }
    ~Pgbouncer() {
        kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
        std::filesystem::remove_all(folder_);
    }

    [[nodiscard]] std::unique_ptr<soci::session> open_session() const {
        const std::string url =
            "postgresql://host=127.0.0.1 port=" + std::to_string(port_) + " user=lock dbname=test";
        std::unique_ptr<soci::session> session;
        const bool opened = eventually([&] {
            try {
                session = std::make_unique<soci::session>(url);
                return true;
            } catch (const soci::soci_error&) {
                return false;
            }
        });
        return opened ? std::move(session) : nullptr;
    }

  private:
    int port_;
    std::string folder_;
    pid_t pid_ = 0;
};

std::optional<Database> postgresql() {
    for (const Database& database : databases()) {
        if (database.is_postgresql() && database.is_native()) {
            return database;
        }
    }
    return std::nullopt;
}

}  // namespace

class BehindPgbouncer : public testing::TestWithParam<const char*> {
  protected:
    void SetUp() override {
        database_ = postgresql();
        if (!database_) {
            GTEST_SKIP() << "no PostgreSQL in DLOCK_TEST_URLS";
        }
        bouncer_ = std::make_unique<Pgbouncer>(*database_, GetParam());
        session_ = bouncer_->open_session();
        ASSERT_NE(session_, nullptr) << "pgbouncer did not start";
    }

    std::optional<Database> database_;
    std::unique_ptr<Pgbouncer> bouncer_;
    std::unique_ptr<soci::session> session_;
};

INSTANTIATE_TEST_SUITE_P(Modes, BehindPgbouncer,
                         testing::Values("session", "transaction", "statement"),
                         [](const auto& info) { return info.param; });

TEST_P(BehindPgbouncer, every_acquire_is_refused_and_takes_nothing) {
    ServerView view(*database_);
    const auto lock = dlock::create_lock(*session_, unique_key());
    for (const dlock::Wait wait : {dlock::no_wait, dlock::Wait(std::chrono::seconds(1))}) {
        std::error_code error;
        EXPECT_FALSE(lock->acquire(wait, error));
        EXPECT_EQ(error, dlock::errc::pooler_detected);
        EXPECT_EQ(view.holders(lock->actual_key()), 0);
    }
}

// In the other modes the promise would be false.
class BehindSessionPgbouncer : public BehindPgbouncer {};
INSTANTIATE_TEST_SUITE_P(Modes, BehindSessionPgbouncer, testing::Values("session"),
                         [](const auto& info) { return info.param; });

TEST_P(BehindSessionPgbouncer, works_if_the_caller_vouches_for_it) {
    ServerView view(*database_);
    const dlock::LockOptions vouched{.pooler = dlock::Pooler::session_mode};
    const auto lock = dlock::create_lock(*session_, unique_key(), vouched);
    lock->lock();
    EXPECT_TRUE(lock->verify());
    EXPECT_EQ(view.holders(lock->actual_key()), 1);
    const auto other_session = bouncer_->open_session();
    const auto other = dlock::create_lock(*other_session, lock->key(), vouched);
    EXPECT_FALSE(other->try_lock_for(std::chrono::milliseconds(20)));
    lock->release();
    EXPECT_EQ(view.holders(lock->actual_key()), 0);
}

}  // namespace dlock_test
