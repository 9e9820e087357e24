// SPDX-License-Identifier: BSL-1.0
#include "faults/harness/report.hpp"

#include "faults/harness/elsewhere.hpp"

#include <soci/soci.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iterator>
#include <map>
#include <ostream>
#include <set>
#include <sstream>
#include <stdexcept>

namespace dlock_test {
namespace {

const char* const begin_mark = "<!-- faults: written by scripts/faults --update -->";
const char* const end_mark = "<!-- faults: end -->";

struct Sum {
    long applicable = 0;
    long ran = 0;
    long green = 0;
    long trials = 0;
    long cases = 0;
    long violations = 0;
    long histories = 0;
    long operations = 0;
    long open_calls = 0;
};

Sum sum_of(const std::vector<Cell>& cells) {
    Sum sum;
    for (const Cell& cell : cells) {
        sum.applicable += cell.not_applicable.empty() ? 1 : 0;
        sum.ran += cell.ran() ? 1 : 0;
        sum.green += cell.green() ? 1 : 0;
        sum.trials += cell.trials;
        sum.cases += cell.cases;
        sum.violations += cell.violations;
        sum.histories += cell.histories;
        sum.operations += cell.operations;
        sum.open_calls += cell.open_calls;
    }
    return sum;
}

std::string time_text(Clock::duration time) {
    if (time == Clock::duration::zero()) {
        return "";
    }
    char text[32];
    const double milliseconds = std::chrono::duration<double, std::milli>(time).count();
    if (milliseconds < 1000) {
        std::snprintf(text, sizeof text, "%.1f ms", milliseconds);
    } else {
        std::snprintf(text, sizeof text, "%.1f s", milliseconds / 1000);
    }
    return text;
}

std::string version_of(const Column& column) {
    std::string version;
    const auto session = column.database.open();
    *session << (column.database.is_sqlite()       ? "select sqlite_version()"
                 : column.database.is_postgresql() ? "select current_setting('server_version')"
                                                   : "select version()"),
        soci::into(version);
    return version;
}

// What stands in a row's place of the column.
std::string cell_text(const Cell& cell) {
    if (!cell.ran()) {
        return cell.not_applicable.empty() ? "not run" : "-";
    }
    const std::string count = std::to_string(cell.green_trials);
    if (!cell.green()) {
        return (cell.violations != 0 ? "**FAILED " : "**INCOMPLETE ") + count + "/" +
               std::to_string(cell.wanted) + "**";
    }
    return cell.cases > cell.trials ? count + " (" + std::to_string(cell.cases) + ")" : count;
}

class Report {
  public:
    Report(const Faults& faults, const std::vector<Column>& columns, const std::vector<Cell>& cells)
        : faults_(faults), columns_(columns) {
        for (const Cell& cell : cells) {
            cells_[{cell.fault, cell.column}] = &cell;
        }
    }

    void table(std::ostream& out) const;
    void races(std::ostream& out) const;
    void not_run(std::ostream& out) const;

  private:
    [[nodiscard]] const Cell& find(const Fault& fault, const Column& column) const {
        return *cells_.at({fault.id, column.name});
    }

