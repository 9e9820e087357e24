// The lock of one key in a side file. Linux only: futexes.
// SPDX-License-Identifier: BSL-1.0
#include "drivers/side_file_lock.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <system_error>
#include <utility>

namespace dlock::detail {
namespace {

using TimePoint = SideFileLock::TimePoint;
using Outcome = SideFileLock::Outcome;

// Where the waiters for one key sleep: those for the lock, and those for the turnstile.
enum class Row { front, rear };

// What a row sleeps on. A sleeper reads `count`, sets its bit in `sleepers`, tests what it waits
// for, and sleeps if `count` is still the same. A waker clears the bit, then changes `count`: who
// set the bit before that cannot fall asleep any more, who sets it later keeps it. Each one woken
// sets the bit again on its next round, so a bit that a killed sleeper left costs one needless
// wake.
struct Word {
    std::uint32_t count;
    std::uint32_t sleepers;
};

struct alignas(64) Line {
    std::array<Word, 2> rows;
};

using Table = std::array<Line, SideFile::hints_size / sizeof(Line)>;
static_assert(sizeof(Table) == SideFile::hints_size);

// The word of a key, and its bit. Keys that share both cost each other needless wakes.
struct Place {
    Place(SideFile& file, std::int64_t key, Row row) noexcept {
        // splitmix64, so that consecutive keys do not share a line.
        auto hash = static_cast<std::uint64_t>(key) + 0x9E3779B97F4A7C15ULL;
        hash = (hash ^ (hash >> 30U)) * 0xBF58476D1CE4E5B9ULL;
        hash = (hash ^ (hash >> 27U)) * 0x94D049BB133111EBULL;
        hash ^= hash >> 31U;
        bit = 1U << (hash >> 59U);
        if (void* const hints = file.hints()) {
            auto& table = *static_cast<Table*>(hints);
            word = &table[hash % table.size()].rows[static_cast<std::size_t>(row)];
        }
    }

    // Without FUTEX_PRIVATE_FLAG: other processes sleep on the same word of the same file.
    void wake(int sleepers) const noexcept {
        std::atomic_ref(word->count).fetch_add(1);
        syscall(SYS_futex, &word->count, FUTEX_WAKE_BITSET, sleepers, nullptr, nullptr, bit);
    }

