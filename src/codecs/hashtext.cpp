// Bob Jenkins's lookup3 (2006, public domain) with the constants that PostgreSQL starts it with.
// SPDX-License-Identifier: BSL-1.0
#include "codecs/hashtext.hpp"

#include "codecs/digest.hpp"
#include "codecs/kinds.hpp"

#include <dlock/codecs.hpp>

#include <bit>

namespace dlock {
namespace detail {
namespace {

struct State {
    std::uint32_t a;
    std::uint32_t b;
    std::uint32_t c;

    explicit State(std::size_t size) noexcept
        : a(0x9e3779b9U + static_cast<std::uint32_t>(size) + 3923095U), b(a), c(a) {}

    void mix() noexcept {
        a = (a - c) ^ std::rotl(c, 4);
        c += b;
        b = (b - a) ^ std::rotl(a, 6);
        a += c;
        c = (c - b) ^ std::rotl(b, 8);
        b += a;
        a = (a - c) ^ std::rotl(c, 16);
        c += b;
        b = (b - a) ^ std::rotl(a, 19);
        a += c;
        c = (c - b) ^ std::rotl(b, 4);
        b += a;
    }

    void finish() noexcept {
        c = (c ^ b) - std::rotl(b, 14);
        a = (a ^ c) - std::rotl(c, 11);
        b = (b ^ a) - std::rotl(a, 25);
        c = (c ^ b) - std::rotl(b, 16);
        a = (a ^ c) - std::rotl(c, 4);
        b = (b ^ a) - std::rotl(a, 14);
        c = (c ^ b) - std::rotl(b, 24);
    }

    // Takes in the whole text, 12 bytes at a time; what is missing from the last 12 counts as 0.
    void absorb(std::string_view text) noexcept {
        while (text.size() >= 12) {
            a += word(text, 0);
            b += word(text, 4);
            c += word(text, 8);
            mix();
            text.remove_prefix(12);
        }
        a += word(text, 0);
        b += word(text, 4);
        // The lowest byte of c is kept free for the length, which State() has put there.
        c += word(text, 8) << 8U;
        finish();
    }

    // Four bytes from `at`, least significant first.
    static std::uint32_t word(std::string_view text, std::size_t at) noexcept {
        std::uint32_t number = 0;
        for (std::size_t i = 4; i-- > 0;) {
            const std::size_t index = at + i;
            const unsigned char byte =
                index < text.size() ? static_cast<unsigned char>(text[index]) : 0;
            number = number << 8U | byte;
        }
        return number;
    }
};

}  // namespace

std::int32_t hashtext(std::string_view text) noexcept {
    State state(text.size());
    state.absorb(text);
    return static_cast<std::int32_t>(state.c);
}

std::int64_t hashtextextended(std::string_view text, std::int64_t seed) noexcept {
    State state(text.size());
    if (seed != 0) {
        const auto bits = static_cast<std::uint64_t>(seed);
        state.a += static_cast<std::uint32_t>(bits >> 32U);
        state.b += static_cast<std::uint32_t>(bits);
        state.mix();
    }
    state.absorb(text);
    return static_cast<std::int64_t>(std::uint64_t{state.b} << 32U | state.c);
}

}  // namespace detail

namespace codecs {
namespace {

// Text as PostgreSQL can hold it.
std::string_view server_text(const Key& key) {
    const std::string_view text = detail::text_of(key, "PostgreSQL's hash of text");
    if (text.find('\0') != std::string_view::npos) {
        detail::refuse_for(key, "PostgreSQL", "has no text with NUL: choose another key");
    }
    return text;
}

}  // namespace

ActualKey postgresql_hashtext(const Key& key) {
    return ActualKey(std::int64_t{detail::hashtext(server_text(key))});
}

Converter postgresql_hashtextextended(std::int64_t seed) {
    return [seed](const Key& key) {
        return ActualKey(detail::hashtextextended(server_text(key), seed));
    };
}

Converter pg_advisory_lock(const std::vector<std::string>& namespaces) {
    std::int64_t seed = 0;
    for (const std::string& name : namespaces) {
        seed = detail::hashtextextended(server_text(name), seed);
    }
    return postgresql_hashtextextended(seed);
}

}  // namespace codecs
}  // namespace dlock
