// SPDX-License-Identifier: BSL-1.0
#include "support/simulator/server_model.hpp"

#include "support/simulator/parser.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace dlock::testing {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;

SqlError lost(const char* message) {
    SqlError error(0, "08006", message);
    error.connection_lost = true;
    return error;
}

nanoseconds own_deadlock_timeout(Product product) {
    switch (product) {
        case Product::postgresql:
            return seconds(1);
        case Product::mssql:
            return seconds(5);
        case Product::oracle:
            return seconds(3);
        default:
            return nanoseconds(0);
    }
}

}  // namespace

std::unique_ptr<SqlRules> make_rules(ServerModel& server, Product product) {
    switch (product) {
        case Product::postgresql:
            return make_postgresql_rules(server);
        case Product::mysql:
        case Product::mariadb:
            return make_mysql_rules(server);
        case Product::mssql:
            return make_mssql_rules(server);
        case Product::oracle:
            break;
    }
    return make_oracle_rules(server);
}

ServerModel::ServerModel(Product product, Behaviour behaviour)
    : product_(product),
      behaviour_(std::move(behaviour)),
      rules_(make_rules(*this, product)),
      factory_(make_factory(*this)) {
    if (behaviour_.deadlock_timeout < nanoseconds(0)) {
        behaviour_.deadlock_timeout = own_deadlock_timeout(product);
    }
}

ServerModel::~ServerModel() = default;

int ServerModel::version() const noexcept {
    if (behaviour_.version != 0) {
        return behaviour_.version;
    }
    switch (product_) {
        case Product::postgresql:
            return 150000;
        case Product::mysql:
            return 90700;
        case Product::mariadb:
            return 101100;
        default:
            return 0;
    }
}

World& ServerModel::world() const noexcept {
    return behaviour_.world != nullptr ? *behaviour_.world : World::real();
}

std::string ServerModel::name_of(const ActualKey& key) const {
    return rules_->name_of(key);
}

std::shared_ptr<ServerSession> ServerModel::connect() {
    const std::lock_guard lock(mutex_);
    end_those_cut();
    auto session = std::make_shared<ServerSession>();
    session->id = next_id_++;
    sessions_[session->id] = session;
    return session;
}

void ServerModel::disconnect(const std::shared_ptr<ServerSession>& session) {
    const std::lock_guard lock(mutex_);
    session->connected = false;
    end(*session);
}

ServerSession* ServerModel::find(SessionId id) {
    const auto found = sessions_.find(id);
    return found == sessions_.end() ? nullptr : found->second.get();
}

// The session and all that it has is gone.
void ServerModel::end(ServerSession& session) {
    if (!session.alive) {
        return;
    }
    session.alive = false;
    locks_.forget(session.id);
    if (session.sleeper != nullptr) {
        session.sleeper->wake();
    }
    sessions_.erase(session.id);
}

void ServerModel::terminate(SessionId id) {
    const std::lock_guard lock(mutex_);
    if (ServerSession* const session = find(id)) {
        const auto alive = sessions_.at(id);
        end(*session);
    }
}

void ServerModel::cancel(SessionId id) {
    const std::lock_guard lock(mutex_);
    ServerSession* const session = find(id);
    if (session == nullptr || !session->executing) {
        return;  // nothing is under way
    }
    session->cancel_pending = true;
    if (session->sleeper != nullptr) {
        session->sleeper->wake();
    }
}

void ServerModel::restart() {
    const std::lock_guard lock(mutex_);
    while (!sessions_.empty()) {
        const auto alive = sessions_.begin()->second;
        end(*alive);
    }
}

void ServerModel::travel() const {
    if (behaviour_.latency) {
        (void)world().make_sleeper()->sleep_until(now() + behaviour_.latency(), {});
    }
}

void ServerModel::cut(ServerSession& session) {
    session.connected = false;
    session.cut_at = now() + behaviour_.notices_cut_after;
    end_those_cut();
}

void ServerModel::end_those_cut() {
    const TimePoint moment = now();
    for (auto next = sessions_.begin(); next != sessions_.end();) {
        const auto session = next->second;
        ++next;
        if (session->cut_at && *session->cut_at <= moment) {
            end(*session);
        }
    }
}

