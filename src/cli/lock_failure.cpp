// SPDX-License-Identifier: BSL-1.0
#include "lock_failure.hpp"

#include "exit_codes.hpp"
#include "message.hpp"

namespace dlock::cli {
namespace {

int exit_code_of(errc error, bool shared) {
    switch (error) {
        case errc::timed_out:
        case errc::deadlock:
        case errc::interrupted:
        case errc::resource_exhausted:
        case errc::already_locked:
        case errc::session_busy:
            return exit_busy;
        case errc::lock_lost:
            return exit_lock_lost;
        case errc::session_lost:
        case errc::session_changed:
        case errc::database_error:
            return exit_unavailable;
        case errc::not_supported:
            return shared ? exit_usage : exit_configuration;
        case errc::invalid_key:
            return exit_usage;
        case errc::permission_denied:
            return exit_refused;
        case errc::pooler_detected:
        case errc::read_replica:
        case errc::unknown_backend:
        case errc::no_fencing_schema:
            return exit_configuration;
        default:
            return exit_internal;
    }
}

std::string cure_of(errc error) {
    switch (error) {
        case errc::pooler_detected:
            return "; let the URL name the server itself";
        case errc::read_replica:
            return "; let the URL name the primary";
        case errc::deadlock:
        case errc::interrupted:
        case errc::resource_exhausted:
            return "; try again";
        case errc::not_supported:
            return "; use another database or other options";
        case errc::invalid_key:
            return "; choose another key";
        case errc::session_lost:
            return "; try again when the server can be reached";
        case errc::permission_denied:
            return "; use another login, or have it granted";
        default:
            return "";
    }
}

}  // namespace

std::string text_of(const LockError& error) {
    std::string text = foreign(error.what());
    if (!error.native_message().empty()) {
        text += " (" + foreign(error.native_message()) + ")";
    }
    return text;
}

Failure failure_of(const LockError& error, bool shared) {
    return {exit_code_of(error.which(), shared), text_of(error) + cure_of(error.which())};
}

}  // namespace dlock::cli
