// SPDX-License-Identifier: BSL-1.0
#include "explore/client.hpp"

#include <cstdio>

namespace dlock_test {

using std::chrono::milliseconds;
using namespace std::chrono_literals;
using dlock::errc;

namespace {

// What an acquire may take longer than it was told: travels, and the pause of a deadlock's victim.
constexpr auto slack = 400ms;

}  // namespace

void Stage::violation(int client, const std::string& text) {
    trace(client, "VIOLATION " + text);
    violations.push_back("client " + std::to_string(client) + ": " + text);
}

void Stage::trace(int client, const std::string& text) const {
    if (setting.trace) {
        const auto now = std::chrono::duration_cast<std::chrono::microseconds>(
            world.now().time_since_epoch() - 1h);
        std::printf("%9.3f ms  client %d  %s\n", static_cast<double>(now.count()) / 1000, client,
                    text.c_str());
    }
}

Client::Client(Stage& stage, int number) : stage_(stage), number_(number) {}

void Client::connect() {
    sql_ = std::make_unique<soci::session>(stage_.server.factory(), "");
    session_ = dlock::testing::SimulatedServer::session_id(*sql_);
    in_transaction_ = false;
}

void Client::run() {
    connect();
    const auto turns = 1 + stage_.world.random(4);
    for (std::uint64_t turn = 0; turn < turns; ++turn) {
        place_ = turn << 8U;
        one_turn();
        if (in_transaction_) {
            end_transaction();
        }
        if (!server_has_session() || sql_->get_backend() == nullptr) {
            connect();
        }
    }
    place_ = ~std::uint64_t{0};
    sql_.reset();
}

bool Client::server_has_session() const {
    return stage_.server.has_session(session_);
}

bool Client::server_holds(const dlock::BaseLock& lock) const {
    return stage_.server.holds(session_, lock.actual_key());
}

dlock::LockOptions Client::draw_options() {
    const dlock::Capabilities can = dlock::capabilities(*sql_);
    dlock::LockOptions options;
    options.shared = can.modes.contains(dlock::Mode::shared) && chance(35);
    options.xact = can.xact && chance(20);
    options.local_queue = chance(70);
    if (chance(20)) {
        options.wait = dlock::WaitStrategy::polling;
        options.poll_interval = milliseconds(1 + stage_.world.random(20));
    }
    if (chance(30)) {
        options.slice = milliseconds(1 + stage_.world.random(3000));
    }
    return options;
}

void Client::one_turn() {
    try {
        take(chance(75) ? "key" : "other", false);
    } catch (const dlock::LockError& error) {
        count(error);  // made on a session that was cut in between
    } catch (const soci::soci_error&) {
        if (server_has_session()) {
            violation("the session does not work");
        }
    }
}

void Client::take(const std::string& key, bool is_inner) {
    const dlock::LockOptions options = draw_options();
    if (!in_transaction_ && (options.xact || chance(20))) {
        begin_transaction();
    }
    auto lock = dlock::create_lock(*sql_, key, options);
    if (!acquire(*lock)) {
        return;
    }
    if (!is_inner && chance(30)) {
        // Two that cross their keys make a deadlock.
        take(key == "key" ? "other" : "key", true);
    }
    hold(*lock);
    stage_.believers.remove(number_, key);
    if (!options.xact) {
        release(*lock);
    }
}

void Client::begin_transaction() {
    sql_->begin();
    in_transaction_ = true;
}

void Client::end_transaction() {
    in_transaction_ = false;
    stage_.believers.end_transaction(number_);
    try {
        if (sql_->get_backend() != nullptr) {
            chance(50) ? sql_->commit() : sql_->rollback();
        }
    } catch (const soci::soci_error&) {
        // Cut; the next turn connects anew.
    }
}

bool Client::acquire(dlock::BaseLock& lock) {
    auto& world = stage_.world;
    const auto start = world.now();
    // Deadlocks of those who poll are found by their time-outs alone.
    const bool polls = lock.options().wait == dlock::WaitStrategy::polling;
    const unsigned kind = static_cast<unsigned>(world.random(polls ? 9 : 10));
    const auto limit = milliseconds(kind < 5 ? 1 + world.random(40) : 1 + world.random(3000));
    const dlock::Wait wait = kind == 9   ? dlock::Wait(dlock::forever)
                             : kind == 8 ? dlock::Wait(dlock::no_wait)
                                         : dlock::Wait(limit);
    std::stop_source stop;
    if (chance(25)) {
        const auto when = milliseconds(world.random(60));
        world.spawn([stop, when, &world]() mutable {
            world.sleep_for(when);
            stop.request_stop();
        });
    }
    say("acquires " + lock.key().to_string() +
        (lock.options().effective_mode() == dlock::Mode::shared ? " shared" : "") +
        (lock.options().xact ? " xact" : "") +
        (kind == 9   ? " for ever"
         : kind == 8 ? " at once"
                     : " in " + std::to_string(limit.count()) + " ms"));
    ++place_;
    try {
        if (!lock.acquire(wait, stop.get_token())) {
            say("timed out");
            check_transaction();
            ++stage_.tally.refused;
            const auto took = world.now() - start;
            if (kind < 8 && took < limit) {
                violation("timed out early");
            }
            if (kind == 9) {
                violation("a wait without limit timed out");
            }
            if (kind < 8 && took > limit + slack) {
                violation("timed out late");
            }
            check_refusal(lock, nullptr);
            return false;
        }
    } catch (const dlock::LockError& error) {
        say(std::string("error ") + error.what());
        count(error);
        check_refusal(lock, &error);
        return false;
    }
    say("acquired");
    check_transaction();
    ++place_;
    ++stage_.tally.acquired;
    if (kind < 8 && world.now() - start > limit + slack) {
        violation("acquired late");
    }
    believe(lock);
    return true;
}

void Client::believe(dlock::BaseLock& lock) {
    if (server_has_session() && !server_holds(lock)) {
        violation("acquired, and the server says that it does not hold it");
    }
    const std::string key = lock.key().to_string();
    const int other = stage_.believers.add({.client = number_,
                                            .session = session_,
                                            .key = key,
                                            .actual_key = lock.actual_key(),
                                            .mode = lock.options().effective_mode(),
                                            .xact = lock.options().xact},
                                           stage_.server);
    if (other >= 0 && server_has_session()) {
        violation("holds " + key + " together with client " + std::to_string(other));
    }
}

void Client::check_refusal(const dlock::BaseLock& lock, const dlock::LockError* error) {
    if (lock.locked()) {
        violation("not acquired, and locked() is true");
    }
    if (server_has_session() && server_holds(lock)) {
        violation(std::string("not acquired, and the server says that it holds it") +
                  (error != nullptr ? std::string(": ") + error->what() : ""));
    }
    check_session(error);
}

// The session works, or was declared spoilt, or the server dropped it.
void Client::check_session(const dlock::LockError* error) {
    if (error != nullptr && error->spoils_session()) {
        return;
    }
    if (sql_->get_backend() == nullptr) {
        violation("the session was closed and the error does not say so");
        return;
    }
    if (error != nullptr &&
        (error->which() == errc::transaction_failed || error->spoils_transaction())) {
        end_transaction();
        return;
    }
    try {
        *sql_ << "select 1";
    } catch (const soci::soci_error& failure) {
        const bool told = error != nullptr && error->spoils_transaction();
        if (server_has_session() && !told) {
            violation(std::string("the session does not work after a refusal: ") + failure.what());
        }
    }
}

void Client::hold(dlock::BaseLock& lock) {
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

void Client::release(dlock::BaseLock& lock) {
    if (transaction_has_failed()) {
        // The release rolls it back, and what was taken for it is free.
        stage_.believers.end_transaction(number_);
    }
    const bool had = server_has_session() && server_holds(lock);
    try {
        say((had ? "releases " : "releases what it has lost, ") + lock.key().to_string());
        if (chance(20) && !lock.last_error()) {
            lock.unlock();
            if (lock.last_error()) {
                throw dlock::LockError(*lock.last_error());
            }
        } else {
            lock.release();
        }
        say("released");
        check_transaction();
        ++stage_.tally.released;
        if (!had) {
            violation("released, and the server did not hold it");
        }
    } catch (const dlock::LockError& error) {
        say(std::string("release: ") + error.what());
        count(error);
        ++stage_.tally.lost;
    }
    if (server_has_session() && server_holds(lock)) {
        violation("released, and the server says that the session still holds it");
    }
}

void Client::check_transaction() {
    if (stage_.believers.lost_silently(number_, stage_.server)) {
        violation("a transaction-level lock is gone, and nobody said so");
    }
}

bool Client::transaction_has_failed() const {
    const auto* const traits = dynamic_cast<const dlock::SessionTraits*>(sql_->get_backend());
    return traits != nullptr && traits->transaction() == dlock::TransactionState::failed;
}

void Client::count(const dlock::LockError& error) {
    switch (error.which()) {
        case errc::cancelled:
        case errc::deadlock:
        case errc::interrupted:
        case errc::lock_lost:
        case errc::session_lost:
        case errc::session_changed:
        case errc::transaction_failed:
            break;
        default:
            violation(std::string("an error that nothing calls for: ") + error.what() + ": " +
                      error.native_message());
    }
    ++stage_.tally.errors[dlock::make_error_code(error.which()).message()];
    if (error.which() == errc::cancelled) {
        ++stage_.tally.cancelled;
    }
}

}  // namespace dlock_test
