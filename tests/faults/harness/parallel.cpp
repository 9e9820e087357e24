// SPDX-License-Identifier: BSL-1.0
#include "faults/harness/parallel.hpp"

#include "faults/harness/own_server.hpp"
#include "faults/harness/trial.hpp"

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <map>
#include <memory>
#include <string>
#include <utility>

namespace dlock_test {
namespace {

void write_cells(std::ostream& out, const std::vector<Cell>& cells) {
    for (const Cell& cell : cells) {
        out << std::quoted(cell.fault) << std::quoted(cell.column)
            << std::quoted(cell.not_applicable) << std::quoted(cell.not_run) << cell.wanted << ' '
            << cell.trials << ' ' << cell.green_trials << ' ' << cell.cases << ' '
            << cell.violations << ' ' << cell.detection.count() << ' ' << cell.reacquire.count()
            << ' ' << cell.event_first << ' ' << cell.grant_first << ' ' << cell.histories << ' '
            << cell.operations << ' ' << cell.open_calls << '\n';
    }
}

std::vector<Cell> read_cells(std::istream& in) {
    std::vector<Cell> cells;
    Cell cell;
    Clock::rep detection = 0;
    Clock::rep reacquire = 0;
    while (in >> std::quoted(cell.fault) >> std::quoted(cell.column) >>
           std::quoted(cell.not_applicable) >> std::quoted(cell.not_run) >> cell.wanted >>
           cell.trials >> cell.green_trials >> cell.cases >> cell.violations >> detection >>
           reacquire >> cell.event_first >> cell.grant_first >> cell.histories >> cell.operations >>
           cell.open_calls) {
        cell.detection = Clock::duration(detection);
        cell.reacquire = Clock::duration(reacquire);
        cells.push_back(cell);
    }
    return cells;
}

// What stands on one server gets in each other's way. What is behind pgbouncer has one of its own.
std::string server_of(const Column& column) {
    return column.pool_mode.empty() ? column.product() : "pgbouncer";
}

std::vector<Cell> run_on_own_server(const Faults& faults, std::vector<Column> columns,
                                    const RunOptions& options) {
    std::unique_ptr<OwnServer> server;
    try {
        server = std::make_unique<OwnServer>(columns.front().product());
    } catch (const NotApplicable& reason) {
        for (Column& column : columns) {
            column.missing = reason.what();
        }
    }
    for (Column& column : columns) {
        if (column.missing.empty()) {
            column = server->column(column);
        }
    }
    std::vector<Cell> cells = run_faults(faults, columns, options);
    columns.clear();  // before the server
    return cells;
}

// A process that runs the faults on the columns of one server.
class Part {
  public:
    Part(const Faults& faults, const std::vector<Column>& columns, const RunOptions& options)
        : name_(server_of(columns.front())) {
        path_ = std::filesystem::temp_directory_path() / "dlock-cells-XXXXXX";
        close(mkstemp(path_.data()));
        std::fflush(stdout);
        pid_ = fork();
        if (pid_ == 0) {
            run(faults, columns, options);
        }
    }
    ~Part() { std::filesystem::remove(path_); }
    Part(const Part&) = delete;
    Part& operator=(const Part&) = delete;

    std::vector<Cell> wait() {
        int status = 0;
        const bool ended = pid_ > 0 && waitpid(pid_, &status, 0) == pid_;
        std::ifstream in(path_);
        std::vector<Cell> cells = read_cells(in);
        if (!ended || status != 0 || cells.empty()) {
            std::printf("%s: VIOLATION: the process has not run all faults, status %d\n",
                        name_.c_str(), status);
            Cell failed{"all", name_};
            failed.violations = 1;
            cells.push_back(failed);
        }
        return cells;
    }

  private:
    [[noreturn]] void run(const Faults& faults, const std::vector<Column>& columns,
                          const RunOptions& options) const {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        int status = 0;
        try {
            const std::vector<Cell> cells = columns.front().pool_mode.empty()
                                                ? run_faults(faults, columns, options)
                                                : run_on_own_server(faults, columns, options);
            std::ofstream out(path_);
            write_cells(out, cells);
            status = out.flush() ? 0 : 1;
        } catch (const std::exception& error) {
            std::printf("%s: %s\n", name_.c_str(), error.what());
            status = 1;
        }
        std::fflush(stdout);
        _exit(status);  // pgbouncer is the parent's
    }

    std::string name_;
    std::string path_;
    pid_t pid_ = 0;
};

}  // namespace

std::vector<Cell> run_faults_on_all_servers(const Faults& faults,
                                            const std::vector<Column>& columns,
                                            const RunOptions& options) {
    std::map<std::string, std::vector<Column>> servers;
    for (const Column& column : columns) {
        if (is_wanted(options.columns, column.name)) {
            servers[server_of(column)].push_back(column);
        }
    }
    if (servers.size() == 1) {  // so that a debugger sees it
        return run_faults(faults, servers.begin()->second, options);
    }
    std::vector<std::unique_ptr<Part>> parts;
    for (const auto& [server, its_columns] : servers) {
        parts.push_back(std::make_unique<Part>(faults, its_columns, options));
    }
    std::vector<Cell> cells;
    for (const auto& part : parts) {
        const std::vector<Cell> more = part->wait();
        cells.insert(cells.end(), more.begin(), more.end());
    }
    return cells;
}

}  // namespace dlock_test
