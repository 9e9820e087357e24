// SPDX-License-Identifier: BSL-1.0
#include "conformance/test_lock.hpp"

#include <stdexcept>
#include <utility>

namespace dlock_test {
namespace {

bool split(const AsyncCalls::Outcome& outcome, std::error_code& error) {
    error = outcome.error;
    return outcome.result;
}

}  // namespace

TestLock::TestLock(std::unique_ptr<dlock::BaseLock> lock, Road road)
    : lock_(std::move(lock)), async_(road == Road::async ? async_calls() : nullptr) {
    if (road == Road::async && async_ == nullptr) {
        throw std::logic_error("built without the asynchronous road");
    }
}

void TestLock::lock() {
    if (async_ == nullptr) {
        lock_->lock();
    } else if (!acquire(dlock::forever)) {
        throw std::logic_error("a wait without limit ended without the lock");
    }
}

bool TestLock::try_lock() {
    return async_ == nullptr ? lock_->try_lock() : result_of(async_->try_acquire(*lock_));
}

void TestLock::lock_shared() {
    if (async_ == nullptr) {
        lock_->lock_shared();
    } else if (!acquire_shared(dlock::forever)) {
        throw std::logic_error("a wait without limit ended without the lock");
    }
}

bool TestLock::try_lock_shared() {
    return async_ == nullptr ? lock_->try_lock_shared() : acquire_shared(dlock::no_wait);
}

bool TestLock::acquire(dlock::Wait wait, const std::stop_token& stop) {
    return async_ == nullptr ? lock_->acquire(wait, stop)
                             : result_of(async_->acquire(*lock_, wait, stop));
}

bool TestLock::acquire(dlock::Wait wait, const std::stop_token& stop, std::error_code& error) {
    return async_ == nullptr ? lock_->acquire(wait, stop, error)
                             : split(async_->acquire(*lock_, wait, stop), error);
}

bool TestLock::acquire(dlock::Wait wait, std::error_code& error) {
    return async_ == nullptr ? lock_->acquire(wait, error)
                             : split(async_->acquire(*lock_, wait, {}), error);
}

bool TestLock::acquire_shared(dlock::Wait wait, const std::stop_token& stop) {
    return async_ == nullptr ? lock_->acquire_shared(wait, stop)
                             : result_of(async_->acquire_shared(*lock_, wait, stop));
}

bool TestLock::acquire_shared(dlock::Wait wait, const std::stop_token& stop,
                              std::error_code& error) {
    return async_ == nullptr ? lock_->acquire_shared(wait, stop, error)
                             : split(async_->acquire_shared(*lock_, wait, stop), error);
}

void TestLock::release() {
    async_ == nullptr ? lock_->release() : (void)result_of(async_->release(*lock_));
}

void TestLock::release(std::error_code& error) {
    async_ == nullptr ? lock_->release(error) : (void)split(async_->release(*lock_), error);
}

void TestLock::close() {
    async_ == nullptr ? lock_->close() : (void)result_of(async_->close(*lock_));
}

void TestLock::close(std::error_code& error) {
    async_ == nullptr ? lock_->close(error) : (void)split(async_->close(*lock_), error);
}

bool TestLock::verify() {
    return async_ == nullptr ? lock_->verify() : result_of(async_->verify(*lock_));
}

bool TestLock::verify(std::error_code& error) {
    return async_ == nullptr ? lock_->verify(error) : split(async_->verify(*lock_), error);
}

bool TestLock::result_of(const AsyncCalls::Outcome& outcome) const {
    if (!outcome.error) {
        return outcome.result;
    }
    const auto last = lock_->last_error();
    if (!last || last->code() != outcome.error) {
        throw std::logic_error("completed with \"" + outcome.error.message() +
                               "\", but last_error() has " + (last ? last->what() : "nothing"));
    }
    throw dlock::LockError(*last);
}

std::unique_ptr<TestLock> make_lock(Road road, soci::session& session, const dlock::Key& key,
                                    dlock::LockOptions options) {
    return std::make_unique<TestLock>(dlock::create_lock(session, key, std::move(options)), road);
}

std::unique_ptr<TestLock> make_lock(Road road, soci::connection_pool& pool, const dlock::Key& key,
                                    dlock::LockOptions options) {
    return std::make_unique<TestLock>(dlock::create_lock(pool, key, std::move(options)), road);
}

}  // namespace dlock_test
