// What the dialects' key conversions have in common.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "keys/blake2b.hpp"
#include "keys/utf8.hpp"

#include <dlock/error.hpp>
#include <dlock/key.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dlock::detail {

/// Throws the error of a key that does not fit; `text` names the subject, what is wrong and what to
/// do. It does not quote the key, which may be long or hostile: LockError::key() has it.
[[noreturn]] inline void refuse_key(const Key& key, const std::string& text) {
    throw LockError(errc::invalid_key, text, key.to_string());
}

/// Refuses a pair on a database that has no such keys.
[[noreturn]] inline void refuse_pair(const Key& key, std::string_view database) {
    refuse_key(key, std::string(database) +
                        " has no keys that are pairs of integers: give text or one integer, or set "
                        "LockOptions::converter");
}

/// The hash of a key that is text or bytes; nothing for the other kinds. Text must be UTF-8: in any
/// other encoding it would hash to another lock than the same text in Python, silently.
inline std::optional<std::uint64_t> hash_of(const Key& key) {
    if (const auto* text = std::get_if<std::string>(&key.value())) {
        if (!utf8_length(*text)) {
            refuse_key(key, "the text key is not UTF-8: convert it, or give it as dlock::Bytes");
        }
        return blake2b_64(*text);
    }
    if (const auto* bytes = std::get_if<Bytes>(&key.value())) {
        return blake2b_64(*bytes);
    }
    return std::nullopt;
}

/// The name of a lock where the server takes names: text as it is, bytes as the text that they
/// encode, integers in decimal. Whether it is UTF-8 is left to check_name().
inline std::string name_of(const Key& key, std::string_view database) {
    if (const auto* text = std::get_if<std::string>(&key.value())) {
        return *text;
    }
    if (const auto* bytes = std::get_if<Bytes>(&key.value())) {
        return {reinterpret_cast<const char*>(bytes->data()), bytes->size()};
    }
    if (const auto* number = std::get_if<std::int64_t>(&key.value())) {
        return std::to_string(*number);
    }
    refuse_pair(key, database);
}

/// What holds for every server that takes names: the key is a name, is not empty, is UTF-8 and has
/// no NUL. Returns the name's length.
inline Utf8Length check_name(const ActualKey& actual, const Key& key, std::string_view database) {
    const std::string server(database);
    const auto* name = std::get_if<std::string>(&actual.value());
    if (name == nullptr) {
        refuse_key(key, server +
                            " takes a name as key and the converter returned an integer: make it "
                            "return ActualKey(std::string)");
    }
    if (name->empty()) {
        refuse_key(key, "the lock name is empty, and " + server +
                            " gives no such lock: choose a key of at least one character");
    }
    const std::optional<Utf8Length> length = utf8_length(*name);
    if (!length) {
        refuse_key(key, "the lock name is not UTF-8, which " + server +
                            " needs: convert it, or set a converter that hashes it");
    }
    if (name->find('\0') != std::string::npos) {
        refuse_key(key, "the lock name contains a NUL, and names end there on " + server +
                            ": choose another key, or set a converter that hashes it");
    }
    return *length;
}

/// What holds for every server that takes integers. Returns the integer.
inline std::int64_t check_integer(const ActualKey& actual, const Key& key,
                                  std::string_view database) {
    const auto* number = std::get_if<std::int64_t>(&actual.value());
    if (number == nullptr) {
        refuse_key(key, std::string(database) +
                            " takes an integer as key and the converter returned another kind: "
                            "make it return ActualKey(std::int64_t)");
    }
    return *number;
}

}  // namespace dlock::detail
