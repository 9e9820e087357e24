// One leader among several processes; when it is killed, another one takes over.
// SPDX-License-Identifier: BSL-1.0
#include <dlock/asio.hpp>
#include <dlock/dlock.hpp>

#include <boost/asio.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <soci/soci.h>

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <exception>
#include <iostream>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <system_error>

using namespace std::chrono_literals;

namespace {

namespace net = boost::asio;
using namespace net::experimental::awaitable_operators;

// ---- A candidate: a process of its own, whose standard output the parent reads. ----

//[elected
// Waits until this process leads. It can do other things meanwhile: it looks up twice a second.
net::awaitable<void> until_elected(dlock::BaseLock& lock) {
    net::steady_timer timer(co_await net::this_coro::executor);
    while (!lock.locked()) {
        timer.expires_after(500ms);
        // Whichever comes first cancels the other. The lock may be granted all the same, just
        // before the cancel: locked() tells.
        co_await (dlock::async_acquire(lock, dlock::forever, net::use_awaitable) ||
                  timer.async_wait(net::use_awaitable));
    }
}
//]

net::awaitable<void> candidate(std::string url) {
    soci::session sql(url);
    const auto lock = dlock::create_lock(sql, "example 14: leader", {.helper_session = [url] {
                                             return std::make_unique<soci::session>(url);
                                         }});
    std::cout << ::getpid() << " ready" << std::endl;
    co_await until_elected(*lock);
    std::cout << ::getpid() << " leads" << std::endl;
    net::steady_timer timer(co_await net::this_coro::executor);
    while (co_await dlock::async_verify(*lock)) {
        std::cout << ::getpid() << " works" << std::endl;
        timer.expires_after(10ms);
        co_await timer.async_wait(net::use_awaitable);
    }
}

int be_candidate(const std::string& url) {
    ::signal(SIGPIPE, SIG_DFL);  // the end, should the parent die
    net::io_context context;
    net::co_spawn(context, candidate(url), [](const std::exception_ptr& error) {
        if (error != nullptr) {
            std::rethrow_exception(error);
        }
    });
    context.run();
    return 1;  // the leadership was lost
}

// ---- The parent: starts candidates, kills each leader, and sees who follows. ----

class Election {
  public:
    Election() {
        if (::pipe(pipe_.data()) != 0) {
            throw std::system_error(errno, std::generic_category(), "pipe");
        }
    }
    Election(const Election&) = delete;
    Election& operator=(const Election&) = delete;
    ~Election() {
        while (!candidates_.empty()) {
            kill(*candidates_.begin());
        }
        ::close(pipe_[0]);
        ::close(pipe_[1]);
    }

    // A new program, not only a fork: sessions and locks do not survive one.
    void start(const std::string& url) {
        std::array<std::string, 3> arguments{"example_14", "candidate", url};
        std::array<char*, 4> argv{arguments[0].data(), arguments[1].data(), arguments[2].data(),
                                  nullptr};
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, pipe_[1], STDOUT_FILENO);
        posix_spawn_file_actions_addclose(&actions, pipe_[0]);
        posix_spawn_file_actions_addclose(&actions, pipe_[1]);
        pid_t pid = 0;
        const int error =
            ::posix_spawn(&pid, "/proc/self/exe", &actions, nullptr, argv.data(), environ);
        posix_spawn_file_actions_destroy(&actions);
        if (error != 0) {
            throw std::system_error(error, std::generic_category(), "posix_spawn");
        }
        candidates_.insert(pid);
    }

    // The next line of any candidate: its number, and what it does.
    std::pair<pid_t, std::string> next() {
        std::string line;
        char c = 0;
        while (::read(pipe_[0], &c, 1) == 1 && c != '\n') {
            line += c;
        }
        const auto blank = line.find(' ');
        return {std::stoi(line.substr(0, blank)), line.substr(blank + 1)};
    }

    // Reads until somebody leads and has worked for a while. Throws if a second one does.
    pid_t leader() {
        pid_t leader = 0;
        for (int works = 0; works < 5;) {
            const auto [pid, what] = next();
            if (what == "ready" || candidates_.count(pid) == 0) {
                continue;  // the last words of one who was killed
            }
            if (leader != 0 && pid != leader) {
                throw std::runtime_error("there are two leaders");
            }
            leader = pid;
            works += what == "works" ? 1 : 0;
        }
        return leader;
    }

    void kill(pid_t pid) {
        if (candidates_.erase(pid) == 1) {
            ::kill(pid, SIGKILL);
            ::waitpid(pid, nullptr, 0);
        }
    }

  private:
    std::array<int, 2> pipe_{};
    std::set<pid_t> candidates_;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc == 3 && argv[1] == std::string("candidate")) {
        return be_candidate(argv[2]);
    }
    const std::string url = argc > 1 ? argv[1] : "sqlite3://db=example.db";
    constexpr int candidates = 4;
    try {
        Election election;
        for (int i = 0; i < candidates; ++i) {
            election.start(url);
        }
        for (int i = 0; i < candidates; ++i) {
            const pid_t leader = election.leader();
            std::cout << "process " << leader << " leads" << std::endl;
            election.kill(leader);
        }
    } catch (const std::exception& error) {
        std::cout << error.what() << '\n';
        return 1;
    }
    return 0;
}
