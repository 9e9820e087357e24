// What each case gave in each column, gathered from several runs of parts of the suite.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <map>
#include <string>
#include <utility>

namespace dlock_test {

struct Result {
    /// "ok", "FAIL", or "-" for skipped.
    std::string verdict;
    /// Why it was skipped, in one line.
    std::string reason;
};

/// By case and column.
using Results = std::map<std::pair<std::string, std::string>, Result>;

/// A file of results to which processes add theirs, also at the same time.
class ResultsFile {
  public:
    /// Opens or makes the file and waits until no other process has it. Throws
    /// std::runtime_error.
    explicit ResultsFile(const std::string& path);
    ~ResultsFile();
    ResultsFile(const ResultsFile&) = delete;
    ResultsFile& operator=(const ResultsFile&) = delete;

    void add(const Results& results);
    /// All that were added; the last one of a case and column counts.
    [[nodiscard]] Results read() const;

  private:
    std::string path_;
    int file_;
};

}  // namespace dlock_test