TimePoint ServerModel::next_cut() const {
    TimePoint next = TimePoint::max();
    for (const auto& [id, session] : sessions_) {
        next = std::min(next, session->cut_at.value_or(next));
    }
    return next;
}

ResultSet ServerModel::execute(ServerSession& session, const std::string& sql,
                               Parameters& parameters) {
    const Fault fault = behaviour_.fault ? behaviour_.fault(session.id, sql) : Fault::none;
    if (!session.connected) {
        throw lost("the connection was closed");
    }
    travel();
    ResultSet result;
    {
        std::unique_lock lock(mutex_);
        end_those_cut();
        if (fault == Fault::lost_request) {
            cut(session);
        }
        if (fault == Fault::killed_before) {
            end(session);
        }
        if (!session.alive || !session.connected) {
            session.connected = false;
            throw lost("the server closed the connection");
        }
        session.lock = &lock;
        session.parameters = &parameters;
        session.executing = true;
        session.cancel_pending = fault == Fault::cancelled;
        session.end_after_grant = fault == Fault::ended_after_grant;
        const auto done = [&session] {
            session.executing = false;
            session.cancel_pending = false;
            session.parameters = nullptr;
            session.lock = nullptr;
            session.variables.clear();
        };
        try {
            result = rules_->run(session, *parse(sql));
        } catch (...) {
            done();
            if (fault == Fault::lost_reply) {
                cut(session);
            }
            if (!session.alive || !session.connected) {
                session.connected = false;
                throw lost("the server closed the connection");
            }
            lock.unlock();
            travel();
            throw;
        }
        done();
        if (fault == Fault::lost_reply) {
            cut(session);
        }
        if (!session.connected || (!session.alive && fault != Fault::killed_after)) {
            session.connected = false;
            throw lost("the server closed the connection");
        }
        if (fault == Fault::killed_after) {
            end(session);
        }
    }
    travel();
    return result;
}

ServerModel::Outcome ServerModel::wait(ServerSession& session, const std::string& name, Mode mode,
                                       bool xact, TimePoint deadline) {
    Request request{.session = session.id,
                    .mode = mode,
                    .xact = xact,
                    .order = ++session.order,
                    .on_grant = [&session] {
                        if (session.sleeper != nullptr) {
                            session.sleeper->wake();
                        }
                    }};
    if (locks_.take(name, request)) {
        return Outcome::granted;
    }
    if (deadline <= now()) {
        return Outcome::timed_out;  // a try, which never enters the queue
    }
    if (product_ == Product::postgresql && locks_.crosses(name, session.id, mode)) {
        return Outcome::deadlock;
    }
    locks_.wait(name, request);
    const nanoseconds patience = behaviour_.deadlock_timeout;
    TimePoint look = now() + patience;
    const auto leave = [&](Outcome outcome) {
        locks_.withdraw(name, request);
        return outcome;
    };
    while (true) {
        if (!session.alive) {
            throw lost("the session was ended");
        }
        if (request.granted) {
            return Outcome::granted_after_wait;
        }
        if (session.cancel_pending) {
            session.cancel_pending = false;
            return leave(Outcome::cancelled);
        }
        if (now() >= look) {
            if (product_ == Product::postgresql ? locks_.in_deadlock_for_good(session.id)
                                                : locks_.in_deadlock(session.id)) {
                return leave(Outcome::deadlock);
            }
            if (request.granted) {
                continue;  // by another order of the queue
            }
            // PostgreSQL looks once, and leaves the rest to those who come later; the others
            // look again and again.
            look = product_ == Product::mssql || product_ == Product::oracle
                       ? now() + std::max<nanoseconds>(patience, std::chrono::milliseconds(1))
                       : TimePoint::max();
        }
        if (now() >= deadline) {
            return leave(Outcome::timed_out);
        }
        const TimePoint until = std::min({deadline, look, next_cut()});
        const auto sleeper = world().make_sleeper();
        session.sleeper = sleeper.get();
        session.lock->unlock();
        (void)sleeper->sleep_until(until, {});
        session.lock->lock();
        session.sleeper = nullptr;
        end_those_cut();
    }
}

}  // namespace dlock::testing
