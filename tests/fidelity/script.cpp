// SPDX-License-Identifier: BSL-1.0
#include "fidelity/script.hpp"

#include <fstream>
#include <ostream>
#include <stdexcept>

namespace dlock_test {
namespace {

bool take_suffix(std::string& text, const std::string& suffix) {
    if (!text.ends_with(suffix)) {
        return false;
    }
    text.resize(text.size() - suffix.size());
    return true;
}

Step read_step(const std::string& line) {
    const auto colon = line.find(": ");
    Step step;
    step.session = line.substr(0, colon);
    if (colon != std::string::npos) {
        step.sql = line.substr(colon + 2);
        step.kind = take_suffix(step.session, " waits") ? Step::Kind::waits : Step::Kind::ends;
    } else if (line == "first continues") {
        step.kind = Step::Kind::first_continues;
        return step;
    } else if (take_suffix(step.session, " continues")) {
        step.kind = Step::Kind::continues;
    }
    if (step.session.size() != 1) {
        throw std::runtime_error("not a step: " + line);
    }
    return step;
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const TestScript& script) {
    return out << script.name;
}

std::vector<TestScript> read_scripts(const std::filesystem::path& path) {
    std::ifstream file(path);
    if (!file) {
        throw std::runtime_error("cannot read " + path.string());
    }
    std::vector<TestScript> scripts;
    for (std::string line; std::getline(file, line);) {
        if (line.empty() || line[0] == '#') {
            continue;
        }
        if (line.starts_with("== ")) {
            scripts.push_back({line.substr(3), {}});
        } else if (scripts.empty()) {
            throw std::runtime_error("a step before the first script: " + line);
        } else if (line[0] == ' ') {
            scripts.back().steps.back().sql += " " + line.substr(line.find_first_not_of(' '));
        } else {
            scripts.back().steps.push_back(read_step(line));
        }
    }
    return scripts;
}

}  // namespace dlock_test
