// Locks in the file beside an SQLite database. Labels: threaded, forks.
// SPDX-License-Identifier: BSL-1.0
#include "drivers/side_file_lock.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <numeric>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace dlock::detail {
namespace {

using namespace std::chrono_literals;
using Clock = SideFileLock::Clock;
using Outcome = SideFileLock::Outcome;
using std::filesystem::path;

constexpr std::int64_t key = 0x1234567;
const std::atomic<bool> never{false};

// A session with one lock.
struct Session {
    explicit Session(const path& database, std::int64_t k = key)
        : file(std::make_shared<SideFile>(database)), lock(file, k) {}
    bool wait(Clock::duration time, Mode mode = Mode::exclusive) {
        return lock.wait(mode, Clock::now() + time, never) == Outcome::granted;
    }
    [[nodiscard]] bool somebody_in_front() const {
        return !file->byte_free(2 * key + 1, Share::exclusive);
    }
    std::shared_ptr<SideFile> file;
    SideFileLock lock;
};

bool eventually(const std::function<bool()>& reached) {
    const auto deadline = Clock::now() + 30s;
    while (!reached() && Clock::now() < deadline) {
        std::this_thread::sleep_for(200us);
    }
    return reached();
}

class Child {
  public:
    explicit Child(const std::function<void()>& run) : pid_(fork()) {
        if (pid_ == 0) {
            run();
            _exit(0);
        }
    }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child() { kill(); }
    void kill() {
        if (pid_ > 0) {
            ::kill(pid_, SIGKILL);
            join();
        }
    }
    void join() { waitpid(std::exchange(pid_, -1), nullptr, 0); }
    [[nodiscard]] pid_t pid() const { return pid_; }

  private:
    pid_t pid_;
};

// Memory that the children share.
struct Ledger {
    std::atomic<int> ready, writers, readers, overlaps, served[8];
    std::atomic<bool> go, stop;

    void enter(bool shared) {
        const bool alone = shared ? (++readers, writers == 0) : writers++ == 0 && readers == 0;
        overlaps += alone ? 0 : 1;
    }
    void leave(bool shared) { --(shared ? readers : writers); }
};

class SideFileTest : public testing::Test {
  protected:
    SideFileTest() {
        char name[] = "/tmp/dlock-side-file-XXXXXX";
        folder_ = mkdtemp(name);
        database_ = folder_ / "shop.db";
        side_ = folder_ / "shop.db-dlock";
        std::ofstream(database_).put('\n');
        ledger_ = new (mmap(nullptr, sizeof(Ledger), PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS, -1, 0)) Ledger{};
    }
    ~SideFileTest() override {
        munmap(ledger_, sizeof(Ledger));
        std::filesystem::remove_all(folder_);
    }

    // A child that takes the lock again and again until the ledger says stop.
    std::unique_ptr<Child> worker(int number, Mode mode, Clock::duration hold,
                                  Clock::duration pause = 0ms) {
        return std::make_unique<Child>([=, this] {
            Session session(database_);
            ++ledger_->ready;
            eventually([&] { return ledger_->go.load(); });
            while (!ledger_->stop) {
                if (session.wait(5s, mode)) {
                    ledger_->enter(mode == Mode::shared);
                    if (hold > 0ms) {
                        std::this_thread::sleep_for(hold);
                    }
                    ++ledger_->served[number];
                    ledger_->leave(mode == Mode::shared);
                    ledger_->overlaps += session.lock.release() ? 0 : 1;
                }
                if (pause > 0ms) {
                    std::this_thread::sleep_for(pause);
                }
            }
        });
    }
    // Lets the eight workers run until that is reached.
    void run_until(const std::function<bool()>& reached) {
        ASSERT_TRUE(eventually([&] { return ledger_->ready == 8; }));
        ledger_->go = true;
        EXPECT_TRUE(eventually(reached));
        ledger_->stop = true;
    }
    int served() const {
        return std::accumulate(std::begin(ledger_->served), std::end(ledger_->served), 0);
    }
    int least_served() const { return *std::ranges::min_element(ledger_->served); }
    // A child that holds the lock until it is killed.
    std::unique_ptr<Child> holder(Mode mode = Mode::exclusive) {
        ledger_->ready = 0;
        auto child = std::make_unique<Child>([=, this] {
            Session session(database_);
            ledger_->ready = session.lock.try_lock(mode) ? 1 : 2;
            pause();
        });
        EXPECT_TRUE(eventually([&] { return ledger_->ready == 1; }));
        return child;
    }
    static int error_of(const path& database) {
        try {
            const SideFile file(database);
        } catch (const std::system_error& error) {
            EXPECT_NE(std::string(error.what()).find(database), std::string::npos);
            return error.code().value();
        }
        return 0;
    }

