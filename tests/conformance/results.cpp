// SPDX-License-Identifier: BSL-1.0
#include "conformance/results.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <stdexcept>

namespace dlock_test {

ResultsFile::ResultsFile(const std::string& path)
    : path_(path), file_(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)) {
    if (file_ < 0 || flock(file_, LOCK_EX) != 0) {
        throw std::runtime_error("no file of results at " + path);
    }
}

ResultsFile::~ResultsFile() {
    close(file_);
}

// A line each: case, column, verdict, reason, with tabs between them.
void ResultsFile::add(const Results& results) {
    std::ofstream out(path_, std::ios::app);
    for (const auto& [place, result] : results) {
        out << place.first << '\t' << place.second << '\t' << result.verdict << '\t'
            << result.reason << '\n';
    }
}

Results ResultsFile::read() const {
    Results results;
    std::ifstream in(path_);
    for (std::string line; std::getline(in, line);) {
        std::istringstream fields(line);
        std::string row;
        std::string column;
        Result result;
        std::getline(fields, row, '\t');
        std::getline(fields, column, '\t');
        std::getline(fields, result.verdict, '\t');
        std::getline(fields, result.reason);
        results[{row, column}] = result;
    }
    return results;
}

}  // namespace dlock_test
