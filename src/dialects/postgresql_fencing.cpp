// SPDX-License-Identifier: BSL-1.0
#include "dialects/postgresql_fencing.hpp"

#include "dialects/postgresql_error.hpp"

#include <algorithm>
#include <chrono>

namespace dlock::detail {
namespace {

Step fail(errc error, const char* advice) {
    return Step{.verdict = Verdict::failed, .error = error, .advice = advice};
}

}  // namespace

Step PostgresqlFencing::start(const Situation& situation) {
    using std::chrono::milliseconds;
    situation_ = situation;
    repeats_ = 0;
    native_ = {};
    // Zero would switch the server's timer off.
    const auto limit = std::chrono::ceil<milliseconds>(situation.slice).count();
    return send(Purpose::fence, sql_.fence(situation, std::max<std::int64_t>(limit, 1)));
}

Step PostgresqlFencing::resume(const Reply& reply) {
    if (reply.failed) {
        native_ = reply.native;
    }
    return statement_.purpose == Purpose::fence ? after_draw(reply) : after_look(reply);
}

Step PostgresqlFencing::send(Purpose purpose, std::string_view sql) {
    statement_.purpose = purpose;
    statement_.cancellable = purpose == Purpose::fence;
    statement_.mode = situation_.mode;
    statement_.sql.assign(sql);
    return Step{.send = &statement_};
}

Step PostgresqlFencing::after_draw(const Reply& reply) {
    if (reply.failed) {
        return after_error();
    }
    if (!reply.has_row || !reply.values[0].has_value()) {
        return look();
    }
    return Step{.verdict = Verdict::fenced, .token = *reply.values[0]};
}

Step PostgresqlFencing::after_error() const {
    const std::string_view state = native_.sqlstate;
    if (state == "42P01" || state == "3F000") {
        return fail(errc::no_fencing_schema, make_fencing_schema);
    }
    const errc error = postgresql_errc(native_);
    if (state == sqlstate::lock_not_available || state == sqlstate::serialization_failure ||
        error == errc::deadlock || error == errc::interrupted) {
        return Step{.verdict = Verdict::busy};
    }
    return fail(error, error == errc::permission_denied
                           ? "PostgreSQL refused the fencing token; GRANT USAGE ON SCHEMA "
                             "dlock and SELECT, UPDATE ON dlock.fencing to the login"
                           : postgresql_advice(error));
}

// No token came: does this server session hold the lock?
Step PostgresqlFencing::look() {
    return send(Purpose::verify, sql_.verify(situation_.mode));
}

Step PostgresqlFencing::after_look(const Reply& reply) {
    if (reply.failed || !reply.has_row) {
        return native_.sqlstate == sqlstate::query_canceled && ++repeats_ < postgresql_max_repeats
                   ? look()
                   : fail(postgresql_errc(native_), "the lock's state could not be read");
    }
    return reply.values[0].value_or(0) > 0
               ? fail(errc::no_fencing_schema, make_fencing_schema)
               : fail(errc::session_changed,
                      "the server session is not the one that was granted the lock");
}

}  // namespace dlock::detail
