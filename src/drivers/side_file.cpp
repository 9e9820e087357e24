// The lock file next to an SQLite database. Linux only: OFD locks.
// SPDX-License-Identifier: BSL-1.0
#include "drivers/side_file.hpp"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <system_error>

namespace dlock::detail {
namespace {

constexpr int open_flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;

std::atomic<std::uint64_t> next_identity{1};

const char* cure(int error) noexcept {
    switch (error) {
        case EACCES:
        case EPERM:
            return "this user must be allowed to read and write it, or to create it in its "
                   "directory";
        case EROFS:
            return "the file system is read-only, but locks need this file next to the database";
        case ENOSPC:
        case EDQUOT:
            return "free some space on its file system";
        case EMFILE:
        case ENFILE:
            return "close some files or raise the limit of open files";
        case ENOLCK:
        case ENOMEM:
            return "the system is out of locks or memory; try again later";
        case ELOOP:
            return "it must be a regular file, not a symbolic link; remove the link";
        case ENOENT:
        case ENOTDIR:
            return "the database file or its directory is gone";
        case EBADF:
            return "the session was closed, or something closed a descriptor that is not its own";
        case ESTALE:
            return "somebody keeps deleting it; leave it in place while the database is in use";
        default:
            return "it must be a regular file on a file system with open-file-description locks";
    }
}

std::string real_path(const std::string& path) {
    char* const real = realpath(path.c_str(), nullptr);
    if (real == nullptr) {
        throw std::system_error(errno, std::generic_category(),
                                "cannot find the database file " + path);
    }
    std::string result(real);
    std::free(real);
    return result;
}

struct flock range(off_t position, short type) noexcept {
    struct flock lock {};
    lock.l_type = type;
    lock.l_whence = SEEK_SET;
    lock.l_start = position;
    lock.l_len = 1;
    return lock;
}

}  // namespace

SideFile::SideFile(const std::string& database)
    : database_(real_path(database)), path_(database_ + "-dlock"), identity_(next_identity++) {
    open();
}

SideFile::~SideFile() {
    close_descriptor();  // nobody to exclude; in a forked child, nobody who would ever unlock
}

void SideFile::fail(int error, const char* what) const {
    throw std::system_error(
        error, std::generic_category(),
        std::string("cannot ") + what + " the lock file " + path_ + " (" + cure(error) + ")");
}

void SideFile::inherit_owner_and_mode(int fd) const {
    struct stat file {};
    if (::stat(database_.c_str(), &file) != 0) {
        fail(errno, "give owner and mode to");
    }
    // Only root may give files away; a member of the group may still pass the group on.
    if (fchown(fd, file.st_uid, file.st_gid) != 0 &&
        fchown(fd, static_cast<uid_t>(-1), file.st_gid) != 0) {
        errno = 0;
    }
    // Locks are taken on read-only databases too, and need a descriptor that may write.
    if (fchmod(fd, (file.st_mode & 0666U) | S_IRUSR | S_IWUSR) != 0) {
        fail(errno, "give owner and mode to");
    }
}

int SideFile::open_or_create() const {
    // Opened without O_CREAT first: fs.protected_regular forbids O_CREAT on others' files in /tmp.
    for (int round = 0; round < 100; ++round) {
        int fd = ::open(path_.c_str(), open_flags);
        if (fd >= 0) {
            return fd;
        }
        if (errno != ENOENT) {
            fail(errno, "open");
        }
        struct stat file {};
        if (::stat(database_.c_str(), &file) != 0) {
            fail(errno, "create");
        }
        fd = ::open(path_.c_str(), open_flags | O_CREAT | O_EXCL, (file.st_mode & 0666U) | 0600U);
        if (fd >= 0) {
            try {
                inherit_owner_and_mode(fd);
            } catch (...) {
                ::close(fd);
                throw;
            }
            return fd;
        }
        if (errno != EEXIST) {
            fail(errno, "create");
        }
    }
    fail(ESTALE, "open");
}

void SideFile::open() {
    const int fd = open_or_create();
    struct stat file {};
    int error = fstat(fd, &file) == 0 ? 0 : errno;
    if (error == 0 && !S_ISREG(file.st_mode)) {
        error = EINVAL;
    }
    // Blocks are allocated, not only the size set: writing to a mapped hole of a full file system
    // is a SIGBUS.
    if (error == 0 && file.st_size < static_cast<off_t>(hints_size)) {
        error = posix_fallocate(fd, 0, hints_size);
    }
    void* memory = MAP_FAILED;
    if (error == 0) {
        memory = mmap(nullptr, hints_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        error = memory == MAP_FAILED ? errno : 0;
    }
    if (error != 0) {
        ::close(fd);
        fail(error, "use");
    }
    close_descriptor();
    fd_ = fd;
    device_ = file.st_dev;
    inode_ = file.st_ino;
    hints_ = memory;
}

void SideFile::close_descriptor() noexcept {
    if (hints_ != nullptr) {
        munmap(hints_, hints_size);
        hints_ = nullptr;
    }
    // No unlock: in a forked child that would free the parent's locks; closing does not.
    if (fd_ >= 0 && is_mine(fd_)) {
        ::close(fd_);
    }
    fd_ = -1;
    holds_.clear();
}

void SideFile::close() noexcept {
    const std::lock_guard guard(mutex_);
    close_descriptor();
}

void SideFile::reopen() {
    const std::lock_guard guard(mutex_);
    open();
}

// Somebody who closes a descriptor twice may have closed ours, and its number may be in use again.
bool SideFile::is_mine(int fd) const noexcept {
    struct stat file {};
    return fstat(fd, &file) == 0 && file.st_dev == device_ && file.st_ino == inode_;
}

bool SideFile::current() const noexcept {
    struct stat mine {};
    if (fstat(fd_, &mine) != 0 || mine.st_dev != device_ || mine.st_ino != inode_) {
        return false;
    }
    struct stat named {};
    if (lstat(path_.c_str(), &named) == 0) {
        return named.st_dev == device_ && named.st_ino == inode_;
    }
    // Not allowed to look any more: at least it must not be deleted.
    return errno != ENOENT && errno != ENOTDIR && mine.st_nlink > 0;
}

bool SideFile::lock_byte(off_t position, Share share) {
    struct flock lock = range(position, static_cast<short>(share));
    while (fcntl(fd_, F_OFD_SETLK, &lock) != 0) {
        if (errno == EAGAIN) {
            return false;
        }
        if (errno != EINTR) {
            fail(errno, "lock");
        }
    }
    return true;
}

bool SideFile::unlock_byte(off_t position) {
    struct flock lock = range(position, F_UNLCK);
    while (fcntl(fd_, F_OFD_SETLK, &lock) != 0) {
        if (errno == EBADF) {
            return false;
        }
        if (errno != EINTR) {
            fail(errno, "unlock");
        }
    }
    return true;
}

bool SideFile::byte_free(off_t position, Share share) const {
    struct flock lock = range(position, static_cast<short>(share));
    if (fcntl(fd_, F_OFD_GETLK, &lock) != 0) {
        fail(errno, "look at");
    }
    return lock.l_type == F_UNLCK;
}

bool SideFile::locked_for_others(off_t position) const {
    const int fd = ::open(path_.c_str(), open_flags);
    if (fd < 0) {
        if (errno == ENOENT) {
            return false;
        }
        fail(errno, "open");
    }
    struct flock lock = range(position, F_WRLCK);
    const bool looked = is_mine(fd) && fcntl(fd, F_OFD_GETLK, &lock) == 0;
    ::close(fd);
    return looked && lock.l_type != F_UNLCK;
}

void SideFile::reserve_hold() {
    if (holds_.size() == holds_.capacity()) {
        holds_.reserve(2 * holds_.size() + 4);
    }
}

void SideFile::add_hold(std::int64_t key, Share share) noexcept {
    holds_.push_back({key, share});
}

const Share* SideFile::hold(std::int64_t key) const noexcept {
    const auto found = std::ranges::find(holds_, key, &Held::key);
    return found == holds_.end() ? nullptr : &found->share;
}

bool SideFile::remove_hold(std::int64_t key) noexcept {
    const auto found = std::ranges::find(holds_, key, &Held::key);
    if (found == holds_.end()) {
        return false;
    }
    *found = holds_.back();
    holds_.pop_back();
    return true;
}

// If somebody has truncated the file, touching the memory would be a SIGBUS: the size is looked at
// first, and mended.
void* SideFile::hints() noexcept {
    struct stat file {};
    if (hints_ == nullptr || fstat(fd_, &file) != 0 || file.st_ino != inode_) {
        return nullptr;
    }
    if (file.st_size < static_cast<off_t>(hints_size) && posix_fallocate(fd_, 0, hints_size) != 0) {
        return nullptr;
    }
    return hints_;
}

}  // namespace dlock::detail
