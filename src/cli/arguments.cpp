// SPDX-License-Identifier: BSL-1.0
#include "arguments.hpp"

#include "failure.hpp"
#include "help.hpp"
#include "message.hpp"

#include <dlock/version.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace dlock::cli {
namespace {

[[noreturn]] void refuse(const std::string& why) {
    throw Failure(exit_usage, why + "; see dlock --help");
}

// The command line as written, before the values are read.
struct Raw {
    std::vector<std::string> keys{};
    std::optional<std::string> url{};
    std::optional<std::string> url_file{};
    std::string wait{};
    std::string grace{};
    std::string verify{};
    std::string conflict_exit_code{};
    bool no_wait = false;
    bool integer = false;
    bool help = false;
};

// [OPTIONS] KEY -- COMMAND, or [OPTIONS] -- KEY -- COMMAND.
struct Parts {
    std::vector<std::string> options{};
    std::vector<std::string> rest{};
    bool has_rest = false;
};

Parts split(const std::vector<std::string>& arguments) {
    const auto dashes = std::find(arguments.begin(), arguments.end(), "--");
    if (dashes == arguments.end()) {
        return {.options = arguments};
    }
    return {.options = {arguments.begin(), dashes},
            .rest = {dashes + 1, arguments.end()},
            .has_rest = true};
}

// An argument for an error's text, unless it may be a URL with a password in the wrong place.
std::string shown(const std::string& argument) {
    return argument.find("://") == std::string::npos ? in_quotes(argument) : "(a URL, not shown)";
}

// What CLI11 could not place. Its value is not printed.
[[noreturn]] void refuse_extra(const std::string& argument) {
    const bool is_long = argument.starts_with("--");
    refuse("there is no option " +
           shown(is_long ? argument.substr(0, argument.find('=')) : argument.substr(0, 2)));
}

Seconds read_duration(const std::string& option, const std::string& text) {
    const auto duration = parse_duration(text);
    if (!duration) {
        refuse("the time of " + option + ", " + shown(text) +
               ", cannot be read: write 500ms, 10s, 1.5m, 1h, or seconds");
    }
    return *duration;
}

void add_url_options(CLI::App& app, Raw& raw) {
    auto* const url = app.add_option("--url", raw.url);
    app.add_option("--url-file", raw.url_file)->excludes(url);
}

void parse(CLI::App& app, const std::vector<std::string>& arguments) {
    try {
        app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
    } catch (const CLI::ParseError& error) {
        const std::string text = error.what();
        refuse(text.find("://") == std::string::npos ? foreign(text)
                                                     : "the options cannot be read");
    }
}

void refuse_extras(const CLI::App& app) {
    if (const auto extras = app.remaining(); !extras.empty()) {
        refuse_extra(extras.front());
    }
}

void read_options(const std::vector<std::string>& arguments, Raw& raw, RunOptions& run) {
    CLI::App app;
    app.set_help_flag();
    app.allow_extras();
    app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    add_url_options(app, raw);
    auto* const wait = app.add_option("-w,--wait", raw.wait);
    app.add_flag("-n,--no-wait", raw.no_wait)->excludes(wait);
    auto* const grace = app.add_option("--grace", raw.grace);
    auto* const verify = app.add_option("--verify", raw.verify);
    app.add_flag("-s,--shared", run.shared);
    app.add_option("-E,--conflict-exit-code", raw.conflict_exit_code);
    app.add_flag("--fencing", run.fencing);
    app.add_flag("-o,--close", run.close);
    app.add_flag("--int", raw.integer);
    app.add_flag("-q,--quiet", run.quiet);
    app.add_flag("--verbose", run.verbose);
    app.add_flag("-h,--help", raw.help);
    app.add_option("KEY", raw.keys);
    parse(app, arguments);
    if (raw.help) {
        return;
    }
    refuse_extras(app);
    if (raw.keys.size() > 1) {
        refuse("there is more than one KEY; the command goes after two dashes");
    }
    // CLI11 makes a number of what stands behind a flag, -5 of -n5.
    if (!raw.keys.empty() &&
        std::find(arguments.begin(), arguments.end(), raw.keys.front()) == arguments.end()) {
        refuse("the options cannot be read: a flag takes no value");
    }
    run.url = raw.url;
    run.url_file = raw.url_file;
    if (wait->count() > 0) {
        run.wait = read_duration("--wait", raw.wait);
    }
    if (grace->count() > 0) {
        run.grace = read_duration("--grace", raw.grace);
    }
    if (verify->count() > 0) {
        run.verify = read_duration("--verify", raw.verify);
        if (run.verify > Seconds(0) && run.verify < std::chrono::milliseconds(10)) {
            refuse("the time of --verify must be at least 10ms, or 0");
        }
    }
    if (raw.no_wait) {
        run.wait = Seconds(0);
    }
}

template <class Number>
std::optional<Number> to_number(const std::string& text) {
    Number number = 0;
    const char* const end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc() || stopped != end) {
        return std::nullopt;
    }
    return number;
}

