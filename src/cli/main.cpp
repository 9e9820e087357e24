// The program dlock.
// SPDX-License-Identifier: BSL-1.0
#include "arguments.hpp"
#include "descriptors.hpp"
#include "exit_codes.hpp"
#include "failure.hpp"
#include "init.hpp"
#include "message.hpp"
#include "run.hpp"
#include "signals.hpp"

#include <cstdio>
#include <exception>
#include <variant>

namespace {

using namespace dlock::cli;

int print(const Help& help) {
    FILE* const stream = help.exit_code == 0 ? stdout : stderr;
    const bool printed = std::fputs(help.text.c_str(), stream) >= 0 && std::fflush(stream) == 0;
    return printed ? help.exit_code : static_cast<int>(exit_internal);
}

}  // namespace

int main(int argc, char** argv) {
    try {
        // Both before anything else: threads inherit the first, descriptors are counted by the
        // second.
        const Signals signals;
        const StartDescriptors descriptors;
        const auto request = parse_arguments(take_arguments(argc, argv));
        if (const Help* const help = std::get_if<Help>(&request)) {
            return print(*help);
        }
        if (const InitOptions* const options = std::get_if<InitOptions>(&request)) {
            return init(*options, signals);
        }
        return run(std::get<RunOptions>(request), signals, descriptors);
    } catch (const Failure& failure) {
        if (*failure.what() != '\0') {
            print_line(failure.what());
        }
        return failure.exit_code();
    } catch (const std::bad_alloc&) {
        print_line("there is not enough memory");
    } catch (const std::exception& error) {
        print_line("internal error: " + foreign(error.what()));
    } catch (...) {
        print_line("internal error");
    }
    return dlock::cli::exit_internal;
}