    const Faults& faults_;
    const std::vector<Column>& columns_;
    std::map<std::pair<std::string, std::string>, const Cell*> cells_;
};

void Report::table(std::ostream& out) const {
    out << "| | fault | must |";
    std::string line = "|---|---|---|";
    for (const Column& column : columns_) {
        out << ' ' << column.name << " |";
        line += "---|";
    }
    out << " slowest detection | by ODBC | slowest re-acquire |\n" << line << "---|---|---|\n";
    for (const Fault& fault : faults_) {
        Clock::duration detection{};
        Clock::duration by_odbc{};
        Clock::duration reacquire{};
        out << "| " << fault.id << " | " << fault.title << " | " << name_of(fault.must) << " |";
        for (const Column& column : columns_) {
            const Cell& cell = find(fault, column);
            out << ' ' << cell_text(cell) << " |";
            Clock::duration& slowest = column.database.is_odbc() ? by_odbc : detection;
            slowest = std::max(slowest, cell.detection);
            reacquire = std::max(reacquire, cell.reacquire);
        }
        out << ' ' << time_text(detection) << " | " << time_text(by_odbc) << " | "
            << time_text(reacquire) << " |\n";
    }
}

void Report::races(std::ostream& out) const {
    out << "| race | column | the event came first | the grant came first |\n|---|---|---|---|\n";
    for (const Fault& fault : faults_) {
        for (const Column& column : columns_) {
            const Cell& cell = find(fault, column);
            if (fault.race && cell.ran()) {
                out << "| " << fault.id << " | " << column.name << " | " << cell.event_first
                    << " | " << cell.grant_first << " |\n";
            }
        }
    }
}

void Report::not_run(std::ostream& out) const {
    for (const Fault& fault : faults_) {
        std::map<std::string, std::string> columns_of;  // by reason
        for (const Column& column : columns_) {
            const Cell& cell = find(fault, column);
            const std::string& reason =
                cell.not_applicable.empty() ? cell.not_run : cell.not_applicable;
            if (!reason.empty()) {
                std::string& names = columns_of[reason];
                names += (names.empty() ? "" : ", ") + column.name;
            }
        }
        for (const auto& [reason, names] : columns_of) {
            out << "- " << fault.id << ", " << names << ": " << reason << "\n";
        }
    }
}

// As scripts/faults tells.
std::string sources() {
    const char* const commit = std::getenv("DLOCK_FAULT_SOURCES");
    return commit != nullptr ? commit : "unknown";
}

std::string today() {
    char text[16];
    const std::time_t now = std::time(nullptr);
    std::strftime(text, sizeof text, "%F", std::gmtime(&now));
    return text;
}

std::string body(const Faults& faults, const std::vector<Column>& columns,
                 const std::vector<Cell>& cells, const RunOptions& options) {
    std::ostringstream out;
    const Sum sum = sum_of(cells);
    out << "**" << sum.green << " of " << sum.applicable << " applicable cells green**, "
        << sum.applicable - sum.ran << " not run, " << sum.trials << " trials with " << sum.cases
        << " cases, " << sum.violations << " violations, " << sum.histories
        << " histories of two owners or more checked for linearizability, with " << sum.operations
        << " calls of which " << sum.open_calls << " in doubt, no trial repeated; "
        << elsewhere().size() << " more faults are not tried here (the last table). A full run of "
        << today() << ", sources " << sources() << ", seed " << options.seed << ", on";
    std::set<std::string> named;
    for (const Column& column : columns) {
        const std::string name = column.name.substr(0, column.name.find('-'));
        if (column.missing.empty() && column.pool_mode.empty() && named.insert(name).second) {
            out << (named.size() == 1 ? " " : ", ") << name << ' ' << version_of(column);
        }
    }
    out << ".\n\nA number is that of the trials, all green; in brackets that of the cases in them "
           "where a trial\ngoes through positions.\n\n";
    const Report report(faults, columns, cells);
    report.table(out);
    out << '\n';
    report.races(out);
    out << "\nNot applicable, or not run:\n\n";
    report.not_run(out);
    out << "\nTried by tests elsewhere, on the servers of DLOCK_TEST_URLS where no other place is "
           "named, or not at all:\n\n"
           "| | fault | where |\n|---|---|---|\n";
    for (const Elsewhere& row : elsewhere()) {
        out << "| " << row.id << " | " << row.title << " | " << row.where << " |\n";
    }
    return out.str();
}

}  // namespace

void print_summary(std::ostream& out, const std::vector<Cell>& cells) {
    const Sum sum = sum_of(cells);
    out << sum.green << " of " << sum.applicable << " applicable cells green, "
        << sum.applicable - sum.ran << " not run, " << sum.trials << " trials, " << sum.cases
        << " cases, " << sum.histories << " histories, " << sum.operations << " calls of which "
        << sum.open_calls << " in doubt, " << sum.violations << " violations\n";
}

void write_report(const std::string& path, const Faults& faults, const std::vector<Column>& columns,
                  const std::vector<Cell>& cells, const RunOptions& options) {
    std::ifstream in(path);
    std::string text{std::istreambuf_iterator<char>(in), {}};
    const auto begin = text.find(begin_mark);
    const auto end = text.find(end_mark);
    if (begin == std::string::npos || end == std::string::npos) {
        throw std::runtime_error(path + " has no marks for the report");
    }
    const auto after = begin + std::string(begin_mark).size();
    text.replace(after, end - after, "\n\n" + body(faults, columns, cells, options) + "\n");
    std::ofstream(path) << text;
}

}  // namespace dlock_test