void read_values(const Raw& raw, RunOptions& run) {
    if (!raw.conflict_exit_code.empty()) {
        const auto code = to_number<int>(raw.conflict_exit_code);
        if (!code || *code < 0 || *code > 255) {
            refuse("the exit code of -E must be a number from 0 to 255");
        }
        run.conflict_exit_code = *code;
    }
    if (raw.integer) {
        run.integer_key = to_number<std::int64_t>(run.key);
        if (!run.integer_key) {
            refuse("with --int, KEY must be an integer of 64 bits, not " + shown(run.key));
        }
    }
}

std::variant<RunOptions, InitOptions, Help> parse_init(const std::vector<std::string>& arguments) {
    Raw raw;
    CLI::App app;
    app.set_help_flag();
    app.allow_extras();
    app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    add_url_options(app, raw);
    app.add_flag("-h,--help", raw.help);
    parse(app, arguments);
    if (raw.help) {
        return Help{.text = std::string(init_help)};
    }
    if (const auto extras = app.remaining(); !extras.empty() && !extras.front().starts_with('-')) {
        refuse("dlock init takes options only");
    }
    refuse_extras(app);
    return InitOptions{.url = raw.url, .url_file = raw.url_file};
}

std::variant<RunOptions, InitOptions, Help> parse_run(const std::vector<std::string>& arguments) {
    Parts parts = split(arguments);
    Raw raw;
    RunOptions run;
    read_options(parts.options, raw, run);
    if (raw.help) {
        return Help{.text = std::string(run_help)};
    }
    if (!raw.keys.empty()) {
        run.key = raw.keys.front();
    } else {
        if (parts.rest.size() < 2 || parts.rest[1] != "--") {
            refuse("there is no KEY; write dlock run KEY -- COMMAND");
        }
        run.key = parts.rest.front();
        parts.rest.erase(parts.rest.begin(), parts.rest.begin() + 2);
    }
    if (parts.rest.empty()) {
        refuse(parts.has_rest ? "there is no COMMAND after the two dashes"
                              : "there is no COMMAND; write dlock run KEY -- COMMAND");
    }
    run.command = std::move(parts.rest);
    read_values(raw, run);
    return run;
}

}  // namespace

std::variant<RunOptions, InitOptions, Help> parse_arguments(std::vector<std::string> arguments) {
    if (arguments.empty()) {
        return Help{.text = std::string(general_help), .exit_code = exit_usage};
    }
    const std::string first = arguments.front();
    if (first == "--help" || first == "-h" || first == "help") {
        return Help{.text = std::string(general_help)};
    }
    if (first == "--version") {
        return Help{.text = "dlock " DLOCK_VERSION "\n"};
    }
    if (first == "init") {
        arguments.erase(arguments.begin());
        return parse_init(arguments);
    }
    if (first != "run") {
        throw Failure(exit_usage,
                      first.starts_with('-')
                          ? "options go after the word run; see dlock --help"
                          : "there is no such command, only run and init; see dlock --help");
    }
    arguments.erase(arguments.begin());
    return parse_run(arguments);
}

std::vector<std::string> take_arguments(int argc, char** argv) {
    std::vector<std::string> arguments;
    bool before_command = true;
    for (int i = 1; i < argc; ++i) {
        arguments.emplace_back(argv[i]);
        before_command = before_command && arguments.back() != "--";
        if (before_command && std::strstr(argv[i], "://") != nullptr) {
            std::memset(argv[i], '*', std::strlen(argv[i]));
        }
    }
    return arguments;
}

}  // namespace dlock::cli
