// SPDX-License-Identifier: BSL-1.0
#include "run.hpp"

#include "child.hpp"
#include "connect.hpp"
#include "exit_codes.hpp"
#include "failure.hpp"
#include "lock_failure.hpp"
#include "message.hpp"
#include "signal_watcher.hpp"
#include "url_source.hpp"

#include <dlock/factory.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>

namespace dlock::cli {
namespace {

struct Holding {
    std::unique_ptr<soci::session> session{};
    std::unique_ptr<BaseLock> lock{};

    // The lock goes before its session.
    void close() noexcept {
        lock.reset();
        session.reset();
    }
};

Key key_of(const RunOptions& options) {
    if (options.integer_key) {
        return {*options.integer_key};
    }
    return {options.key};
}

Holding prepare(const RunOptions& options, const Target& target) {
    load_backend(target);
    Holding holding;
    holding.session = open_session(target);
    stay_connected(*holding.session, target);
    LockOptions lock_options;
    lock_options.shared = options.shared;
    if (options.verify > Seconds(0)) {
        lock_options.verify_interval = dlock::detail::saturate(options.verify);
    }
    lock_options.fencing = options.fencing;
    if (target.backend == "mysql") {
        lock_options.helper_session = [target] { return open_session(target); };
    }
    holding.lock = create_lock(*holding.session, key_of(options), std::move(lock_options));
    holding.lock->on_lost([](const LockError&) { Signals::tell_loss(); });
    return holding;
}

// False if somebody else holds the lock.
bool acquire(Holding& holding, const RunOptions& options, SignalWatcher& watcher) {
    try {
        return holding.lock->acquire(options.wait ? Wait(*options.wait) : forever,
                                     watcher.stop_token());
    } catch (const LockError&) {
        if (watcher.signal() == 0) {
            throw;
        }
        return false;
    }
}

void report_time(const RunOptions& options, std::chrono::steady_clock::duration time) {
    char text[64];
    std::snprintf(text, sizeof text, "%.6f", std::chrono::duration<double>(time).count());
    print_line("took the lock " + in_quotes(options.key) + " in " + text + " seconds");
}

Failure busy(const RunOptions& options) {
    if (options.quiet) {
        return {options.conflict_exit_code, ""};
    }
    const bool waited = !options.wait || options.wait->count() > 0;
    return {options.conflict_exit_code, "the lock " + in_quotes(options.key) +
                                            " is held by somebody else" +
                                            (waited ? "; gave up when the time was over" : "")};
}

// Throws exit_lock_lost whatever the command's own exit code: it ran without the lock.
void release(Holding& holding, const RunOptions& options, int exit_code, const Signals& signals) {
    const SignalWatcher watcher(signals);
    try {
        holding.lock->release();
    } catch (const LockError& error) {
        throw Failure(exit_lock_lost,
                      "the lock " + in_quotes(options.key) +
                          " was lost while the command ran (it ended with exit code " +
                          std::to_string(exit_code) + "): " + text_of(error) +
                          "; check what the lock guards");
    }
    holding.close();
}

int run_with_lock(Holding& holding, const RunOptions& options, const Signals& signals,
                  const StartDescriptors& descriptors) {
    const int descriptor = holding.lock->descriptor();
    descriptors.withhold_others();
    if (const auto info = signals.take()) {  // came between the wait and here
        const SignalWatcher watcher(signals);
        holding.close();
        throw Failure(exit_signal + info->si_signo, "");
    }
    Command command{.words = options.command,
                    .environment = {{"DLOCK_HELD", "1"}, {"DLOCK_KEY", options.key}},
                    .lock_descriptor = options.close ? -1 : descriptor,
                    .grace = dlock::detail::saturate(options.grace)};
    (void)unsetenv("DLOCK_TOKEN");  // of a dlock around this one
    if (const auto token = holding.lock->fencing_token()) {
        command.environment.emplace_back("DLOCK_TOKEN", std::to_string(*token));
    }
    int exit_code = 0;
    try {
        exit_code = run_command(command, signals);
    } catch (const Failure&) {
        const SignalWatcher watcher(signals);
        holding.close();
        throw;
    }
    release(holding, options, exit_code, signals);
    return exit_code;
}

}  // namespace

int run(const RunOptions& options, const Signals& signals, const StartDescriptors& descriptors) {
    try {
        Holding holding;
        Target target;
        {
            SignalWatcher watcher(signals);
            target = find_target(options.url, options.url_file);
            holding = prepare(options, target);
            watcher.begin_wait();
            const auto start = std::chrono::steady_clock::now();
            const bool granted = acquire(holding, options, watcher);
            if (granted && options.verbose) {
                report_time(options, std::chrono::steady_clock::now() - start);
            }
            if (const int signal = watcher.finish(); signal != 0) {
                if (granted) {
                    const SignalWatcher again(signals);
                    holding.lock->unlock();
                }
                throw Failure(exit_signal + signal, "");
            }
            if (!granted) {
                throw busy(options);
            }
        }
        return run_with_lock(holding, options, signals, descriptors);
    } catch (const LockError& error) {
        throw failure_of(error, options.shared);
    }
}

}  // namespace dlock::cli
