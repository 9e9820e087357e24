// The lock file next to an SQLite database: byte locks and shared memory. Linux only.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <fcntl.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

namespace dlock::detail {

/// What an open-file-description lock lets others do.
enum class Share : short {
    /// Others may hold it shared too.
    shared = F_RDLCK,
    /// Nobody else may hold it.
    exclusive = F_WRLCK,
};

/// `<database>-dlock`, opened once for each database session.
///
/// The truth about locks is the kernel's: F_OFD_SETLK on single bytes. They belong to the open file
/// description, so two SideFiles exclude each other even in one process, and they end when its last
/// descriptor is closed: at once if the process is killed; after a fork only when the child, which
/// inherits a descriptor, has ended (or called exec) as well. The database file itself is never
/// opened: closing it would drop SQLite's own POSIX locks.
///
/// The file's contents are shared memory for hints: whatever stands there must not make a lock
/// wrong.
///
/// Functions throw std::system_error (generic category: an errno) with a cure in the text.
///
/// Thread safety: one thread at a time, except close(), and hints() under pin(): any thread.
class SideFile {
  public:
    static constexpr std::size_t hints_size = 16384;

    /// Opens the side file of `database`, and creates it with that file's owner and mode where
    /// there is none. Symbolic links in the path are resolved; the names of a hard-linked database
    /// would be two lock files (SQLite's own journal has the same weakness).
    explicit SideFile(const std::string& database);
    ~SideFile();
    SideFile(const SideFile&) = delete;
    SideFile& operator=(const SideFile&) = delete;

    /// The real path.
    [[nodiscard]] const std::string& database() const noexcept { return database_; }
    [[nodiscard]] const std::string& path() const noexcept { return path_; }
    /// Differs between any two SideFiles of this process; never 0.
    [[nodiscard]] std::uint64_t identity() const noexcept { return identity_; }
    [[nodiscard]] int descriptor() const noexcept { return fd_; }
    [[nodiscard]] bool is_open() const noexcept { return fd_ >= 0; }

    /// Locks a byte; false if somebody else's lock is in the way.
    [[nodiscard]] bool lock_byte(off_t position, Share share);
    /// Unlocks a byte. False if the descriptor is not ours any more, and with it the lock.
    bool unlock_byte(off_t position);
    /// True if nobody else's lock would be in the way.
    [[nodiscard]] bool byte_free(off_t position, Share share) const;
    /// True if a fresh descriptor of the same file finds the byte locked by anybody.
    [[nodiscard]] bool locked_for_others(off_t position) const;

    /// True if the path still names the file that is open here. If not, locks taken here exclude
    /// nobody who comes now.
    [[nodiscard]] bool current() const noexcept;
    /// Opens the path again. What was held is lost; if it throws, all is as it was.
    void reopen();
    /// Frees all locks.
    void close() noexcept;

    /// What this session holds. reserve_hold() makes add_hold() unable to fail.
    void reserve_hold();
    void add_hold(std::int64_t key, Share share) noexcept;
    bool remove_hold(std::int64_t key) noexcept;
    /// Null if not held.
    [[nodiscard]] const Share* hold(std::int64_t key) const noexcept;

    /// Memory shared with everybody who has the file open: hints_size bytes, zero at first. Null if
    /// it cannot be used now. Another thread than the owner must keep pin()'s lock while using it.
    [[nodiscard]] void* hints() noexcept;
    [[nodiscard]] std::unique_lock<std::mutex> pin() { return std::unique_lock(mutex_); }

  private:
    struct Held {
        std::int64_t key;
        Share share;
    };

    void open();
    void inherit_owner_and_mode(int fd) const;
    [[nodiscard]] int open_or_create() const;
    void close_descriptor() noexcept;
    [[nodiscard]] bool is_mine(int fd) const noexcept;
    [[noreturn]] void fail(int error, const char* what) const;

    std::string database_;
    std::string path_;
    std::uint64_t identity_;
    /// Between the owner's reopen() and hints() in another thread.
    std::mutex mutex_;
    int fd_ = -1;
    dev_t device_ = 0;
    ino_t inode_ = 0;
    void* hints_ = nullptr;
    std::vector<Held> holds_;
};

}  // namespace dlock::detail
