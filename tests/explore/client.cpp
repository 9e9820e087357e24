// SPDX-License-Identifier: BSL-1.0
#include "explore/client.hpp"

#include <cstdio>
#include <utility>

namespace dlock_test {

using std::chrono::milliseconds;
using namespace std::chrono_literals;
using dlock::errc;

namespace {

// What an acquire may take longer than it was told: travels, and the pause of a deadlock's victim.
constexpr auto slack = 400ms;

template <class Function>
class Clean {
  public:
    explicit Clean(Function function) : function_(std::move(function)) {}
    Clean(const Clean&) = delete;
    Clean& operator=(const Clean&) = delete;
    ~Clean() { function_(); }

  private:
    Function function_;
};

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
    own_ = std::make_unique<soci::session>(stage_.server.factory(), "");
    sql_ = own_.get();
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
    own_.reset();
}

bool Client::server_has_session() const {
    return stage_.server.has_session(session_);
}

bool Client::server_holds(const dlock::ActualKey& key) const {
    return stage_.server.holds(session_, key);
}

dlock::LockOptions Client::draw_options() {
    const dlock::Capabilities can = dlock::capabilities(*sql_);
    dlock::LockOptions options;
    options.shared = can.modes.contains(dlock::Mode::shared) && chance(35);
    const auto mode = static_cast<dlock::Mode>(stage_.world.random(7));
    if (!options.shared && can.modes.contains(mode) && chance(25)) {
        options.mode = mode;
    }
    options.reentrancy = chance(30) ? dlock::Reentrancy::counted : dlock::Reentrancy::refused;
    options.on_error = [this](const dlock::LockError& error) { told_ = error; };
    options.xact = can.xact && chance(20);
    options.fencing = !options.xact && chance(30);
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
        if (chance(10)) {
            const Clean back([&] {
                sql_ = own_.get();
                session_ = dlock::testing::SimulatedServer::session_id(*sql_);
            });
            pooled_turn();
        } else {
            take(chance(75) ? "key" : "other", false);
        }
    } catch (const dlock::LockError& error) {
        count(error);  // made on a session that was cut in between
    } catch (const soci::soci_error&) {
        if (server_has_session()) {
            violation("the session does not work");
        }
    }
}

// A lock that leases its session from a pool, which gets it back clean.
void Client::pooled_turn() {
    soci::connection_pool pool(1);
    pool.at(0).open(stage_.server.factory(), "");
    sql_ = &pool.at(0);
    session_ = dlock::testing::SimulatedServer::session_id(*sql_);
    dlock::LockOptions options = draw_options();
    options.xact = false;
    auto lock = dlock::create_lock(pool, "key", options);
    const dlock::Mode mode = draw_mode(*lock);
    if (acquire(*lock, mode)) {
        hold(*lock, mode);
        stage_.believers.remove(number_, "key");
        release(std::move(lock));
    }
    lock.reset();
    if (sql_->get_backend() == nullptr) {
        violation("a closed session returned to its pool");
    } else if (stage_.server.locks_of(dlock::testing::SimulatedServer::session_id(*sql_)) != 0) {
        violation("a session returned to its pool with a lock");
    }
}

void Client::take(const std::string& key, bool is_inner) {
    const dlock::LockOptions options = draw_options();
    if (!in_transaction_ && (options.xact || chance(20))) {
        begin_transaction();
    }
    auto lock = dlock::create_lock(*sql_, key, options);
    const dlock::Mode mode = draw_mode(*lock);
    if (!acquire(*lock, mode)) {
        return;
    }
    if (!is_inner && chance(30)) {
        // Two that cross their keys make a deadlock.
        take(key == "key" ? "other" : "key", true);
    }
    hold(*lock, mode);
    stage_.believers.remove(number_, key);
    if (!options.xact) {
        release(std::move(lock));
    }
}

