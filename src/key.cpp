// Keys as text for messages, and the one integer that does not fit.
// SPDX-License-Identifier: BSL-1.0
#include <dlock/error.hpp>
#include <dlock/key.hpp>

#include <limits>

namespace dlock {
namespace {

std::string to_text(const std::string& text) {
    return text;
}

std::string to_text(const Bytes& bytes) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string hex;
    hex.reserve(2 * bytes.size());
    for (const std::byte byte : bytes) {
        hex += digits[std::to_integer<unsigned>(byte) >> 4U];
        hex += digits[std::to_integer<unsigned>(byte) & 0xfU];
    }
    return hex;
}

std::string to_text(std::int64_t number) {
    return std::to_string(number);
}

std::string to_text(Int32Pair pair) {
    return std::to_string(pair.first) + ',' + std::to_string(pair.second);
}

}  // namespace

std::string Key::to_string() const {
    return std::visit([](const auto& value) { return to_text(value); }, value_);
}

std::int64_t Key::from_unsigned(std::uint64_t number) {
    if (number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
        const std::string text = std::to_string(number);
        throw LockError(errc::invalid_key,
                        "the integer key " + text +
                            " is above 9223372036854775807, the greatest one: give it as text",
                        text);
    }
    return static_cast<std::int64_t>(number);
}

std::string ActualKey::to_string() const {
    return std::visit([](const auto& value) { return to_text(value); }, value_);
}

}  // namespace dlock
