// SPDX-License-Identifier: BSL-1.0
#include "faults/harness/runner.hpp"

#include "faults/harness/client.hpp"
#include "faults/harness/own_server.hpp"
#include "support/leftovers.hpp"

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>

namespace dlock_test {
namespace {

// A seed for each trial that has nothing to do with the next one's.
std::uint64_t seed_of(std::uint64_t master, const Cell& cell, int trial) {
    std::uint64_t hash = 14695981039346656037U ^ master;
    for (const char c : cell.fault + "/" + cell.column + "/" + std::to_string(trial)) {
        hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
    }
    return hash % 1000000000;
}

double milliseconds(Clock::duration time) {
    return std::chrono::duration<double, std::milli>(time).count();
}

// A pooler's sessions on the server stay: there the server is not asked.
std::optional<Sessions> sessions_of(const Column& column) {
    return column.pool_mode.empty() ? std::optional<Sessions>(column.database) : std::nullopt;
}

class Runner {
  public:
    explicit Runner(const RunOptions& options) : options_(options) {}

    Cell run(const Fault& fault, const Column& column);

  private:
    void run_trials(const Fault& fault, const Column& column, OwnServer* server, Cell& cell);
    void run_trial(const Fault& fault, const Column& column, OwnServer* server, std::uint64_t seed,
                   Cell& cell);
    [[nodiscard]] int trials_of(const Fault& fault) const {
        return std::min(options_.full ? fault.full : fault.smoke, options_.most_trials);
    }
    static void judge(const Fault& fault, Trial& trial);
    OwnServer& own_server(const Column& column);
    static void report(const Fault& fault, const Cell& cell, Clock::duration took);
    static void violation(Cell& cell, const std::string& text) {
        ++cell.violations;
        std::printf("%s %s: VIOLATION: %s\n", cell.fault.c_str(), cell.column.c_str(),
                    text.c_str());
    }