    path folder_, database_, side_;
    Ledger* ledger_;
};

TEST_F(SideFileTest, modes_exclude_each_other_within_a_process_and_between_processes) {
    for (const Mode held : {Mode::exclusive, Mode::shared}) {
        for (const Mode wanted : {Mode::exclusive, Mode::shared}) {
            const bool both = held == Mode::shared && wanted == Mode::shared;
            Session a(database_);
            Session b(database_);
            ASSERT_TRUE(a.lock.try_lock(held));
            EXPECT_EQ(b.lock.try_lock(wanted), both);
            EXPECT_EQ(b.lock.verify(), both);
            EXPECT_EQ(b.lock.release(), both);
            EXPECT_TRUE(a.lock.verify());
            EXPECT_TRUE(a.lock.release());
            EXPECT_FALSE(a.lock.release());
            EXPECT_FALSE(a.lock.verify());
            const auto child = holder(held);
            EXPECT_EQ(a.lock.try_lock(wanted), both);
        }
    }
}

TEST_F(SideFileTest, keys_at_the_ends_of_the_range_are_independent) {
    constexpr std::int64_t last = SideFileLock::key_end - 1;
    std::vector<std::unique_ptr<Session>> sessions;
    for (const std::int64_t k : {std::int64_t{0}, std::int64_t{1}, last - 1, last}) {
        sessions.push_back(std::make_unique<Session>(database_, k));
        EXPECT_TRUE(sessions.back()->wait(1s)) << k;
        EXPECT_TRUE(sessions.back()->lock.verify()) << k;
        EXPECT_FALSE(Session(database_, k).wait(1ms)) << k;
    }
    // Several keys through one descriptor: giving one back leaves its neighbours.
    const auto& file = sessions.back()->file;
    SideFileLock next(file, 2);
    SideFileLock after(file, 3);
    EXPECT_TRUE(next.try_lock(Mode::exclusive) && after.try_lock(Mode::shared));
    EXPECT_TRUE(next.release());
    EXPECT_TRUE(after.verify() && sessions.back()->lock.verify() && !next.verify());
}

TEST_F(SideFileTest, a_wait_ends_at_its_deadline_and_never_before) {
    Session a(database_);
    Session b(database_);
    ASSERT_TRUE(a.lock.try_lock(Mode::exclusive));
    auto best = Clock::duration::max();
    for (int i = 0; i < 20 && best >= 170ms; ++i) {
        const auto begin = Clock::now();
        EXPECT_FALSE(b.wait(150ms));
        EXPECT_GE(Clock::now() - begin, 150ms);
        best = std::min(best, Clock::now() - begin);
    }
    EXPECT_LT(best, 170ms);
    EXPECT_FALSE(b.wait(-1h));
    EXPECT_FALSE(b.somebody_in_front());
}

TEST_F(SideFileTest, a_cancelled_wait_ends_at_once_in_front_and_behind) {
    Session holder(database_);
    ASSERT_TRUE(holder.lock.try_lock(Mode::exclusive));
    std::atomic<bool> cancelled{false};
    std::atomic<int> ended{0};
    std::vector<std::jthread> threads;
    for (int i = 0; i < 3; ++i) {
        threads.emplace_back([&] {
            Session session(database_);
            const auto end = Clock::time_point::max();
            ended += session.lock.wait(Mode::exclusive, end, cancelled) == Outcome::cancelled;
        });
    }
    ASSERT_TRUE(eventually([&] { return holder.somebody_in_front(); }));
    cancelled = true;
    SideFileLock::wake_waiters(*holder.file, key);
    EXPECT_TRUE(eventually([&] { return ended == 3; }));
    threads.clear();
    EXPECT_TRUE(holder.lock.release());
    EXPECT_TRUE(Session(database_).lock.try_lock(Mode::exclusive));
}

TEST_F(SideFileTest, kill_of_the_holder_frees_the_lock) {
    auto best = Clock::duration::max();
    for (int i = 0; i < 20 && best >= 100ms; ++i) {
        const auto child = holder();
        Session waiter(database_);
        Clock::time_point granted;
        std::jthread thread([&] {
            EXPECT_TRUE(waiter.wait(5s));
            granted = Clock::now();
        });
        ASSERT_TRUE(eventually([&] { return Session(database_).somebody_in_front(); }));
        const auto begin = Clock::now();
        child->kill();
        thread.join();
        best = std::min(best, granted - begin);
    }
    EXPECT_LT(best, 100ms);
}

TEST_F(SideFileTest, killed_waiters_leave_nothing_that_blocks) {
    Session session(database_);
    ASSERT_TRUE(session.lock.try_lock(Mode::exclusive));
    std::vector<std::unique_ptr<Child>> children;
    for (int i = 0; i < 6; ++i) {
        children.push_back(worker(i, Mode::exclusive, 0ms));
    }
    ledger_->go = true;
    ASSERT_TRUE(eventually([&] { return ledger_->ready == 6 && session.somebody_in_front(); }));
    for (const auto& child : children) {
        child->kill();
    }
    EXPECT_FALSE(session.somebody_in_front());
    EXPECT_TRUE(session.lock.release());
    EXPECT_TRUE(Session(database_).lock.try_lock(Mode::exclusive));
}

TEST_F(SideFileTest, a_stopped_front_waiter_is_passed_by) {
    auto first = holder();
    const auto front = worker(0, Mode::exclusive, 0ms);
    ledger_->go = true;
    Session session(database_);
    ASSERT_TRUE(eventually([&] { return session.somebody_in_front(); }));
    ::kill(front->pid(), SIGSTOP);
    int status = 0;
    ASSERT_EQ(waitpid(front->pid(), &status, WUNTRACED), front->pid());
    first->kill();
    EXPECT_FALSE(session.lock.try_lock(Mode::exclusive));
    EXPECT_TRUE(session.wait(2s));
}

TEST_F(SideFileTest, after_a_deletion_all_meet_on_the_new_file) {
    Session a(database_);
    Session b(database_);
    Session held(database_, key + 1);
    ASSERT_TRUE(held.lock.try_lock(Mode::exclusive) && held.lock.verify());
    std::filesystem::remove(side_);
    EXPECT_FALSE(held.lock.verify());
    EXPECT_FALSE(held.lock.release()) << "it excluded nobody any more";
    EXPECT_TRUE(a.lock.try_lock(Mode::exclusive));
    EXPECT_FALSE(b.lock.try_lock(Mode::exclusive));
    EXPECT_TRUE(a.lock.verify());

    // Replaced while somebody waits on the old file for a lock that is then taken on the new one.
    Session probe(database_);
    std::atomic<bool> granted{false};
    std::jthread waiter([&] { granted = b.wait(5s); });
    ASSERT_TRUE(eventually([&] { return probe.somebody_in_front(); }));
    std::ofstream(folder_ / "other").put('x');
    std::filesystem::rename(folder_ / "other", side_);
    Session c(database_);
    ASSERT_TRUE(c.lock.try_lock(Mode::exclusive));
    EXPECT_FALSE(a.lock.release());
    ASSERT_TRUE(eventually([&] { return c.somebody_in_front(); }));
    EXPECT_FALSE(granted);
    EXPECT_TRUE(c.lock.release());
    waiter.join();
    EXPECT_TRUE(granted);
}

TEST_F(SideFileTest, nonsense_in_the_file_and_a_truncated_file_do_no_harm) {
    Session a(database_);
    Session b(database_);
    std::ofstream(side_) << std::string(SideFile::hints_size, '\xFF');
    for (int i = 0; i < 2; ++i) {
        ASSERT_TRUE(a.wait(1s));
        std::jthread waiter([&] { EXPECT_TRUE(b.wait(5s) && b.lock.release()); });
        ASSERT_TRUE(eventually([&] { return a.somebody_in_front(); }));
        EXPECT_TRUE(a.lock.release());
        waiter.join();
        std::filesystem::resize_file(side_, 0);
    }
}

TEST_F(SideFileTest, a_descriptor_that_somebody_else_closed_is_noticed_and_not_closed_again) {
    int foreign = -1;
    {
        Session session(database_);
        ASSERT_TRUE(session.lock.try_lock(Mode::exclusive));
        ::close(session.file->descriptor());
        foreign = ::open("/dev/null", O_RDWR | O_CLOEXEC);
        ASSERT_EQ(foreign, session.file->descriptor());
        EXPECT_FALSE(session.lock.verify());
        EXPECT_FALSE(session.lock.release());
        EXPECT_TRUE(session.lock.try_lock(Mode::exclusive));
        EXPECT_NE(foreign, session.file->descriptor());
        EXPECT_FALSE(Session(database_).lock.try_lock(Mode::exclusive));
    }
    EXPECT_EQ(::close(foreign), 0);
}

TEST_F(SideFileTest, owner_mode_and_links_are_those_of_the_database) {
    const bool root = geteuid() == 0;
    if (root) {
        ASSERT_EQ(chown(database_.c_str(), 1234, 5678), 0);
    }
    ASSERT_EQ(chmod(database_.c_str(), 0464), 0);
    std::filesystem::create_symlink(database_, folder_ / "link.db");
    Session by_link(folder_ / "link.db");
    struct stat side {};
    ASSERT_EQ(stat(side_.c_str(), &side), 0);
    EXPECT_EQ(side.st_mode & 07777U, 0664U) << "and the owner may write";
    EXPECT_EQ(side.st_uid, root ? 1234 : geteuid());
    EXPECT_EQ(by_link.file->path(), side_);
    EXPECT_EQ(fcntl(by_link.file->descriptor(), F_GETFD), FD_CLOEXEC);
    ASSERT_TRUE(by_link.lock.try_lock(Mode::exclusive));
    EXPECT_FALSE(Session(database_).lock.try_lock(Mode::exclusive));
}

TEST_F(SideFileTest, what_cannot_be_opened_is_an_error_with_its_errno) {
    EXPECT_EQ(error_of(folder_ / "none.db"), ENOENT);
    std::filesystem::create_symlink("elsewhere", side_);
    EXPECT_EQ(error_of(database_), ELOOP);
    std::filesystem::remove(side_);
    ASSERT_EQ(mkfifo(side_.c_str(), 0600), 0);
    EXPECT_EQ(error_of(database_), EINVAL);
    std::filesystem::remove(side_);
    ASSERT_EQ(chmod(folder_.c_str(), 0555), 0);
    Child([&] {
        ledger_->ready = geteuid() == 0 && setuid(65534) != 0 ? -1 : error_of(database_);
    }).join();
    EXPECT_EQ(ledger_->ready, EACCES);
    chmod(folder_.c_str(), 0755);
}

TEST_F(SideFileTest, eight_processes_never_overlap_and_are_served_alike) {
    for (const auto hold : {0ms, 1ms}) {
        new (ledger_) Ledger{};
        std::vector<std::unique_ptr<Child>> children;
        for (int i = 0; i < 8; ++i) {
            children.push_back(worker(i, Mode::exclusive, hold));
        }
        // Enough for the scheduler's turns not to decide.
        run_until([&] { return served() >= (hold == 0ms ? 100000 : 1000); });
        for (const auto& child : children) {
            child->join();
        }
        const int sum = served();
        const int least = least_served();
        EXPECT_EQ(ledger_->overlaps, 0);
        EXPECT_GE(least * 16, sum) << "least " << least << " of " << sum;
        RecordProperty(hold == 0ms ? "least_share_0ms" : "least_share_1ms",
                       std::to_string(8.0 * least / sum));
    }
}

TEST_F(SideFileTest, readers_and_writers_do_not_starve_each_other) {
    std::vector<std::unique_ptr<Child>> children;
    for (int i = 0; i < 5; ++i) {
        children.push_back(worker(i, Mode::shared, 50ms));
    }
    for (int i = 5; i < 8; ++i) {
        children.push_back(worker(i, Mode::exclusive, 5ms));
    }
    run_until([&] { return least_served() >= 3; });
    for (const auto& child : children) {
        child->join();
    }
    EXPECT_EQ(ledger_->overlaps, 0);
}

TEST_F(SideFileTest, a_forked_child_can_destroy_what_another_thread_had_in_hand) {
    auto file = std::make_unique<SideFile>(database_);
    std::atomic<bool> in_hand{false};
    std::atomic<bool> go_on{false};
    std::thread other([&] {
        const auto pin = file->pin();
        in_hand = true;
        eventually([&] { return go_on.load(); });
    });
    EXPECT_TRUE(eventually([&] { return in_hand.load(); }));
    const pid_t child = fork();
    if (child == 0) {
        alarm(10);  // for what waits for ever
        file.reset();
        _exit(0);
    }
    go_on = true;
    int status = -1;
    waitpid(child, &status, 0);
    EXPECT_TRUE(WIFEXITED(status)) << "it waited for a thread that it does not have";
    other.join();
}

}  // namespace
}  // namespace dlock::detail
