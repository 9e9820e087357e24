// SPDX-License-Identifier: BSL-1.0
#include "message.hpp"

#include <unistd.h>

#include <algorithm>
#include <mutex>
#include <vector>

namespace dlock::cli {
namespace {

constexpr std::size_t longest_quote = 120;

bool is_control(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

// C1 control characters, which some terminals obey, are these two bytes in UTF-8.
bool is_c1_control(std::string_view text) {
    return text.size() >= 2 && static_cast<unsigned char>(text[0]) == 0xc2 &&
           static_cast<unsigned char>(text[1]) >= 0x80 &&
           static_cast<unsigned char>(text[1]) < 0xa0;
}

void append_escaped(std::string& out, char c) {
    constexpr std::string_view digits = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    out += "\\x";
    out += digits[byte >> 4U];
    out += digits[byte & 15U];
}

struct Secrets {
    std::mutex mutex;
    std::vector<std::string> values;
};

// Never destroyed: a thread that opens a session may outlive main().
Secrets& secrets() {
    static Secrets& instance = *new Secrets;
    return instance;
}

void replace_all(std::string& text, std::string_view what, std::string_view by) {
    for (std::size_t at = text.find(what); at != std::string::npos;
         at = text.find(what, at + by.size())) {
        text.replace(at, what.size(), by);
    }
}

}  // namespace

void print_line(std::string_view text) noexcept {
    try {
        std::string line = "dlock: ";
        line += text;
        line += '\n';
        std::string_view rest = line;
        while (!rest.empty()) {
            const ssize_t written = ::write(STDERR_FILENO, rest.data(), rest.size());
            if (written <= 0) {
                return;  // nobody is listening
            }
            rest.remove_prefix(static_cast<std::size_t>(written));
        }
    } catch (...) {
        // Out of memory: the exit code has to tell.
    }
}

std::string in_quotes(std::string_view text) {
    std::string out = "\"";
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (out.size() > longest_quote && (static_cast<unsigned char>(text[i]) & 0xc0U) != 0x80U) {
            out += "...";
            break;
        }
        if (is_c1_control(text.substr(i))) {
            append_escaped(out, text[i]);
            append_escaped(out, text[++i]);
        } else if (is_control(text[i]) || text[i] == '"' || text[i] == '\\') {
            append_escaped(out, text[i]);
        } else {
            out += text[i];
        }
    }
    return out + '"';
}

void hide(const std::string& secret) {
    if (secret.empty()) {
        return;
    }
    Secrets& all = secrets();
    const std::lock_guard lock(all.mutex);
    all.values.push_back(secret);
    // The longest first: one may be a part of another.
    std::sort(all.values.begin(), all.values.end(),
              [](const std::string& a, const std::string& b) { return a.size() > b.size(); });
}

std::string foreign(std::string_view message) {
    std::string text(message);
    {
        Secrets& all = secrets();
        const std::lock_guard lock(all.mutex);
        for (const std::string& secret : all.values) {
            replace_all(text, secret, "***");
        }
    }
    while (!text.empty() && is_control(text.back())) {
        text.pop_back();
    }
    replace_all(text, "\n", "; ");
    std::string line;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (is_c1_control(std::string_view(text).substr(i))) {
            ++i;
        } else if (!is_control(text[i]) && text[i] != ' ') {
            line += text[i];
        } else if (!line.empty() && line.back() != ' ') {
            line += ' ';
        }
    }
    while (!line.empty() && (line.back() == ' ' || line.back() == '.')) {
        line.pop_back();
    }
    return line;
}

}  // namespace dlock::cli
