// SPDX-License-Identifier: BSL-1.0
#include "support/simulator/server_model.hpp"

#include <set>
#include <utility>

namespace dlock::testing {

SimulatedServer::SimulatedServer(Product product, Behaviour behaviour)
    : model_(std::make_unique<ServerModel>(product, std::move(behaviour))) {}

SimulatedServer::~SimulatedServer() = default;

const soci::backend_factory& SimulatedServer::factory() const noexcept {
    return model_->factory();
}

Product SimulatedServer::product() const noexcept {
    return model_->product();
}

void SimulatedServer::terminate(std::int64_t session) {
    model_->terminate(session);
}

void SimulatedServer::cancel(std::int64_t session) {
    model_->cancel(session);
}

void SimulatedServer::restart() {
    model_->restart();
}

int SimulatedServer::holders(const ActualKey& key) const {
    return model_->look([&](const LockTable& locks, const auto&) {
        std::set<SessionId> sessions;
        for (const Grant& grant : locks.grants(model_->name_of(key))) {
            sessions.insert(grant.session);
        }
        return static_cast<int>(sessions.size());
    });
}

int SimulatedServer::waiters(const ActualKey& key) const {
    return model_->look([&](const LockTable& locks, const auto&) {
        return static_cast<int>(locks.waiters(model_->name_of(key)).size());
    });
}

bool SimulatedServer::holds(std::int64_t session, const ActualKey& key) const {
    return model_->look([&](const LockTable& locks, const auto&) {
        for (const Grant& grant : locks.grants(model_->name_of(key))) {
            if (grant.session == session) {
                return true;
            }
        }
        return false;
    });
}

bool SimulatedServer::waits(std::int64_t session) const {
    return model_->look(
        [&](const LockTable& locks, const auto&) { return locks.is_waiting(session); });
}

int SimulatedServer::locks_of(std::int64_t session) const {
    return model_->look(
        [&](const LockTable& locks, const auto&) { return locks.count_of(session); });
}

int SimulatedServer::locks() const {
    return model_->look([](const LockTable& locks, const auto&) {
        int count = 0;
        locks.for_each([&](const std::string&, const Grant&) { ++count; });
        return count;
    });
}

bool SimulatedServer::has_session(std::int64_t session) const {
    return model_->look([&](const LockTable&, const auto& sessions) {
        const auto found = sessions.find(session);
        return found != sessions.end() && !found->second->cut_at;
    });
}

int SimulatedServer::sessions() const {
    return model_->look(
        [](const LockTable&, const auto& sessions) { return static_cast<int>(sessions.size()); });
}

std::uint64_t SimulatedServer::digest() const {
    return model_->look([](const LockTable& locks, const auto&) { return locks.digest(); });
}

}  // namespace dlock::testing
