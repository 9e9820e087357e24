// SPDX-License-Identifier: BSL-1.0
#include "engine/holds.hpp"

#include "engine/modes.hpp"
#include "process.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

namespace dlock::detail {
namespace {

struct Registry {
    std::mutex mutex;
    std::map<const void*, std::weak_ptr<SessionRecord>> sessions;
};

Registry& registry() {
    return one_per_process<Registry>();
}

}  // namespace

std::shared_ptr<SessionRecord> Holds::record(const void* handle) {
    Registry& all = registry();
    const std::lock_guard lock(all.mutex);
    if (auto existing = all.sessions[handle].lock()) {
        return existing;
    }
    auto made = std::make_shared<SessionRecord>();
    std::erase_if(all.sessions, [](const auto& entry) { return entry.second.expired(); });
    all.sessions[handle] = made;
    return made;
}

void Holds::prepare(SessionRecord& record, std::uint64_t incarnation) {
    const std::lock_guard lock(registry().mutex);
    if (record.incarnation != incarnation) {
        for (const auto& hold : record.holds) {
            hold->gone = true;
        }
        record.holds.clear();
        record.incarnation = incarnation;
    }
    record.holds.reserve(record.holds.size() + 1);
}

std::shared_ptr<Hold> Holds::find(const SessionRecord& record, const std::string& name) {
    const std::lock_guard lock(registry().mutex);
    for (const auto& hold : record.holds) {
        if (hold->name == name) {
            return hold;
        }
    }
    return nullptr;
}

bool Holds::holds_nothing(const SessionRecord& record) {
    const std::lock_guard lock(registry().mutex);
    return record.holds.empty();
}

bool Holds::held_by_caller(const SessionRecord& record, const std::string& name, Mode mode,
                           std::size_t caller) {
    if (caller == Hold::nobody) {
        return false;
    }
    Registry& all = registry();
    const std::lock_guard lock(all.mutex);
    for (const auto& [handle, weak] : all.sessions) {
        const auto other = weak.lock();
        if (!other || other.get() == &record) {
            continue;
        }
        for (const auto& hold : other->holds) {
            // A transaction-level hold of another session may have ended unseen.
            if (exclude_each_other(mode, hold->mode) && !hold->xact && hold->caller == caller &&
                hold->name == name) {
                return true;
            }
        }
    }
    return false;
}

void Holds::add(SessionRecord& record, std::shared_ptr<Hold> hold) noexcept {
    const std::lock_guard lock(registry().mutex);
    record.holds.push_back(std::move(hold));
}

void Holds::join(Hold& hold) noexcept {
    const std::lock_guard lock(registry().mutex);
    ++hold.count;
}

bool Holds::leave(SessionRecord& record, const std::shared_ptr<Hold>& hold) noexcept {
    const std::lock_guard lock(registry().mutex);
    if (--hold->count > 0) {
        return false;
    }
    std::erase(record.holds, hold);
    return true;
}

void Holds::forget(SessionRecord& record, const std::shared_ptr<Hold>& hold) noexcept {
    const std::lock_guard lock(registry().mutex);
    hold->gone = true;
    std::erase(record.holds, hold);
}

void Holds::end_transaction(SessionRecord& record) noexcept {
    const std::lock_guard lock(registry().mutex);
    std::erase_if(record.holds, [](const auto& hold) {
        hold->gone = hold->gone || hold->xact;
        return hold->xact;
    });
}

bool Holds::is_gone(const Hold& hold) noexcept {
    const std::lock_guard lock(registry().mutex);
    return hold.gone;
}

unsigned Holds::count(const Hold& hold) noexcept {
    const std::lock_guard lock(registry().mutex);
    return hold.count;
}

}  // namespace dlock::detail
