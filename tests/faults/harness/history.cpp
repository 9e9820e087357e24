// SPDX-License-Identifier: BSL-1.0
#include "faults/harness/history.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>

namespace dlock_test {
namespace {

std::int64_t now() {
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * std::int64_t{1000000000} + time.tv_nsec;
}

}  // namespace

// Zero bytes are its initial state, so a fresh file needs no set-up.
struct History::Page {
    std::atomic<int> owners;
    std::atomic<int> used;
    Record records[capacity];
};

History::History(const std::string& path) {
    const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0 || ftruncate(file, sizeof(Page)) != 0) {
        throw std::runtime_error("no history at " + path);
    }
    void* const memory = mmap(nullptr, sizeof(Page), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (memory == MAP_FAILED) {
        throw std::runtime_error("no memory for the history");
    }
    page_ = static_cast<Page*>(memory);
}

History::~History() {
    munmap(page_, sizeof(Page));
}

int History::new_owner() noexcept {
    return page_->owners.fetch_add(1) + 1;
}

Record& History::begin(Operation operation, int owner, std::chrono::nanoseconds limit) {
    const int at = page_->used.fetch_add(1);
    if (at >= capacity) {
        throw std::runtime_error("the history is full");
    }
    Record& record = page_->records[at];
    record.operation = operation;
    record.limit = limit.count();
    record.invoked = now();
    record.owner.store(owner, std::memory_order_release);
    return record;
}

void History::end(Record& record, Outcome outcome) noexcept {
    record.returned = now();
    record.outcome.store(outcome, std::memory_order_release);
}

std::span<const Record> History::records() const noexcept {
    const int used = std::min(page_->used.load(), capacity);
    return {page_->records, static_cast<std::size_t>(used)};
}

}  // namespace dlock_test
