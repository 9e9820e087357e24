// The states of a lock and what each operation does in them, on a session that a test answers for.
// SPDX-License-Identifier: BSL-1.0
#include "fake_driver.hpp"

#include <gtest/gtest.h>

#include <mutex>
#include <new>
#include <shared_mutex>

namespace dlock::detail {
namespace {

using namespace std::chrono_literals;
using State = BaseLock::State;
using Sent = std::vector<Purpose>;

// The error that the function throws; success if it throws none.
template <class Function>
std::error_code error_of(Function function) {
    try {
        function();
    } catch (const LockError& error) {
        return error.code();
    }
    return {};
}

// A server that has forgotten the lock.
Reply forgotten(const Statement& statement) {
    switch (statement.purpose) {
        case Purpose::release:
            return answer(errc::lock_lost);
        case Purpose::verify:
            return answer(Verdict::not_held);
        default:
            return answer(Verdict::granted);
    }
}

const LockOptions counted{.reentrancy = Reentrancy::counted};

// ---- The table of states. ----

TEST(LockStates, a_lock_is_taken_and_given_back_with_one_statement_each) {
    FakeLock fake;
    EXPECT_EQ(fake.lock.state(), State::unlocked);
    EXPECT_TRUE(fake.lock.acquire());
    EXPECT_EQ(fake.lock.state(), State::locked);
    EXPECT_TRUE(fake.lock.locked());
    fake.lock.release();
    EXPECT_EQ(fake.lock.state(), State::unlocked);
    EXPECT_FALSE(fake.lock.locked());
    EXPECT_EQ(fake.driver.sent, (Sent{Purpose::try_acquire, Purpose::release}));
    EXPECT_FALSE(fake.lock.last_error().has_value());
}

TEST(LockStates, what_is_not_held_is_not_released_and_nothing_is_sent) {
    FakeLock fake;
    EXPECT_EQ(error_of([&] { fake.lock.release(); }), errc::not_locked);
    EXPECT_FALSE(fake.lock.verify());
    fake.lock.close();
    EXPECT_TRUE(fake.driver.sent.empty());
    EXPECT_EQ(fake.lock.last_error()->which(), errc::not_locked);
}

TEST(LockStates, a_lock_that_was_lost_says_so_until_it_is_released) {
    FakeLock fake;
    fake.lock.lock();
    fake.driver.on_execute = forgotten;
    EXPECT_FALSE(fake.lock.verify());
    EXPECT_EQ(fake.lock.state(), State::lost);
    EXPECT_EQ(error_of([&] { (void)fake.lock.acquire(); }), errc::lock_lost);
    EXPECT_EQ(fake.lock.state(), State::lost);
    EXPECT_EQ(error_of([&] { fake.lock.release(); }), errc::lock_lost);
    EXPECT_EQ(fake.lock.state(), State::unlocked);
    EXPECT_TRUE(fake.lock.acquire(no_wait));
}

TEST(LockStates, a_release_that_finds_it_lost_leaves_it_unlocked) {
    FakeLock fake;
    fake.lock.lock();
    fake.driver.on_execute = forgotten;
    EXPECT_EQ(error_of([&] { fake.lock.release(); }), errc::lock_lost);
    EXPECT_EQ(fake.lock.state(), State::unlocked);
    EXPECT_FALSE(fake.driver.abandoned);
}

TEST(LockStates, a_stop_before_anything_is_sent_sends_nothing) {
    FakeLock fake;
    std::stop_source stop;
    stop.request_stop();
    EXPECT_EQ(error_of([&] { (void)fake.lock.acquire(forever, stop.get_token()); }),
              errc::cancelled);
    EXPECT_TRUE(fake.driver.sent.empty());
}

TEST(LockStates, doubt_closes_the_session_and_says_so) {
    FakeLock fake;
    fake.driver.on_execute = [](const Statement&) { return answer(errc::database_error, true); };
    try {
        (void)fake.lock.acquire();
        FAIL() << "no error";
    } catch (const LockError& error) {
        EXPECT_EQ(error.which(), errc::session_lost);
        EXPECT_TRUE(error.spoils_session());
        EXPECT_EQ(error.native_message(), "server text");
    }
    EXPECT_TRUE(fake.driver.abandoned);
    EXPECT_EQ(fake.lock.state(), State::unlocked);
}

TEST(LockStates, a_release_in_doubt_closes_the_session_and_says_so) {
    FakeLock fake;
    fake.lock.lock();
    fake.driver.on_execute = [](const Statement&) { return answer(errc::database_error, true); };
    EXPECT_EQ(error_of([&] { fake.lock.release(); }), errc::session_lost);
    EXPECT_TRUE(fake.driver.abandoned);
    EXPECT_EQ(fake.lock.state(), State::unlocked);
}

TEST(LockStates, one_try_that_was_cut_short_asks_once_more) {
    FakeLock fake;
    int asked = 0;
    fake.driver.on_execute = [&](const Statement&) {
        return answer(++asked == 1 ? Verdict::interrupted : Verdict::granted);
    };
    EXPECT_TRUE(fake.lock.try_lock());
    EXPECT_EQ(asked, 2);
}

TEST(LockStates, out_of_memory_on_the_way_the_session_is_closed) {
    FakeLock fake;
    fake.driver.on_execute = [](const Statement&) { return no_memory(); };
    EXPECT_THROW((void)fake.lock.acquire(), std::bad_alloc);
    EXPECT_TRUE(fake.driver.abandoned) << "nobody knows what was granted";
    EXPECT_EQ(fake.lock.state(), State::unlocked);
}

TEST(LockStates, an_error_carries_the_key_and_the_servers_words) {
    FakeLock fake({}, Key("the key"));
    fake.driver.on_execute = [](const Statement&) { return answer(errc::permission_denied); };
    try {
        fake.lock.lock();
        FAIL() << "no error";
    } catch (const LockError& error) {
        EXPECT_EQ(error.which(), errc::permission_denied);
        EXPECT_EQ(error.key(), "the key");
        EXPECT_EQ(error.native_code(), 77);
        EXPECT_EQ(error.sqlstate(), "HY000");
    }
    EXPECT_EQ(fake.lock.last_error()->which(), errc::permission_denied);
    EXPECT_FALSE(fake.driver.abandoned);
}

TEST(LockStates, the_twins_report_by_error_code) {
    FakeLock fake;
    std::error_code error = errc::deadlock;
    EXPECT_TRUE(fake.lock.acquire(1s, error));
    EXPECT_FALSE(error);
    EXPECT_FALSE(fake.lock.acquire(1s, error));
    EXPECT_EQ(error, errc::already_locked);
    fake.lock.release(error);
    EXPECT_FALSE(error);
    fake.lock.release(error);
    EXPECT_EQ(error, errc::not_locked);
}

// ---- Sessions that change. ----

TEST(LockStates, a_reconnected_session_has_lost_the_lock) {
    FakeLock fake;
    fake.lock.lock();
    fake.driver.id = 2;
    EXPECT_FALSE(fake.lock.locked());
    EXPECT_FALSE(fake.lock.verify());
    EXPECT_EQ(fake.lock.state(), State::lost);
    EXPECT_EQ(fake.driver.sent, Sent{Purpose::try_acquire}) << "nothing is asked of the new one";
}

TEST(LockStates, a_grant_to_a_session_that_the_client_library_changed_meanwhile_is_refused) {
    FakeLock fake;
    fake.driver.on_execute = [&](const Statement&) {
        fake.driver.id = 2;
        return answer(Verdict::granted);
    };
    EXPECT_EQ(error_of([&] { (void)fake.lock.try_lock(); }), errc::session_changed);
    EXPECT_TRUE(fake.driver.abandoned) << "else the server keeps what nobody gives back";
    EXPECT_FALSE(fake.lock.locked());
}

TEST(LockStates, a_session_that_was_moved_away_is_not_used) {
    FakeLock fake;
    fake.driver.is_attached = false;
    EXPECT_EQ(error_of([&] { (void)fake.lock.acquire(); }), errc::session_changed);
    EXPECT_TRUE(fake.driver.sent.empty());
}

// ---- Ends of scopes. ----

TEST(LockStates, the_destructor_releases_and_tells_the_hook) {
    std::vector<errc> told;
    Sent sent;
    {
        FakeLock fake({.on_error = [&told](const LockError& error) {
            told.push_back(error.which());
            throw 1;  // swallowed
        }});
        fake.lock.lock();
        fake.driver.on_execute = [&sent](const Statement& statement) {
            sent.push_back(statement.purpose);
            return forgotten(statement);
        };
    }
    EXPECT_EQ(sent, Sent{Purpose::release});
    EXPECT_EQ(told, std::vector{errc::lock_lost});
}

TEST(LockStates, the_destructor_tells_the_hook_of_a_loss_that_is_known) {
    std::vector<errc> told;
    Sent sent;
    {
        FakeLock fake(
            {.on_error = [&told](const LockError& error) { told.push_back(error.which()); }});
        fake.lock.lock();
        fake.driver.on_execute = [](const Statement&) { return answer(Verdict::not_held); };
        EXPECT_FALSE(fake.lock.verify());
        EXPECT_TRUE(told.empty());
        fake.driver.on_execute = [&sent](const Statement& statement) {
            sent.push_back(statement.purpose);
            return forgotten(statement);
        };
    }
    EXPECT_EQ(sent, Sent{});
    EXPECT_EQ(told, std::vector{errc::lock_lost});
}

TEST(LockStates, unlock_never_throws_and_tells_the_hook) {
    std::vector<errc> told;
    FakeLock fake({.on_error = [&told](const LockError& error) { told.push_back(error.which()); }});
    fake.lock.unlock();
    EXPECT_EQ(told, std::vector{errc::not_locked});
    EXPECT_EQ(fake.lock.last_error()->which(), errc::not_locked);
}

// ---- The standard's lock types. ----

TEST(LockStates, the_standards_lock_types_work) {
    FakeLock one({}, Key("one"));
    FakeLock two({}, Key("two"));
    {
        const std::scoped_lock both(one.lock, two.lock);
        EXPECT_TRUE(one.lock.locked() && two.lock.locked());
    }
    EXPECT_FALSE(one.lock.locked() || two.lock.locked());
    {
        std::unique_lock guard(one.lock, std::defer_lock);
        EXPECT_TRUE(guard.try_lock_for(1s));
    }
    {
        const std::shared_lock guard(two.lock);
        EXPECT_TRUE(two.lock.locked());
    }
    two.driver.on_execute = [](const Statement&) { return answer(Verdict::busy); };
    const std::unique_lock late(two.lock, std::chrono::system_clock::now() - 1s);
    EXPECT_FALSE(late.owns_lock());
}

// ---- Re-entrancy. ----

TEST(LockReentrancy, a_key_that_the_session_holds_is_refused_through_every_lock) {
    const char session = 0;
    FakeLock one({}, Key("key"), &session);
    FakeLock two({}, Key("key"), &session);
    one.lock.lock();
    EXPECT_EQ(error_of([&] { (void)one.lock.acquire(no_wait); }), errc::already_locked);
    EXPECT_EQ(error_of([&] { (void)two.lock.acquire(no_wait); }), errc::already_locked);
    EXPECT_TRUE(two.driver.sent.empty());
    EXPECT_TRUE(one.lock.locked());
    one.lock.release();
    EXPECT_TRUE(two.lock.acquire(no_wait));
}

TEST(LockReentrancy, counted_locks_are_given_back_with_the_last_release) {
    const char session = 0;
    FakeLock one(counted, Key("key"), &session);
    FakeLock two(counted, Key("key"), &session);
    one.lock.lock();
    one.lock.lock();
    two.lock.lock();
    one.lock.release();
    one.lock.release();
    EXPECT_FALSE(one.lock.locked());
    EXPECT_TRUE(two.lock.locked());
    EXPECT_EQ(one.driver.sent, Sent{Purpose::try_acquire});
    two.lock.release();
    EXPECT_EQ(two.driver.sent, Sent{Purpose::release});
}

TEST(LockReentrancy, the_destructor_gives_a_counted_lock_back_as_often_as_it_was_taken) {
    const char session = 0;
    FakeLock twin(counted, Key("key"), &session);
    {
        FakeLock fake(counted, Key("key"), &session);
        fake.lock.lock();
        fake.lock.lock();
        twin.lock.lock();
    }
    twin.lock.release();
    EXPECT_EQ(twin.driver.sent, Sent{Purpose::release}) << "the last one asks the server";
}

TEST(LockReentrancy, a_counted_lock_is_not_taken_again_in_another_mode) {
    const char session = 0;
    FakeLock one(counted, Key("key"), &session);
    FakeLock two(counted, Key("key"), &session);
    one.lock.lock_shared();
    EXPECT_EQ(error_of([&] { two.lock.lock(); }), errc::already_locked);
    EXPECT_EQ(error_of([&] { one.lock.lock(); }), errc::already_locked);
    EXPECT_TRUE(two.driver.sent.empty());
    two.lock.lock_shared();
}

// As after the restart of a server that counts its sessions from the start.
TEST(LockReentrancy, a_session_that_comes_back_under_its_old_number_is_another) {
    FakeLock fake({.reentrancy = Reentrancy::counted});
    EXPECT_TRUE(fake.lock.try_lock());
    ++fake.driver.reconnects;
    EXPECT_FALSE(fake.lock.locked());
    EXPECT_EQ(error_of([&] { (void)fake.lock.try_lock(); }), errc::lock_lost);
    EXPECT_EQ(error_of([&] { fake.lock.release(); }), errc::lock_lost);
    EXPECT_TRUE(fake.lock.try_lock());
    EXPECT_EQ(fake.driver.sent, (Sent{Purpose::try_acquire, Purpose::try_acquire}));
}

// By ODBC and on Oracle nobody sees that the client library has reconnected.
TEST(LockReentrancy, where_the_connection_has_no_number_the_server_is_asked) {
    FakeLock fake(counted);
    fake.driver.id = 0;
    fake.lock.lock();
    fake.driver.sent.clear();
    fake.lock.lock();
    EXPECT_EQ(fake.driver.sent, Sent{Purpose::verify});
    fake.driver.on_execute = forgotten;
    EXPECT_EQ(error_of([&] { fake.lock.lock(); }), errc::lock_lost);
    EXPECT_EQ(fake.lock.state(), State::lost);
}

TEST(LockReentrancy, what_such_a_session_does_not_hold_any_more_is_taken_anew) {
    const char session = 0;
    FakeLock one(counted, Key("key"), &session);
    FakeLock two(counted, Key("key"), &session);
    for (FakeLock* fake : {&one, &two}) {
        fake->driver.id = 0;
        fake->driver.on_execute = forgotten;
    }
    one.lock.lock();
    two.lock.lock();
    EXPECT_EQ(two.driver.sent, (Sent{Purpose::verify, Purpose::try_acquire}));
    EXPECT_EQ(error_of([&] { one.lock.release(); }), errc::lock_lost);
    EXPECT_TRUE(two.lock.locked());
}

TEST(LockReentrancy, a_counted_lock_that_was_lost_is_taken_from_the_server_anew) {
    FakeLock fake(counted);
    fake.lock.lock();
    fake.lock.lock();
    fake.driver.on_execute = forgotten;
    EXPECT_FALSE(fake.lock.verify());
    EXPECT_EQ(error_of([&] { fake.lock.release(); }), errc::lock_lost);
    fake.driver.sent.clear();
    EXPECT_TRUE(fake.lock.acquire());
    EXPECT_EQ(fake.driver.sent, Sent{Purpose::try_acquire}) << "the server does not hold it";
}

TEST(LockReentrancy, all_that_share_a_lost_hold_are_told) {
    const char session = 0;
    FakeLock one(counted, Key("key"), &session);
    FakeLock two(counted, Key("key"), &session);
    FakeLock three(counted, Key("key"), &session);
    for (FakeLock* fake : {&one, &two, &three}) {
        fake->lock.lock();
        fake->driver.on_execute = forgotten;
    }
    EXPECT_FALSE(one.lock.verify());
    EXPECT_EQ(error_of([&] { two.lock.lock(); }), errc::lock_lost);
    EXPECT_EQ(two.lock.state(), State::lost);
    EXPECT_EQ(error_of([&] { three.lock.release(); }), errc::lock_lost);
    EXPECT_EQ(three.driver.sent, Sent{}) << "it is known already";
}

// ---- Transaction-level locks. ----

TEST(LockXact, it_ends_with_its_transaction) {
    FakeLock fake({.xact = true});
    fake.driver.state = TransactionState::active;
    fake.lock.lock();
    EXPECT_TRUE(fake.lock.locked());
    fake.driver.state = TransactionState::idle;
    EXPECT_FALSE(fake.lock.locked());
    fake.lock.release();
    EXPECT_EQ(fake.lock.state(), State::unlocked);
    EXPECT_EQ(fake.driver.sent, Sent{Purpose::try_acquire});
}

TEST(LockXact, it_is_not_believed_in_while_its_transaction_has_failed) {
    FakeLock fake({.xact = true});
    fake.driver.state = TransactionState::active;
    fake.lock.lock();
    fake.driver.state = TransactionState::failed;
    EXPECT_FALSE(fake.lock.locked());
    fake.driver.state = TransactionState::active;  // rolled back to a savepoint
    EXPECT_TRUE(fake.lock.locked());
}

TEST(LockXact, a_release_that_fails_the_transaction_says_so_and_ends_its_other_locks) {
    const char session = 0;
    FakeLock xact({.xact = true}, Key("another"), &session);
    xact.driver.state = TransactionState::active;
    xact.lock.lock();
    FakeLock fake({}, Key("key"), &session);
    fake.driver.state = TransactionState::active;
    fake.lock.lock();
    fake.driver.on_execute = [&](const Statement&) {
        fake.driver.state = TransactionState::failed;  // it was cancelled, and asked again
        return answer(Verdict::released);
    };
    EXPECT_EQ(error_of([&] { fake.lock.release(); }), errc::transaction_failed);
    EXPECT_TRUE(fake.lock.last_error()->spoils_transaction());
    EXPECT_EQ(fake.lock.state(), State::unlocked);
    EXPECT_FALSE(xact.lock.locked());
}

TEST(LockXact, it_can_be_taken_again_in_the_next_transaction) {
    FakeLock fake({.xact = true});
    fake.driver.state = TransactionState::active;
    fake.lock.lock();
    EXPECT_EQ(error_of([&] { fake.lock.lock(); }), errc::already_locked);
    fake.driver.on_execute = forgotten;  // the first transaction is over, another one is open
    fake.driver.sent.clear();
    EXPECT_TRUE(fake.lock.acquire());
    EXPECT_EQ(fake.driver.sent, (Sent{Purpose::verify, Purpose::try_acquire}));
}

TEST(LockXact, a_transaction_that_ended_does_not_keep_its_session_out_of_the_local_queue) {
    const char session = 0;
    FakeLock xact({.xact = true}, Key("another"), &session);
    xact.driver.state = TransactionState::active;
    xact.lock.lock();
    xact.driver.state = TransactionState::idle;

    FakeLock fake({}, Key("key"), &session);
    fake.lock.lock();
    fake.lock.release();
    EXPECT_TRUE(Holds::holds_nothing(*Holds::record(&session)));
}

}  // namespace
}  // namespace dlock::detail
