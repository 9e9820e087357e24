// Durations on the command line.
// SPDX-License-Identifier: BSL-1.0
#include "duration.hpp"
#include "require.hpp"

#include <cmath>
#include <cstdint>
#include <string>

using namespace dlock_fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    const auto duration = dlock::cli::parse_duration(text);
    if (!duration) {
        return 0;
    }
    const double seconds = duration->count();
    require(!std::isnan(seconds) && seconds >= 0 && !std::signbit(seconds), "never negative");
    require(text.find_first_not_of("0123456789.msh") == std::string::npos, "digits and units only");
    if (text.find_first_of("msh") == std::string::npos) {
        const auto with = [&](const char* unit) {
            const auto other = dlock::cli::parse_duration(text + unit);
            require(other.has_value(), "a number takes every unit");
            return other->count();
        };
        require(with("s") == seconds, "seconds are the default");
        require(with("ms") == seconds * 0.001, "milliseconds");
        require(with("m") == seconds * 60, "minutes");
        require(with("h") == seconds * 3600, "hours");
    }
    return 0;
}
