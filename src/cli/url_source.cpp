// SPDX-License-Identifier: BSL-1.0
#include "url_source.hpp"

#include "default_database.hpp"
#include "exit_codes.hpp"
#include "failure.hpp"
#include "message.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace dlock::cli {
namespace {

constexpr std::size_t longest_file = 65536;

class File {
  public:
    explicit File(const std::string& name)
        : name_(name), fd_(::open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY)) {
        if (fd_ < 0) {
            fail();
        }
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    ~File() { ::close(fd_); }

    [[nodiscard]] std::string read() const {
        std::string text;
        char buffer[4096];
        while (text.size() <= longest_file) {
            const ssize_t size = ::read(fd_, buffer, sizeof buffer);
            if (size == 0) {
                return text;
            }
            if (size < 0 && errno != EINTR) {
                fail();
            }
            text.append(buffer, static_cast<std::size_t>(size < 0 ? 0 : size));
        }
        throw Failure(exit_configuration, in_quotes(name_) + " is too long for a file with a URL");
    }

    // Pipes and terminals are nobody else's to read.
    [[nodiscard]] bool readable_by_everybody() const {
        struct stat status {};
        return fstat(fd_, &status) == 0 && S_ISREG(status.st_mode) &&
               (status.st_mode & S_IROTH) != 0;
    }

  private:
    [[noreturn]] void fail() const {
        const int error = errno;
        throw Failure(error == EACCES || error == EPERM ? exit_refused : exit_configuration,
                      "cannot read the file " + in_quotes(name_) + " named by --url-file (" +
                          std::strerror(error) + ")");
    }

    const std::string& name_;
    int fd_;
};

std::string single_line(std::string text, const std::string& name) {
    constexpr const char* blanks = " \t\r\n";
    const std::size_t first = text.find_first_not_of(blanks);
    if (first == std::string::npos) {
        throw Failure(exit_configuration, "the file " + in_quotes(name) + " holds no URL");
    }
    text = text.substr(first, text.find_last_not_of(blanks) - first + 1);
    if (text.find('\n') != std::string::npos) {
        throw Failure(exit_configuration,
                      "the file " + in_quotes(name) + " must hold one line, the URL");
    }
    return text;
}

Target target_in_file(const std::string& name) {
    const File file(name);
    Target target = parse_url(single_line(file.read(), name));
    if (target.has_password && file.readable_by_everybody()) {
        throw Failure(exit_configuration, "the file " + in_quotes(name) +
                                              " holds a password and every user may read it; run "
                                              "chmod o-r on it");
    }
    return target;
}

}  // namespace

Target find_target(const std::optional<std::string>& url,
                   const std::optional<std::string>& url_file) {
    if (url) {
        return parse_url(*url);
    }
    if (url_file) {
        return target_in_file(*url_file);
    }
    if (const char* const variable = std::getenv("DLOCK_URL");
        variable != nullptr && *variable != '\0') {
        return parse_url(variable);
    }
    return default_database();
}

}  // namespace dlock::cli
