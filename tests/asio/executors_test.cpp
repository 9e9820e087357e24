// Which executor does what, and a process that has no descriptor left to watch with.
// SPDX-License-Identifier: BSL-1.0
#include "asio/fixture.hpp"

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/thread_pool.hpp>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

namespace dlock_test {

class AsioExecutors : public AsioTest {};
DLOCK_ASIO_ON_EACH_DATABASE(AsioExecutors);

TEST_P(AsioExecutors, the_one_that_is_given_does_the_io_and_the_handlers_own_runs_the_handler) {
    net::thread_pool pool(1);
    const auto lock = lock_a();
    Answer answer;
    dlock::async_acquire(io_.get_executor(), *lock, 60s,
                         net::bind_executor(pool, answer.handler()));
    EXPECT_GT(io_.run(), 0U) << "it has nothing to do with the operation";
    pool.join();
    EXPECT_EQ(answer.calls, 1);
    EXPECT_TRUE(answer.held) << answer.error.message();
}

TEST_P(AsioExecutors, without_one_the_handlers_own_does_both) {
    const auto lock = lock_a();
    Answer answer;
    dlock::async_acquire(*lock, 60s, only_to(answer));
    EXPECT_GT(io_.run(), 0U);
    EXPECT_TRUE(answer.held) << answer.error.message();
}

TEST_P(AsioExecutors, one_that_cannot_do_io_still_runs_the_handler) {
    const auto lock = lock_a();
    Answer answer;
    net::any_completion_handler<void(error_code, bool)> handler(only_to(answer));
    dlock::async_acquire(*lock, 60s, std::move(handler));
    ASSERT_TRUE(eventually([&] {
        io_.restart();
        io_.poll();
        return answer.came();
    }));
    EXPECT_TRUE(answer.held) << answer.error.message();
}

/// No descriptor can be made while it lives.
class NoDescriptors {
  public:
    NoDescriptors() {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        const int next = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
        ::close(next);
        rlimit none = before_;
        none.rlim_cur = static_cast<rlim_t>(next);
        ::setrlimit(RLIMIT_NOFILE, &none);
    }
    NoDescriptors(const NoDescriptors&) = delete;
    NoDescriptors& operator=(const NoDescriptors&) = delete;
    ~NoDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

  private:
    rlimit before_{};
};

TEST_P(AsioExecutors, without_a_descriptor_to_watch_an_operation_ends_all_the_same) {
    const auto lock = lock_a();
    const auto holder = lock_b();
    Answer first;
    dlock::async_acquire(io_.get_executor(), *lock, 60s, only_to(first));
    run_until(first);  // what the context needs is there now
    lock->release();
    holder->lock();
    {
        const NoDescriptors none;
        Answer second;
        dlock::async_acquire(io_.get_executor(), *lock, 60s, only_to(second));
        run_until_waiting(*lock);
        holder->release();
        run_until(second);
        EXPECT_TRUE(second.held) << second.error.message();
    }
    lock->release();
}

}  // namespace dlock_test
