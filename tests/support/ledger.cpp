// SPDX-License-Identifier: BSL-1.0
#include "support/ledger.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

namespace dlock_test {

// Zero bytes are its initial state, so a fresh file needs no set-up.
struct Ledger::Page {
    std::atomic<std::int64_t> exclusive;
    std::atomic<std::int64_t> shared;
    std::atomic<std::int64_t> overlaps;
    std::atomic<std::int64_t> grants[max_workers];
    std::atomic<int> owner;  // 0: nobody
    std::array<std::atomic<bool>, max_owners> dead;
    std::atomic<int> ready;
    std::atomic<bool> started;
    std::atomic<bool> stopped;
};

Ledger::Ledger(const std::string& path) {
    const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0 || ftruncate(file, sizeof(Page)) != 0) {
        throw std::runtime_error("no ledger at " + path);
    }
    void* const memory = mmap(nullptr, sizeof(Page), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (memory == MAP_FAILED) {
        throw std::runtime_error("no memory for the ledger");
    }
    page_ = static_cast<Page*>(memory);
}

Ledger::~Ledger() {
    munmap(page_, sizeof(Page));
}

void Ledger::enter() noexcept {
    if (page_->exclusive.fetch_add(1) != 0 || page_->shared.load() != 0) {
        page_->overlaps.fetch_add(1);
    }
}

void Ledger::leave() noexcept {
    page_->exclusive.fetch_sub(1);
}

void Ledger::enter_shared() noexcept {
    page_->shared.fetch_add(1);
    if (page_->exclusive.load() != 0) {
        page_->overlaps.fetch_add(1);
    }
}

void Ledger::leave_shared() noexcept {
    page_->shared.fetch_sub(1);
}

void Ledger::enter(int owner) noexcept {
    const int before = page_->owner.exchange(owner);
    if (before != 0 && !page_->dead.at(static_cast<std::size_t>(before))) {
        page_->overlaps.fetch_add(1);
    }
}

void Ledger::leave(int owner) noexcept {
    int inside = owner;
    const bool alone = page_->owner.compare_exchange_strong(inside, 0);
    if (!page_->dead.at(static_cast<std::size_t>(owner)).exchange(false) && !alone) {
        page_->overlaps.fetch_add(1);
    }
}

void Ledger::declare_dead(int owner) noexcept {
    page_->dead.at(static_cast<std::size_t>(owner)) = true;
}

void Ledger::count(int worker) noexcept {
    page_->grants[worker].fetch_add(1);
}

long long Ledger::grants(int worker) const noexcept {
    return page_->grants[worker].load();
}

long long Ledger::overlaps() const noexcept {
    return page_->overlaps.load();
}

void Ledger::ready() noexcept {
    page_->ready.fetch_add(1);
}

int Ledger::ready_count() const noexcept {
    return page_->ready.load();
}

void Ledger::start() noexcept {
    page_->started.store(true);
}

bool Ledger::started() const noexcept {
    return page_->started.load();
}

void Ledger::stop() noexcept {
    page_->stopped.store(true);
}

bool Ledger::stopped() const noexcept {
    return page_->stopped.load();
}

}  // namespace dlock_test
