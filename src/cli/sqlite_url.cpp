// SQLite's URLs and SOCI's parameters for it.
// SPDX-License-Identifier: BSL-1.0
#include "exit_codes.hpp"
#include "failure.hpp"
#include "url.hpp"

#include <boost/url.hpp>

namespace dlock::cli::detail {
namespace {

[[noreturn]] void refuse(const std::string& why) {
    throw Failure(exit_configuration, "the SQLite URL cannot be read: " + why);
}

std::string path_of_url(std::string_view rest) {
    const std::string text = "sqlite://" + std::string(rest);
    const auto parsed = boost::urls::parse_uri(text);  // a view of the text
    if (!parsed || !rest.starts_with('/')) {
        refuse("write sqlite:///absolute/path, special characters as %XX");
    }
    if (parsed->has_query() || parsed->has_fragment()) {
        refuse("it takes no parameters; a ? in the path is written %3F, a # %23");
    }
    std::string path = boost::urls::pct_string_view(parsed->encoded_path()).decode();
    if (path.find('\0') != std::string::npos) {
        refuse("it holds %00");
    }
    return path;
}

// SOCI takes a text without an equals sign as the path, anything else as parameters.
std::string soci_parameters(const std::string& path) {
    if (path.find('=') == std::string::npos) {
        return path;
    }
    if (path.find('"') != std::string::npos) {
        refuse("a path cannot hold both an equals sign and a double quote");
    }
    if (path.starts_with(' ')) {  // SOCI takes the quote before it for the value's end
        refuse("a path with an equals sign cannot begin with a space");
    }
    return "db=\"" + path + '"';
}

}  // namespace

Target sqlite_target(std::string_view rest, bool soci_form) {
    Target target{.backend = "sqlite3", .product = "SQLite"};
#ifndef DLOCK_HAS_SQLITE
    throw Failure(exit_configuration,
                  "this dlock was built without SQLite; name a server with --url");
#endif
    if (rest.empty()) {
        refuse("write sqlite:///absolute/path");
    }
    if (!soci_form) {
        target.parameters = soci_parameters(path_of_url(rest));
    } else {
        target.parameters =
            is_parameter_list(rest) ? std::string(rest) : soci_parameters(std::string(rest));
    }
    return target;
}

}  // namespace dlock::cli::detail
