// What a client does with a lock that it has: looks at it, takes it again, loses it, gives it back.
// SPDX-License-Identifier: BSL-1.0
#include "explore/client.hpp"

#include <utility>

namespace dlock_test {

using dlock::errc;
using std::chrono::milliseconds;

void Client::hold(dlock::BaseLock& lock, dlock::Mode mode) {
    auto& world = stage_.world;
    try {
        world.sleep_for(milliseconds(world.random(chance(10) ? 4000 : 50)));
        if (chance(30)) {
            const bool had = server_has_session() && server_holds(lock);
            const bool held = lock.verify();
            if (held && !had) {
                violation("verify() is true, and the server did not hold it");
            }
            if (!held && had && server_has_session() && server_holds(lock)) {
                violation("verify() is false, and the server holds it");
            }
            if (lock.locked() != held) {
                violation("verify() says one thing and locked() another");
            }
        }
        if (!lock.options().xact && chance(15)) {
            take_again(lock, mode);
        }
        if (chance(5)) {
            lose_by_hand(lock);
        }
        if (chance(10)) {
            *sql_ << "select 1";
        }
    } catch (const dlock::LockError& error) {
        count(error);
    } catch (const soci::soci_error&) {
        // The session was cut while the lock was held.
    }
    ++place_;
}

// Through a second lock object on the session.
void Client::take_again(dlock::BaseLock& lock, dlock::Mode mode) {
    const bool counted = lock.options().reentrancy == dlock::Reentrancy::counted;
    const bool had = server_has_session() && server_holds(lock) && lock.locked();
    const auto twin = dlock::create_lock(*sql_, lock.key(), lock.options());
    say("takes " + lock.key().to_string() + " again");
    try {
        const bool again = mode == lock.options().effective_mode()
                               ? twin->acquire(dlock::no_wait)
                               : twin->acquire_shared(dlock::no_wait);
        if (had && server_has_session() && again != counted) {
            violation(again ? "took what the session holds once more"
                            : "what the session holds is held by another, it was told");
        }
        if (again) {
            if (had && twin->fencing_token() != lock.fencing_token()) {
                violation("one hold has two fencing tokens");
            }
            twin->release();
        }
    } catch (const dlock::LockError& error) {
        say(std::string("error ") + error.what());
        if (error.which() != errc::already_locked || counted) {
            count(error);
        }
    }
    if (had && server_has_session() && !server_holds(lock)) {
        violation("a second lock object gave back what the first one holds");
    }
}

// The user reconnects, or frees all locks of the session.
void Client::lose_by_hand(const dlock::BaseLock& lock) {
    const char* const free_all = stage_.server.product() == dlock::Product::postgresql
                                     ? "select pg_advisory_unlock_all()"
                                 : stage_.server.product() == dlock::Product::mysql ||
                                         stage_.server.product() == dlock::Product::mariadb
                                     ? "select release_all_locks()"
                                     : nullptr;
    if (free_all != nullptr && chance(50)) {
        say("frees all locks");
        stage_.believers.forget_session_level(number_);
        *sql_ << free_all;
        return;
    }
    if (sql_ != own_.get()) {
        return;  // whoever leased it does that
    }
    say("reconnects");
    in_transaction_ = false;
    stage_.believers.forget_session_level(number_);
    stage_.believers.end_transaction(number_);
    sql_->reconnect();
    session_ = dlock::testing::SimulatedServer::session_id(*sql_);
    if (lock.locked()) {
        violation("locked() is true after a reconnect");
    }
}

// By one of the ways that there are; throws what went wrong.
void Client::give_back(Lock& lock) {
    told_.reset();
    if (chance(65)) {
        lock->release();
    } else if (chance(50) || lock->state() == dlock::BaseLock::State::lost) {
        lock->unlock();
    } else {
        lock.reset();
    }
    if (told_) {
        throw dlock::LockError(*told_);
    }
}

void Client::release(Lock lock) {
    if (transaction_has_failed()) {
        // The release rolls it back, and what was taken for it is free.
        stage_.believers.end_transaction(number_);
    }
    const dlock::ActualKey key = lock->actual_key();
    const bool had = server_has_session() && server_holds(key);
    try {
        say((had ? "releases " : "releases what it has lost, ") + lock->key().to_string());
        give_back(lock);
        say("released");
        check_transaction();
        ++stage_.tally.released;
        if (!had) {
            violation("released, and the server did not hold it");
        }
    } catch (const dlock::LockError& error) {
        say(std::string("release: ") + error.what());
        count(error);
        // With the lock its session has returned to its pool.
        if (lock != nullptr && error.which() == errc::session_lost && session_works()) {
            violation("the session is said to be lost, and works");
        }
        ++stage_.tally.lost;
    }
    if (server_has_session() && server_holds(key)) {
        violation("released, and the server says that the session still holds it");
    }
}

}  // namespace dlock_test