    Word* word = nullptr;
    std::uint32_t bit = 0;
};

// Says that somebody is about to sleep; the result is for sleep().
std::uint32_t announce(SideFile& file, std::int64_t key, Row row) noexcept {
    const Place place(file, key, row);
    if (place.word == nullptr) {
        return 0;
    }
    const std::uint32_t count = std::atomic_ref(place.word->count).load();
    std::atomic_ref(place.word->sleepers).fetch_or(place.bit);
    return count;
}

// Sleeps until woken, until the time, or for no reason.
void sleep(SideFile& file, std::int64_t key, Row row, std::uint32_t announced,
           TimePoint until) noexcept {
    using std::chrono::nanoseconds;
    const auto since_boot =
        std::chrono::duration_cast<nanoseconds>(until.time_since_epoch()).count();
    const timespec time{.tv_sec = static_cast<time_t>(since_boot / 1'000'000'000),
                        .tv_nsec = static_cast<long>(since_boot % 1'000'000'000)};
    const Place place(file, key, row);
    if (place.word == nullptr) {
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nullptr);
        return;
    }
    // The time of FUTEX_WAIT_BITSET is a point of CLOCK_MONOTONIC, as steady_clock is.
    syscall(SYS_futex, &place.word->count, FUTEX_WAIT_BITSET, announced, &time, nullptr, place.bit);
}

void wake(SideFile& file, std::int64_t key, Row row, int sleepers) noexcept {
    const Place place(file, key, row);
    if (place.word != nullptr && (std::atomic_ref(place.word->sleepers).load() & place.bit) != 0) {
        std::atomic_ref(place.word->sleepers).fetch_and(~place.bit);
        place.wake(sleepers);
    }
}

// How long a waiter sleeps before it looks by itself.
TimePoint next_look(TimePoint now, TimePoint deadline, std::chrono::milliseconds poll) noexcept {
    return deadline - now > poll ? now + poll : deadline;
}

Share share_of(Mode mode) {
    if (mode != Mode::exclusive && mode != Mode::shared) {
        throw std::system_error(EINVAL, std::generic_category(), "the lock's mode");
    }
    return mode == Mode::shared ? Share::shared : Share::exclusive;
}

}  // namespace

// The front waiter's place in the turnstile. The next one is woken when it is left.
class SideFileLock::Turn {
  public:
    explicit Turn(SideFileLock& lock) noexcept : lock_(lock) {}
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() {
        try {
            (void)lock_.file_->unlock_byte(lock_.turnstile_position());
        } catch (...) {
            // The kernel is out of memory. The byte would keep others out for good; without the
            // file the lock is gone too, and settle(), release() and verify() see that.
            lock_.file_->close();
        }
        wake(*lock_.file_, lock_.key_, Row::rear, 1);
    }

  private:
    SideFileLock& lock_;
};

SideFileLock::SideFileLock(std::shared_ptr<SideFile> file, std::int64_t key) noexcept
    : file_(std::move(file)), key_(key) {}

bool SideFileLock::try_lock(Mode mode) {
    const Share share = share_of(mode);
    for (int round = 0; round < 100; ++round) {
        file_->reserve_hold();
        if (!enter(share)) {
            return false;
        }
        if (settle(share)) {
            return true;
        }
    }
    return false;  // somebody deletes the side file all the time
}

Outcome SideFileLock::wait(Mode mode, TimePoint deadline, const std::atomic<bool>& cancelled) {
    const Share share = share_of(mode);
    while (true) {
        file_->reserve_hold();
        if (!enter(share)) {
            const Outcome outcome = queue(share, deadline, cancelled);
            if (outcome != Outcome::granted) {
                return outcome;
            }
        }
        if (settle(share)) {
            return Outcome::granted;
        }
        if (cancelled.load() || Clock::now() >= deadline) {
            return cancelled.load() ? Outcome::cancelled : Outcome::busy;
        }
    }
}

// Takes the lock without waiting, unless somebody waits for it.
bool SideFileLock::enter(Share share) {
    if (file_->byte_free(turnstile_position(), Share::exclusive)) {
        left_free_since_.reset();
    } else if (!may_pass_by()) {
        return false;
    }
    return file_->lock_byte(lock_position(), share);
}

// A lock on a file that was deleted meanwhile excludes nobody: take the new file.
bool SideFileLock::settle(Share share) {
    left_free_since_.reset();
    if (file_->current()) {
        file_->add_hold(key_, share);
        return true;
    }
    (void)file_->unlock_byte(lock_position());
    file_->reopen();
    return false;
}

// Asked while somebody stands in the turnstile.
bool SideFileLock::may_pass_by() {
    if (!file_->byte_free(lock_position(), Share::exclusive)) {
        left_free_since_.reset();
        return false;
    }
    const TimePoint now = Clock::now();
    if (!left_free_since_.has_value()) {
        left_free_since_ = now;
    }
    return now - *left_free_since_ >= patience;
}

Outcome SideFileLock::queue(Share share, TimePoint deadline, const std::atomic<bool>& cancelled) {
    while (true) {
        const std::uint32_t announced = announce(*file_, key_, Row::rear);
        if (file_->lock_byte(turnstile_position(), Share::exclusive)) {
            const Turn turn(*this);
            return wait_in_front(share, deadline, cancelled);
        }
        const TimePoint now = Clock::now();
        const bool stop = cancelled.load();
        const bool passes = may_pass_by() && file_->lock_byte(lock_position(), share);
        if (passes || stop || now >= deadline) {
            // The wake that was meant for the next in the turnstile may have come here.
            wake(*file_, key_, Row::rear, 1);
            return passes ? Outcome::granted : stop ? Outcome::cancelled : Outcome::busy;
        }
        sleep(*file_, key_, Row::rear, announced, next_look(now, deadline, rear_poll));
    }
}

Outcome SideFileLock::wait_in_front(Share share, TimePoint deadline,
                                    const std::atomic<bool>& cancelled) {
    while (true) {
        const std::uint32_t announced = announce(*file_, key_, Row::front);
        if (file_->lock_byte(lock_position(), share)) {
            return Outcome::granted;
        }
        const TimePoint now = Clock::now();
        if (cancelled.load() || now >= deadline) {
            return cancelled.load() ? Outcome::cancelled : Outcome::busy;
        }
        sleep(*file_, key_, Row::front, announced, next_look(now, deadline, front_poll));
    }
}

bool SideFileLock::release() {
    if (!file_->remove_hold(key_)) {
        return false;
    }
    const bool current = file_->current();
    const bool unlocked = file_->unlock_byte(lock_position());
    // Front waiters of different keys may share the word.
    wake(*file_, key_, Row::front, INT_MAX);
    return current && unlocked;
}

bool SideFileLock::verify() const {
    const Share* const share = file_->hold(key_);
    // Our own lock is not in our own way: what the second question finds would be somebody who took
    // what was ours.
    return share != nullptr && file_->current() && file_->byte_free(lock_position(), *share) &&
           file_->locked_for_others(lock_position());
}

void SideFileLock::wake_waiters(SideFile& file, std::int64_t key) noexcept {
    const auto pin = file.pin();
    for (const Row row : {Row::front, Row::rear}) {
        const Place place(file, key, row);
        if (place.word != nullptr) {
            place.wake(INT_MAX);
        }
    }
}

}  // namespace dlock::detail
