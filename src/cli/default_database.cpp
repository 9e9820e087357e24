// SPDX-License-Identifier: BSL-1.0
#include "default_database.hpp"

#include "exit_codes.hpp"
#include "failure.hpp"
#include "message.hpp"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>

namespace dlock::cli {
namespace {

// Relative paths are to be ignored, says the XDG specification.
std::string absolute_from_environment(const char* name) {
    const char* const value = std::getenv(name);
    return value != nullptr && value[0] == '/' ? value : "";
}

std::string state_folder() {
    if (std::string state = absolute_from_environment("XDG_STATE_HOME"); !state.empty()) {
        return state;
    }
    std::string home = absolute_from_environment("HOME");
    if (home.empty()) {
        const passwd* const user = getpwuid(geteuid());
        home = user != nullptr && user->pw_dir != nullptr ? user->pw_dir : "";
    }
    if (home.empty()) {
        throw Failure(
            exit_configuration,
            "there is no home folder for the lock database; set XDG_STATE_HOME, or name a "
            "database with --url");
    }
    return home + "/.local/state";
}

void make_folders(const std::string& path) {
    for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
        const std::string part = path.substr(0, end);
        if (mkdir(part.c_str(), 0700) != 0 && errno != EEXIST) {
            const int error = errno;
            struct stat found {};
            if (stat(part.c_str(), &found) == 0) {
                errno = EEXIST;  // there, on a file system that may not be written to
            } else {
                throw Failure(error == EACCES || error == EPERM ? exit_refused : exit_configuration,
                              "cannot make the folder " + in_quotes(part) +
                                  " for the lock database (" + std::strerror(error) +
                                  "); set XDG_STATE_HOME, or name a database with --url");
            }
        }
        if (end == std::string::npos) {
            return;
        }
    }
}

}  // namespace

Target default_database() {
    const std::string folder = state_folder() + "/dlock";
    const std::string path = folder + "/locks.db";
    if (path.find('=') != std::string::npos && path.find('"') != std::string::npos) {
        throw Failure(exit_configuration, "set XDG_STATE_HOME to a folder with a plainer name");
    }
    Target target = detail::sqlite_target(path, true);
    make_folders(folder);
    return target;
}

}  // namespace dlock::cli
