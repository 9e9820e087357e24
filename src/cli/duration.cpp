// SPDX-License-Identifier: BSL-1.0
#include "duration.hpp"

#include <charconv>
#include <system_error>

namespace dlock::cli {
namespace {

std::optional<double> seconds_in(std::string_view unit) {
    struct Unit {
        std::string_view name;
        double seconds;
    };
    constexpr Unit units[] = {{"", 1}, {"ms", 0.001}, {"s", 1}, {"m", 60}, {"h", 3600}};
    for (const Unit& known : units) {
        if (unit == known.name) {
            return known.seconds;
        }
    }
    return std::nullopt;
}

}  // namespace

std::optional<Seconds> parse_duration(std::string_view text) {
    // from_chars also takes a sign, "inf" and "nan".
    if (text.find_first_of("0123456789.") != 0) {
        return std::nullopt;
    }
    double number = 0;
    const char* const end = text.data() + text.size();
    // Always with a point, whatever the locale.
    const auto [stopped, error] =
        std::from_chars(text.data(), end, number, std::chars_format::fixed);
    if (error != std::errc()) {
        return std::nullopt;
    }
    const auto factor = seconds_in({stopped, static_cast<std::size_t>(end - stopped)});
    if (!factor) {
        return std::nullopt;
    }
    return Seconds(number * *factor);
}

}  // namespace dlock::cli
