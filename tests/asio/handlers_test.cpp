// What belongs to a handler: its executor, its allocator, and when it is called.
// SPDX-License-Identifier: BSL-1.0
#include "asio/fixture.hpp"

#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>

#include <map>

namespace dlock_test {
namespace {

// What was taken and not given back.
struct Memory {
    std::atomic<long> taken{0};
    std::atomic<long> all{0};
};

template <class T>
class CountingAllocator {
  public:
    using value_type = T;

    explicit CountingAllocator(Memory& memory) : memory_(&memory) {}
    template <class U>
    CountingAllocator(const CountingAllocator<U>& other) : memory_(&other.memory()) {}

    T* allocate(std::size_t count) {
        ++memory_->taken;
        ++memory_->all;
        return std::allocator<T>().allocate(count);
    }
    void deallocate(T* address, std::size_t count) {
        --memory_->taken;
        std::allocator<T>().deallocate(address, count);
    }
    [[nodiscard]] Memory& memory() const { return *memory_; }

    template <class U>
    bool operator==(const CountingAllocator<U>& other) const {
        return memory_ == &other.memory();
    }

  private:
    Memory* memory_;
};

}  // namespace

class AsioHandlers : public AsioTest {};
DLOCK_ASIO_ON_EACH_DATABASE(AsioHandlers);

TEST_P(AsioHandlers, never_run_inside_the_initiating_function) {
    const auto lock = lock_a();
    Answer answer;
    // Known at once: the lock is not held.
    net::post(io_, [&] {
        dlock::async_release(*lock, only_to(answer));
        EXPECT_EQ(answer.calls, 0);
        dlock::async_verify(*lock, only_to(answer));
        EXPECT_EQ(answer.calls, 0);
        dlock::async_close(*lock, only_to(answer));
        EXPECT_EQ(answer.calls, 0);
    });
    io_.run();
    EXPECT_EQ(answer.calls, 3);
    // Also if the blocking executor works at once.
    const auto at_once =
        lock_a({.blocking_executor = [](const std::function<void()>& job) { job(); }});
    Answer taken;
    net::post(io_, [&] {
        dlock::async_acquire(*at_once, 5s, only_to(taken));
        EXPECT_EQ(taken.calls, 0);
    });
    run_until(taken);
    EXPECT_TRUE(taken.held) << taken.error.message();
}

TEST_P(AsioHandlers, run_on_their_executor) {
    net::thread_pool pool(2);
    auto strand = net::make_strand(pool);
    auto other = net::make_strand(io_);
    const auto lock = lock_a();
    for (const bool in_pool : {true, false}) {
        std::promise<bool> where;
        const auto handler = [&](error_code error, bool held) {
            EXPECT_TRUE(!error && held) << error.message();
            where.set_value(strand.running_in_this_thread());
        };
        // The I/O in one place, the handler in another.
        if (in_pool) {
            dlock::async_acquire(other, *lock, 5s, net::bind_executor(strand, handler));
        } else {
            dlock::async_acquire(strand, *lock, 5s, handler);
        }
        auto future = where.get_future();
        run_until([&] { return future.wait_for(0s) == std::future_status::ready; });
        EXPECT_TRUE(future.get());
        lock->release();
    }
    pool.join();
}

TEST_P(AsioHandlers, keep_the_contexts_alive_as_long_as_they_wait) {
    net::thread_pool pool(1);
    const auto holder = lock_b();
    holder->lock();
    const auto lock = lock_a();
    Answer answer;
    dlock::async_acquire(io_.get_executor(), *lock, 60s,
                         net::bind_executor(pool, answer.handler()));
    run_until_waiting(*lock);
    auto loop = in_thread([&] {
        io_.restart();
        io_.run();
    });
    holder->release();
    pool.join();  // has nothing to do but this handler
    EXPECT_EQ(answer.calls, 1);
    EXPECT_TRUE(answer.held);
    loop.get();
}

TEST_P(AsioHandlers, have_an_allocator_that_owes_nothing_when_they_are_called) {
    const auto lock = lock_a(with_helper());
    const auto holder = lock_b();
    for (const bool waits : {false, true}) {
        Memory memory;
        Answer answer;
        long taken = -1;
        if (waits) {
            holder->lock();
        }
        auto record = answer.handler();
        dlock::async_acquire(
            *lock, dlock::forever,
            net::bind_allocator(
                CountingAllocator<char>(memory),
                net::bind_executor(io_, net::bind_cancellation_slot(
                                            signal_.slot(), [&](error_code error, bool held) {
                                                taken = memory.taken;
                                                record(error, held);
                                            }))));
        EXPECT_GT(memory.all, 0) << "the allocator is used";
        if (waits) {
            run_until_waiting(*lock);
            signal_.emit(net::cancellation_type::total);
        }
        run_until(answer);
        EXPECT_EQ(taken, 0) << "memory that the handler may have ended";
        EXPECT_EQ(memory.taken, 0);
        EXPECT_EQ(answer.held, !waits) << answer.error.message();
        if (answer.held) {
            lock->release();
        }
    }
}

TEST_P(AsioHandlers, that_throw_do_so_through_run) {
    const auto lock = lock_a();
    dlock::async_acquire(io_.get_executor(), *lock, 5s,
                         [](error_code, bool) { throw std::runtime_error("the handler's"); });
    EXPECT_THROW(io_.run(), std::runtime_error);
    EXPECT_TRUE(lock->locked());
    EXPECT_TRUE(lock->verify());
    lock->release();
    EXPECT_TRUE(is_free());
    io_.restart();
    io_.run();
}

TEST_P(AsioHandlers, may_start_the_next_operation_and_destroy_the_lock) {
    auto lock = lock_a();
    int rounds = 0;
    std::function<void()> next = [&] {
        dlock::async_acquire(io_.get_executor(), *lock, 5s, [&](error_code error, bool held) {
            ASSERT_TRUE(!error && held) << error.message();
            dlock::async_release(io_.get_executor(), *lock, [&](error_code failure) {
                ASSERT_FALSE(failure) << failure.message();
                if (++rounds < 20) {
                    next();
                } else {
                    lock.reset();
                }
            });
        });
    };
    next();
    io_.run();
    EXPECT_EQ(rounds, 20);
    EXPECT_EQ(lock, nullptr);
    EXPECT_TRUE(is_free());
}

TEST_P(AsioHandlers, run_in_a_pool_of_threads) {
    net::thread_pool pool(4);
    constexpr int workers = 6;
    std::atomic<int> inside{0};
    std::atomic<int> rounds{0};
    std::vector<std::unique_ptr<soci::session>> sessions;
    std::vector<std::unique_ptr<dlock::BaseLock>> locks;
    std::function<void(dlock::BaseLock&, int)> round = [&](dlock::BaseLock& lock, int left) {
        dlock::async_acquire(
            pool.get_executor(), lock, 60s, [&, left](error_code error, bool held) {
                ASSERT_TRUE(!error && held) << error.message();
                EXPECT_EQ(++inside, 1);
                ++rounds;
                --inside;
                dlock::async_release(pool.get_executor(), lock, [&, left](error_code failure) {
                    ASSERT_FALSE(failure) << failure.message();
                    if (left > 1) {
                        round(lock, left - 1);
                    }
                });
            });
    };
    for (int i = 0; i < workers; ++i) {
        sessions.push_back(GetParam().open());
        locks.push_back(dlock::create_lock(*sessions.back(), key_));
        round(*locks.back(), 5);
    }
    pool.join();
    EXPECT_EQ(rounds, workers * 5);
    EXPECT_TRUE(is_free());
}

}  // namespace dlock_test
