// Reads data/key_vectors.json: keys and what other lock libraries make of them.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <dlock/key.hpp>

#include <nlohmann/json.hpp>

#include <charconv>
#include <fstream>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace dlock::test {

/// A key and what one library makes of it on one database.
struct Vector {
    std::string peer;
    std::string dialect;
    /// The type of the key in the peer's language.
    std::string type;
    /// The key, where C++ has one of that type and value.
    std::optional<Key> key;
    /// Where it has not: the text that Python's str() makes of the key, for numbers and bool.
    std::optional<std::string> text;
    /// What the peer makes of it, where an ActualKey can be that.
    std::optional<ActualKey> actual;
    /// True if the peer refuses the key.
    bool refused = false;
    /// The rest: "convert", "env", "options".
    nlohmann::json json;
};

/// How many vectors came out how. Compared as a whole, so that none is left out in silence.
using Tally = std::map<std::string, int>;

/// The outcome of a vector whose key C++ has no type for, with the reason.
inline std::string no_such_key(const std::string& type) {
    static const std::map<std::string, std::string> reasons = {
        {"bool", "Key(bool) is deleted: true as a key is a mistake"},
        {"bytearray", "Bytes are bytes, and this is another key"},
        {"float", "Key(double) is deleted: equal numbers have unequal texts"},
        {"int", "outside int64"},
        {"list", "no kind of key"},
        {"none", "no kind of key"},
        {"object", "no kind of key"},
        {"tuple", "no kind of key, unless it is two int32"},
    };
    return "no such Key: " + type + ", " + reasons.at(type);
}

inline std::string from_hex(const std::string& hex) {
    std::string bytes;
    for (std::size_t i = 0; i < hex.size(); i += 2) {
        bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
    }
    return bytes;
}

inline Bytes to_bytes(std::string_view text) {
    const auto* begin = reinterpret_cast<const std::byte*>(text.data());
    return {begin, begin + text.size()};
}

inline std::optional<std::int64_t> to_int64(const std::string& text) {
    std::int64_t number = 0;
    const char* end = text.data() + text.size();
    const auto result = std::from_chars(text.data(), end, number);
    if (result.ec != std::errc() || result.ptr != end) {
        return std::nullopt;
    }
    return number;
}

inline void read_key(const nlohmann::json& json, Vector& vector) {
    vector.type = json.at("type").get<std::string>();
    const std::string& type = vector.type;
    if (json.contains("utf16be_hex")) {
        // Half a surrogate pair. The nearest thing in C++ is what a careless encoder makes of it.
        if (json.at("utf16be_hex").get<std::string>() != "d800") {
            throw std::runtime_error("an unknown kind of ill-formed text");
        }
        vector.key = Key("\xed\xa0\x80");
    } else if (type == "str") {
        vector.key = Key(json.at("value").get<std::string>());
    } else if (type == "bytes" || type == "bytearray" || type == "memoryview") {
        vector.key = Key(to_bytes(from_hex(json.at("value").get<std::string>())));
    } else if (type == "int") {
        vector.text = json.at("value").get<std::string>();
        if (const auto number = to_int64(*vector.text)) {
            vector.key = Key(*number);
        }
    } else if (type == "float") {
        vector.text = json.at("value").get<std::string>();
    } else if (type == "bool") {
        vector.text = json.at("value").get<bool>() ? "True" : "False";
    } else if (type == "tuple" || type == "list") {
        const nlohmann::json& members = json.at("value");
        if (type == "tuple" && members.size() == 2 &&
            members.at(0).at("type").get<std::string>() == "int" &&
            members.at(1).at("type").get<std::string>() == "int") {
            vector.key = Key(Int32Pair{std::stoi(members.at(0).at("value").get<std::string>()),
                                       std::stoi(members.at(1).at("value").get<std::string>())});
        }
    } else if (type != "none" && type != "object") {
        throw std::runtime_error("an unknown type of key: " + type);
    }
}

inline void read_actual(const nlohmann::json& json, Vector& vector) {
    if (json.contains("error")) {
        vector.refused = true;
        return;
    }
    if (!json.contains("actual")) {
        return;  // half a surrogate pair, or another key in each process
    }
    const auto type = json.at("actual_type").get<std::string>();
    const auto text = json.at("actual").get<std::string>();
    if (type == "str") {
        vector.actual = ActualKey(text);
    } else if (type == "int") {
        if (const auto number = to_int64(text)) {
            vector.actual = ActualKey(*number);
        }
    } else if (type == "int32_pair") {
        const std::size_t comma = text.find(',');
        vector.actual = ActualKey(
            Int32Pair{std::stoi(text.substr(0, comma)), std::stoi(text.substr(comma + 1))});
    } else if (type != "bool") {
        throw std::runtime_error("an unknown type of actual key: " + type);
    }
}

/// The vectors of one library on one database, in the order of the file.
inline std::vector<Vector> load_vectors(std::string_view peer, std::string_view dialect) {
    std::ifstream file(DLOCK_TEST_DATA_DIR "/key_vectors.json");
    if (!file) {
        throw std::runtime_error("cannot open " DLOCK_TEST_DATA_DIR "/key_vectors.json");
    }
    std::vector<Vector> vectors;
    const nlohmann::json all = nlohmann::json::parse(file);
    for (const nlohmann::json& json : all.at("vectors")) {
        if (json.at("peer").get<std::string>() != peer ||
            json.at("dialect").get<std::string>() != dialect) {
            continue;
        }
        Vector vector;
        vector.peer = peer;
        vector.dialect = dialect;
        vector.json = json;
        read_key(json.at("key"), vector);
        read_actual(json, vector);
        vectors.push_back(std::move(vector));
    }
    return vectors;
}

}  // namespace dlock::test
