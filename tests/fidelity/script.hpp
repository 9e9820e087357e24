// Scripts: what sessions send to a server, in which order. In the manner of PostgreSQL's
// isolationtester, but what is expected does not stand in them.
//
//     == a name
//     a: SELECT GET_LOCK('k{n}', 0)
//     b waits: SELECT GET_LOCK('k{n}', 10)     goes on when the server says that it waits
//     a: SELECT RELEASE_LOCK('k{n}')
//     b continues                              goes on when it has ended
//     first continues                          the same of whichever ends first
//
// Lines that begin with a blank continue the one before; # begins a comment. In a statement {n}
// stands for a number of nine digits that no other run has, {hex} for its digits' bytes in
// hexadecimal, and {id a} for the server's number of a session.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <filesystem>
#include <iosfwd>
#include <string>
#include <vector>

namespace dlock_test {

struct Step {
    enum class Kind { ends, waits, continues, first_continues };
    Kind kind = Kind::ends;
    std::string session{};
    std::string sql{};
};

struct TestScript {
    std::string name;
    std::vector<Step> steps;
};

/// Prints the name.
std::ostream& operator<<(std::ostream& out, const TestScript& script);

/// Throws std::runtime_error for a line that is none of the above.
[[nodiscard]] std::vector<TestScript> read_scripts(const std::filesystem::path& file);

}  // namespace dlock_test