    const RunOptions& options_;
    std::map<std::string, std::unique_ptr<OwnServer>> servers_;
};

Cell Runner::run(const Fault& fault, const Column& column) {
    Cell cell{fault.id, column.name};
    cell.wanted = options_.replay ? 1 : trials_of(fault);
    cell.not_run = column.missing;
    if (cell.not_run.empty()) {
        cell.not_applicable = fault.why_not(column);
    }
    const auto begin = Clock::now();
    if (cell.not_run.empty() && cell.wanted == 0) {
        cell.not_run = "in the full run only";
    }
    if (cell.not_applicable.empty() && cell.not_run.empty()) {
        try {
            if (fault.own_server) {
                OwnServer& server = own_server(column);
                run_trials(fault, server.column(column), &server, cell);
                if (cell.violations != 0) {  // who knows how it was left
                    servers_.erase(column.product());
                }
            } else {
                run_trials(fault, column, nullptr, cell);
            }
        } catch (const NotApplicable& reason) {
            cell.not_run = reason.what();
        } catch (const std::exception& error) {
            violation(cell, error.what());
        }
    }
    report(fault, cell, Clock::now() - begin);
    return cell;
}

void Runner::run_trials(const Fault& fault, const Column& column, OwnServer* server, Cell& cell) {
    if (options_.replay) {
        run_trial(fault, column, server, *options_.replay, cell);
        return;
    }
    const auto sessions = sessions_of(column);
    {  // what the client library and this one set up once
        const auto session = column.database.open();
        if (column.keeps_sessions()) {
            const auto lock =
                dlock::create_lock(*session, "dlock faults", column.vouch({.verify_interval = 1h}));
            (void)lock->try_lock();
        }
    }
    const Resources before;
    for (int i = 0; i < cell.wanted; ++i) {
        run_trial(fault, column, server, seed_of(options_.seed, cell, i), cell);
    }
    // A smoke run does not wait for threads.
    for (const std::string& surplus :
         {before.surplus(options_.full), sessions ? sessions->surplus() : ""}) {
        if (!surplus.empty()) {
            violation(cell, "I7: " + surplus);
        }
    }
    if (options_.full && fault.usual > 0ms && column.database.is_native()) {
        const auto middle = cell.detections.begin() + cell.wanted / 2;
        std::nth_element(cell.detections.begin(), middle, cell.detections.end());
        if (*middle >= fault.usual) {
            violation(cell, "I6: half of the losses were detected after more than " +
                                std::to_string(milliseconds(*middle)) + " ms");
        }
    }
    // One in twenty shows only in many.
    const long races = cell.event_first + cell.grant_first;
    if (fault.race && cell.wanted >= 100 &&
        std::min(cell.event_first, cell.grant_first) * 20 < races) {
        violation(cell, "the race was not exercised: " + std::to_string(cell.event_first) +
                            " times the event came first, " + std::to_string(cell.grant_first) +
                            " times the grant");
    }
}

void Runner::run_trial(const Fault& fault, const Column& column, OwnServer* server,
                       std::uint64_t seed, Cell& cell) {
    // Before it runs, for those who have to stop it.
    std::fprintf(stderr, "%s %s: seed %lu\n", cell.fault.c_str(), cell.column.c_str(),
                 static_cast<unsigned long>(seed));
    Trial trial(column, seed, options_.full, server);
    try {
        fault.run(trial);
        trial.finish();
        judge(fault, trial);
    } catch (const NotApplicable&) {
        if (trial.findings().violations.empty()) {
            throw;
        }
    } catch (const std::exception& error) {
        trial.check(false, error.what());
    }
    const Findings& findings = trial.findings();
    ++cell.trials;
    cell.green_trials += findings.violations.empty() ? 1 : 0;
    cell.cases += findings.cases;
    cell.detection = std::max(cell.detection, findings.detection);
    cell.detections.push_back(findings.detection);
    cell.reacquire = std::max(cell.reacquire, findings.reacquire);
    cell.event_first += findings.event_first;
    cell.grant_first += findings.grant_first;
    cell.histories += findings.histories;
    cell.operations += findings.operations;
    cell.open_calls += findings.open_calls;
    for (const std::string& text : findings.violations) {
        violation(cell, text + "\n    again: scripts/faults " + (options_.full ? "" : "--smoke ") +
                            "--only " + cell.fault + " --column " + cell.column + " --replay " +
                            std::to_string(seed));
    }
}

// What the fault's row in the report promises.
void Runner::judge(const Fault& fault, Trial& trial) {
    const Findings& findings = trial.findings();
    const bool hold = fault.must == Must::hold;
    trial.check(hold == (findings.errors == 0), std::string("it must ") + name_of(fault.must) +
                                                    ", and gave " +
                                                    std::to_string(findings.errors) + " errors");
    trial.check(findings.detection <= fault.bound, "I6: the loss was detected far too late");
    trial.check(findings.reacquire <= fault.bound, "I5: the lock was free far too late");
}

OwnServer& Runner::own_server(const Column& column) {
    std::unique_ptr<OwnServer>& server = servers_[column.product()];
    if (server == nullptr) {
        server = std::make_unique<OwnServer>(column.product());
    }
    return *server;
}

void Runner::report(const Fault& fault, const Cell& cell, Clock::duration took) {
    if (!cell.ran()) {
        const std::string& reason =
            cell.not_applicable.empty() ? cell.not_run : cell.not_applicable;
        std::printf("%s %-22s -  %s\n", cell.fault.c_str(), cell.column.c_str(), reason.c_str());
    } else {
        std::printf(
            "%s %-22s must %-10s %4d/%d green, %ld cases, detection %.1f ms, re-acquire "
            "%.1f ms, violations %ld",
            cell.fault.c_str(), cell.column.c_str(), name_of(fault.must), cell.green_trials,
            cell.wanted, cell.cases, milliseconds(cell.detection), milliseconds(cell.reacquire),
            cell.violations);
        if (!cell.not_run.empty()) {
            std::printf(", NOT ALL WERE TRIED: %s", cell.not_run.c_str());
        }
        if (fault.race) {
            std::printf(", event first %ld, grant first %ld", cell.event_first, cell.grant_first);
        }
        std::printf(" (%.1f s)\n", milliseconds(took) / 1000);
    }
    std::fflush(stdout);
}

}  // namespace

bool is_wanted(const std::vector<std::string>& names, const std::string& name) {
    return names.empty() || std::find(names.begin(), names.end(), name) != names.end();
}

std::vector<Cell> run_faults(const Faults& faults, const std::vector<Column>& columns,
                             const RunOptions& options) {
    Runner runner(options);
    std::vector<Cell> cells;
    for (const Fault& fault : faults) {
        for (const Column& column : columns) {
            if (is_wanted(options.only, fault.id) && is_wanted(options.columns, column.name)) {
                cells.push_back(runner.run(fault, column));
            }
        }
    }
    return cells;
}

}  // namespace dlock_test
