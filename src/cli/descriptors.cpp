// SPDX-License-Identifier: BSL-1.0
#include "descriptors.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <cstring>

namespace dlock::cli {
namespace {

// Empty without /proc; then the client libraries' own close-on-exec flags have to do.
std::set<int> open_descriptors() {
    std::set<int> open;
    DIR* const folder = opendir("/proc/self/fd");
    if (folder == nullptr) {
        return open;
    }
    while (const dirent* const entry = readdir(folder)) {
        const char* const end = entry->d_name + std::strlen(entry->d_name);
        int descriptor = -1;
        const auto [stopped, error] = std::from_chars(entry->d_name, end, descriptor);
        if (error == std::errc() && stopped == end && descriptor != dirfd(folder)) {
            open.insert(descriptor);
        }
    }
    closedir(folder);
    return open;
}

}  // namespace

StartDescriptors::StartDescriptors() : start_(open_descriptors()) {
    int descriptor = 0;
    do {
        descriptor = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    } while (descriptor >= 0 && descriptor <= STDERR_FILENO);
    if (descriptor >= 0) {
        ::close(descriptor);
    }
}

void StartDescriptors::withhold_others() const {
    for (const int descriptor : open_descriptors()) {
        if (!start_.contains(descriptor)) {
            (void)fcntl(descriptor, F_SETFD, FD_CLOEXEC);
        }
    }
}

void hand_over(int descriptor) noexcept {
    (void)fcntl(descriptor, F_SETFD, 0);
}

}  // namespace dlock::cli
