// The raw lock beside SQLite: one byte of a file, locked with F_OFD_SETLK and F_OFD_SETLKW.
// SPDX-License-Identifier: BSL-1.0
#include "raw_lock.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <stdexcept>

namespace dlock_bench {
namespace {

class RawOfd final : public RawLock {
  public:
    explicit RawOfd(const std::string& path)
        : file_(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {}
    ~RawOfd() override { close(file_); }

    void take() override { ask(F_OFD_SETLK, F_WRLCK); }
    void wait() override { ask(F_OFD_SETLKW, F_WRLCK); }
    void release() override { ask(F_OFD_SETLK, F_UNLCK); }

  private:
    void ask(int command, short type) {
        struct flock range = {};
        range.l_type = type;
        range.l_whence = SEEK_SET;
        range.l_len = 1;
        if (fcntl(file_, command, &range) != 0) {
            throw std::runtime_error("the byte is not to be had");
        }
    }

    int file_;
};

}  // namespace

std::unique_ptr<RawLock> make_raw_ofd(const std::string& path) {
    return std::make_unique<RawOfd>(path);
}

}  // namespace dlock_bench
