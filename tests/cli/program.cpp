// SPDX-License-Identifier: BSL-1.0
#include "program.hpp"

#include "support/server_view.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <stdexcept>

namespace dlock_test {
namespace {

std::string contents(int descriptor) {
    struct stat status {};
    if (fstat(descriptor, &status) != 0) {
        return {};
    }
    std::string text(static_cast<std::size_t>(status.st_size), '\0');
    const ssize_t size = pread(descriptor, text.data(), text.size(), 0);
    text.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
    return text;
}

std::vector<std::string> environment_of(const Start& start) {
    std::vector<std::string> result;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string text = *entry;
        if (!start.environment.contains(text.substr(0, text.find('=')))) {
            result.push_back(text);
        }
    }
    for (const auto& [name, value] : start.environment) {
        if (!value.empty()) {
            result.push_back(name);
            result.back() += '=';
            result.back() += value;
        }
    }
    return result;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> result;
    result.reserve(texts.size() + 1);
    for (std::string& text : texts) {
        result.push_back(text.data());
    }
    result.push_back(nullptr);
    return result;
}

}  // namespace

Program::Program(const Start& start) {
    int input[2];
    out_ = memfd_create("out", MFD_CLOEXEC);
    err_ = memfd_create("err", MFD_CLOEXEC);
    if (out_ < 0 || err_ < 0 || pipe2(input, O_CLOEXEC) != 0) {
        throw std::runtime_error("no descriptors left");
    }
    input_ = input[1];
    std::vector<std::string> words = start.words;
    std::vector<std::string> environment = environment_of(start);
    const auto argv = pointers(words);
    const auto envp = pointers(environment);
    id_ = fork();
    if (id_ < 0) {
        throw std::runtime_error("no process left");
    }
    if (id_ == 0) {
        if (start.own_group) {
            setpgid(0, 0);
        }
        for (const int signal : start.ignored_signals) {
            std::signal(signal, SIG_IGN);
        }
        dup2(input[0], STDIN_FILENO);
        dup2(out_, STDOUT_FILENO);
        dup2(err_, STDERR_FILENO);
        for (const int descriptor : start.closed_descriptors) {
            ::close(descriptor);
        }
        execvpe(argv[0], argv.data(), envp.data());
        _exit(255);
    }
    ::close(input[0]);
}

Program::~Program() {
    if (!ended()) {
        kill(id_, SIGKILL);
        waitpid(id_, nullptr, 0);
    }
    close_input();
    ::close(out_);
    ::close(err_);
}

void Program::send(int signal) const {
    kill(id_, signal);
}

void Program::send_to_group(int signal) const {
    kill(-id_, signal);
}

void Program::close_input() {
    if (input_ >= 0) {
        ::close(input_);
        input_ = -1;
    }
}

std::string Program::out() const {
    return contents(out_);
}

std::string Program::err() const {
    return contents(err_);
}

bool Program::says(const std::string& text) const {
    return eventually([&] { return out().find(text) != std::string::npos; });
}

bool Program::ended() {
    if (exit_code_) {
        return true;
    }
    int status = 0;
    if (waitpid(id_, &status, WNOHANG) != id_) {
        return false;
    }
    exit_code_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    return true;
}

Result Program::wait(std::chrono::seconds limit) {
    if (!eventually([this] { return ended(); }, limit)) {
        return {.exit_code = -1, .out = out(), .err = err()};
    }
    return {.exit_code = *exit_code_, .out = out(), .err = err()};
}

Result run(const Start& start) {
    Program program(start);
    program.close_input();
    return program.wait();
}

char state_of(pid_t process) {
    std::ifstream file("/proc/" + std::to_string(process) + "/stat");
    std::string line;
    std::getline(file, line);
    const std::size_t end = line.rfind(") ");  // the program's name may hold anything
    return end == std::string::npos ? '-' : line[end + 2];
}

bool alive(pid_t process) {
    const char state = state_of(process);
    return state != '-' && state != 'Z' && state != 'X';
}

pid_t number_after(const std::string& text, const std::string& name) {
    const std::size_t at = text.find(name);
    return at == std::string::npos
               ? -1
               : static_cast<pid_t>(std::strtol(text.c_str() + at + name.size(), nullptr, 10));
}

}  // namespace dlock_test
