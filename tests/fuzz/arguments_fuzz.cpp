// The program's command line.
// SPDX-License-Identifier: BSL-1.0
#include "arguments.hpp"
#include "failure.hpp"
#include "require.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <variant>
#include <vector>

namespace {

using namespace dlock_fuzz;
using namespace dlock::cli;

// Arguments with this in them are URLs with a password.
const std::string secret = "S3cr3t";
const std::string url = "mysql://u:" + secret + "@h";

std::vector<std::string> split_at_nul(const std::string& text) {
    std::vector<std::string> parts;
    std::size_t start = 0;
    for (std::size_t end = text.find('\0'); end != std::string::npos;
         end = text.find('\0', start)) {
        parts.push_back(text.substr(start, end - start));
        start = end + 1;
    }
    parts.push_back(text.substr(start));
    return parts;
}

// `arguments` as main() gets them; what main() leaves of them for others to see is checked.
std::vector<std::string> taken(const std::vector<std::string>& arguments) {
    std::vector<std::string> memory{"dlock"};
    memory.insert(memory.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (std::string& argument : memory) {
        argv.push_back(argument.data());
    }
    argv.push_back(nullptr);
    const auto result = take_arguments(static_cast<int>(memory.size()), argv.data());
    require(result == arguments, "arguments are taken as they are");
    bool before_command = true;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        before_command = before_command && arguments[i] != "--";
        const bool may_be_url = before_command && arguments[i].find("://") != std::string::npos;
        require(
            memory[i + 1] == (may_be_url ? std::string(arguments[i].size(), '*') : arguments[i]),
            "URLs, and nothing else, are overwritten");
    }
    return result;
}

void check(const RunOptions& run, const std::vector<std::string>& arguments) {
    require(!run.command.empty(), "there is a command");
    require(run.command.size() < arguments.size() &&
                std::equal(run.command.rbegin(), run.command.rend(), arguments.rbegin()),
            "the command is the end of the arguments");
    require(run.conflict_exit_code >= 0 && run.conflict_exit_code <= 255, "an exit code");
    require(!run.wait || (run.wait->count() >= 0 && !std::isnan(run.wait->count())),
            "a time to wait");
    require(!run.integer_key || std::strtoll(run.key.c_str(), nullptr, 10) == *run.integer_key,
            "an integer key is the number that the key spells");
    require(std::find(arguments.begin(), arguments.end(), run.key) != arguments.end(),
            "the key is one of the arguments");
    require(!run.url || !run.url_file, "a URL or a file");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::vector<std::string> arguments =
        split_at_nul(std::string(reinterpret_cast<const char*>(data), size));
    for (std::string& argument : arguments) {
        const std::size_t place = argument.find("URL");
        if (place != std::string::npos) {
            argument.replace(place, 3, url);
        }
    }
    try {
        const auto parsed = parse_arguments(taken(arguments));
        if (const auto* run = std::get_if<RunOptions>(&parsed)) {
            check(*run, arguments);
        } else if (const auto* init = std::get_if<InitOptions>(&parsed)) {
            require(!init->url || !init->url_file, "a URL or a file");
        } else {
            require(!std::get<Help>(parsed).text.empty(), "help has a text");
        }
    } catch (const Failure& failure) {
        const std::string text = failure.what();
        require(failure.exit_code() == exit_usage, "the exit code");
        require(!text.empty() &&
                    std::none_of(text.begin(), text.end(),
                                 [](char c) { return static_cast<unsigned char>(c) < 0x20; }),
                "one line");
        require(text.find(secret) == std::string::npos, "no password in an error");
    }
    return 0;
}