dlock::Mode Client::draw_mode(const dlock::BaseLock& lock) {
    return lock.capabilities().modes.contains(dlock::Mode::shared) && chance(10)
               ? dlock::Mode::shared
               : lock.options().effective_mode();
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

void Client::look() {
    was_held_ = was_held_ || (watched_ && stage_.server.holders(*watched_) > 0);
}

bool Client::acquire(dlock::BaseLock& lock, dlock::Mode mode) {
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
    const auto stopped_at = std::make_shared<Clock::time_point>(Clock::time_point::max());
    if (chance(25)) {
        const auto when = milliseconds(world.random(60));
        world.spawn([stop, when, stopped_at, &world]() mutable {
            world.sleep_for(when);
            *stopped_at = world.now();
            stop.request_stop();
        });
    }
    const auto check_stop = [&] {
        if (*stopped_at != Clock::time_point::max() && world.now() - *stopped_at > slack) {
            violation("went on after a stop was requested");
        }
    };
    say("acquires " + lock.key().to_string() + (mode == dlock::Mode::shared ? " shared" : "") +
        (lock.options().xact ? " xact" : "") +
        (kind == 9   ? " for ever"
         : kind == 8 ? " at once"
                     : " in " + std::to_string(limit.count()) + " ms"));
    ++place_;
    watched_ = lock.actual_key();
    was_held_ = false;
    look();
    try {
        const bool acquired = mode == lock.options().effective_mode()
                                  ? lock.acquire(wait, stop.get_token())
                                  : lock.acquire_shared(wait, stop.get_token());
        check_stop();
        if (!acquired) {
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
            if ((kind < 8 && took > limit + slack) || (kind == 8 && took > slack)) {
                violation("timed out late");
            }
            if (kind == 8 && !was_held_) {
                violation("refused, and nobody held it meanwhile");
            }
            check_refusal(lock, nullptr);
            return false;
        }
    } catch (const dlock::LockError& error) {
        say(std::string("error ") + error.what());
        check_stop();
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
    believe(lock, mode);
    return true;
}

void Client::believe(dlock::BaseLock& lock, dlock::Mode mode) {
    if (server_has_session() && !server_holds(lock)) {
        violation("acquired, and the server says that it does not hold it");
    }
    check_token(lock, mode);
    const std::string key = lock.key().to_string();
    const int other = stage_.believers.add({.client = number_,
                                            .session = session_,
                                            .key = key,
                                            .actual_key = lock.actual_key(),
                                            .mode = mode,
                                            .xact = lock.options().xact},
                                           stage_.server);
    if (other >= 0 && server_has_session()) {
        violation("holds " + key + " together with client " + std::to_string(other));
    }
}

void Client::check_token(const dlock::BaseLock& lock, dlock::Mode mode) {
    const auto token = lock.fencing_token();
    if (token.has_value() != lock.options().fencing) {
        violation(token.has_value() ? "a fencing token that nobody asked for"
                                    : "acquired without a fencing token");
    }
    // The grant of a hold that is lost by now may be older than others.
    if (token.has_value() && server_has_session() && server_holds(lock) &&
        !stage_.tokens.add(lock.key().to_string(), mode, *token)) {
        violation("the fencing token " + std::to_string(*token) + " is not the highest");
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

bool Client::session_works() {
    try {
        if (sql_->get_backend() != nullptr) {
            *sql_ << "select 1";
            return true;
        }
    } catch (const soci::soci_error&) {
        return false;
    }
    return false;
}

// The session works, or was declared spoilt, or the server dropped it.
void Client::check_session(const dlock::LockError* error) {
    if (error != nullptr && error->spoils_session()) {
        if (error->which() == errc::session_lost && session_works()) {
            violation("the session is said to be lost, and works");
        }
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
        case errc::transaction_open:  // a fencing token was asked for
            if (!in_transaction_) {
                violation(std::string("no transaction was begun: ") + error.what());
            }
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
