// SPDX-License-Identifier: BSL-1.0
#include "support/simulator/lock_table.hpp"

#include <algorithm>
#include <set>
#include <string_view>

namespace dlock::testing {

bool compatible(Mode one, Mode other) {
    // Rows and columns: X, S, U, IS, IX, SIX, NL. From the tables in the manuals of SQL Server and
    // Oracle.
    static constexpr std::string_view table[] = {
        "------y",  // X
        "-yyy--y",  // S
        "-y-y--y",  // U
        "-yyyyyy",  // IS
        "---yy-y",  // IX
        "---y--y",  // SIX
        "yyyyyyy",  // NL
    };
    return table[static_cast<int>(one)][static_cast<std::size_t>(other)] == 'y';
}

bool LockTable::conflicts_with_grants(const Resource& resource, const Request& request) {
    return std::any_of(resource.grants.begin(), resource.grants.end(), [&](const Grant& grant) {
        return grant.session != request.session && !compatible(grant.mode, request.mode);
    });
}

bool LockTable::has(const Resource& resource, SessionId session) {
    return std::any_of(resource.grants.begin(), resource.grants.end(),
                       [&](const Grant& grant) { return grant.session == session; });
}

bool LockTable::may_go(const Resource& resource, const Request& request) {
    if (conflicts_with_grants(resource, request)) {
        return false;
    }
    if (has(resource, request.session)) {
        return true;
    }
    for (const Request* const earlier : resource.queue) {
        if (earlier == &request) {
            break;
        }
        if (!compatible(earlier->mode, request.mode)) {
            return false;
        }
    }
    return true;
}

bool LockTable::take(const std::string& name, const Request& request) {
    Resource& resource = resources_[name];
    if (!may_go(resource, request)) {
        return false;
    }
    resource.grants.push_back({request.session, request.mode, request.xact, request.order});
    return true;
}

bool LockTable::is_wanted(const std::string& name, Mode mode) const {
    const auto found = resources_.find(name);
    return found != resources_.end() &&
           std::any_of(found->second.queue.begin(), found->second.queue.end(),
                       [&](const Request* request) { return !compatible(request->mode, mode); });
}

bool LockTable::crosses(const std::string& name, SessionId session, Mode mode) const {
    const auto found = resources_.find(name);
    if (found == resources_.end()) {
        return false;
    }
    const auto holds_against = [&](SessionId holder, Mode wanted) {
        return std::any_of(found->second.grants.begin(), found->second.grants.end(),
                           [&](const Grant& grant) {
                               return grant.session == holder && !compatible(grant.mode, wanted);
                           });
    };
    return std::any_of(
        found->second.queue.begin(), found->second.queue.end(), [&](const Request* request) {
            return request->session != session && holds_against(session, request->mode) &&
                   holds_against(request->session, mode);
        });
}

void LockTable::wait(const std::string& name, Request& request) {
    resources_[name].queue.push_back(&request);
}

void LockTable::withdraw(const std::string& name, Request& request) {
    Resource& resource = resources_[name];
    resource.queue.remove(&request);
    promote(resource);
}

void LockTable::promote(Resource& resource) {
    for (auto place = resource.queue.begin(); place != resource.queue.end();) {
        Request& request = **place;
        if (!may_go(resource, request)) {
            ++place;
            continue;
        }
        resource.grants.push_back({request.session, request.mode, request.xact, request.order});
        place = resource.queue.erase(place);
        request.granted = true;
        request.on_grant();
    }
}

bool LockTable::release(const std::string& name, SessionId session, Mode mode, bool xact) {
    Resource& resource = resources_[name];
    const auto found =
        std::find_if(resource.grants.begin(), resource.grants.end(), [&](const Grant& grant) {
            return grant.session == session && grant.mode == mode && grant.xact == xact;
        });
    if (found == resource.grants.end()) {
        return false;
    }
    resource.grants.erase(found);
    promote(resource);
    return true;
}

void LockTable::forget(SessionId session) {
    for (auto& [name, resource] : resources_) {
        resource.queue.remove_if([&](const Request* one) { return one->session == session; });
        std::erase_if(resource.grants, [&](const Grant& one) { return one.session == session; });
        promote(resource);
    }
}

void LockTable::release_if(const std::function<bool(const Grant&)>& gone) {
    for (auto& [name, resource] : resources_) {
        if (std::erase_if(resource.grants, gone) > 0) {
            promote(resource);
        }
    }
}

std::vector<Grant> LockTable::grants(const std::string& name) const {
    const auto found = resources_.find(name);
    return found == resources_.end() ? std::vector<Grant>() : found->second.grants;
}

std::vector<SessionId> LockTable::waiters(const std::string& name) const {
    std::vector<SessionId> sessions;
    const auto found = resources_.find(name);
    if (found != resources_.end()) {
        for (const Request* const request : found->second.queue) {
            sessions.push_back(request->session);
        }
    }
    return sessions;
}

bool LockTable::is_waiting(SessionId session) const {
    return std::any_of(resources_.begin(), resources_.end(), [&](const auto& entry) {
        const auto& queue = entry.second.queue;
        return std::any_of(queue.begin(), queue.end(),
                           [&](const Request* request) { return request->session == session; });
    });
}

int LockTable::count_of(SessionId session) const {
    int count = 0;
    for_each([&](const std::string&, const Grant& grant) { count += grant.session == session; });
    return count;
}

void LockTable::for_each(const std::function<void(const std::string&, const Grant&)>& visit) const {
    for (const auto& [name, resource] : resources_) {
        for (const Grant& grant : resource.grants) {
            visit(name, grant);
        }
    }
}

void LockTable::for_each_waiting(
    const std::function<void(const std::string&, const Request&)>& visit) const {
    for (const auto& [name, resource] : resources_) {
        for (const Request* const request : resource.queue) {
            visit(name, *request);
        }
    }
}

// The sessions that the session waits for.
std::vector<SessionId> LockTable::blockers(SessionId session) const {
    std::vector<SessionId> result;
    for (const auto& [name, resource] : resources_) {
        const auto place =
            std::find_if(resource.queue.begin(), resource.queue.end(),
                         [&](const Request* request) { return request->session == session; });
        if (place == resource.queue.end()) {
            continue;
        }
        const Request& request = **place;
        const bool has_it = has(resource, session);
        for (const Grant& grant : resource.grants) {
            if (grant.session != session && !compatible(grant.mode, request.mode)) {
                result.push_back(grant.session);
            }
        }
        for (auto earlier = resource.queue.begin(); !has_it && earlier != place; ++earlier) {
            if (!compatible((*earlier)->mode, request.mode)) {
                result.push_back((*earlier)->session);
            }
        }
    }
    return result;
}

bool LockTable::in_deadlock(SessionId session) const {
    std::set<SessionId> seen;
    std::vector<SessionId> open = blockers(session);
    while (!open.empty()) {
        const SessionId next = open.back();
        open.pop_back();
        if (next == session) {
            return true;
        }
        if (seen.insert(next).second) {
            for (const SessionId further : blockers(next)) {
                open.push_back(further);
            }
        }
    }
    return false;
}

bool LockTable::in_deadlock_for_good(SessionId session) {
    if (!in_deadlock(session)) {
        return false;
    }
    for (auto& [name, resource] : resources_) {
        const std::list<Request*> before = resource.queue;
        for (Request* const late : before) {
            for (Request* const early : before) {
                if (early == late) {
                    break;
                }
                resource.queue.remove(late);
                resource.queue.insert(
                    std::find(resource.queue.begin(), resource.queue.end(), early), late);
                if (!in_deadlock(session)) {
                    promote(resource);
                    return false;
                }
                resource.queue = before;
            }
        }
    }
    return true;
}

std::uint64_t LockTable::digest() const {
    std::uint64_t hash = 1469598103934665603U;
    const auto mix = [&hash](std::uint64_t value) { hash = (hash ^ value) * 1099511628211U; };
    for (const auto& [name, resource] : resources_) {
        if (resource.grants.empty() && resource.queue.empty()) {
            continue;
        }
        mix(std::hash<std::string>{}(name));
        for (const Grant& grant : resource.grants) {
            mix(static_cast<std::uint64_t>(grant.session) * 31 +
                static_cast<std::uint64_t>(grant.mode));
        }
        mix(77);
        for (const Request* const request : resource.queue) {
            mix(static_cast<std::uint64_t>(request->session) * 31 +
                static_cast<std::uint64_t>(request->mode));
        }
    }
    return hash;
}

}  // namespace dlock::testing
