// Locks beside an SQLite database: one statement for each Op.
// SPDX-License-Identifier: BSL-1.0
#include "dialects/sqlite.hpp"

#include <algorithm>
#include <cerrno>

namespace dlock::detail {
namespace {

const char* advice_for(errc error) noexcept {
    switch (error) {
        case errc::permission_denied:
            return "this user must be allowed to read and write the lock file next to the database";
        case errc::resource_exhausted:
            return "the system is out of locks, descriptors, memory or space for the lock file";
        default:
            return "the lock file next to the database cannot be used";
    }
}

class SqliteDialect final : public Dialect {
  public:
    Step start(Op op, const Situation& situation) override {
        op_ = op;
        statement_.mode = situation.mode;
        statement_.limit = {};
        switch (op) {
            case Op::try_acquire:
                statement_.purpose = Purpose::try_acquire;
                break;
            case Op::wait:
                statement_.purpose = Purpose::wait;
                statement_.limit = std::min(situation.slice, situation.remaining);
                break;
            case Op::release:
                statement_.purpose = Purpose::release;
                break;
            case Op::verify:
                statement_.purpose = Purpose::verify;
                break;
        }
        return Step{.send = &statement_};
    }

    Step resume(const Reply& reply) override {
        // A release whose outcome is unknown leaves a lock behind unless the file is closed.
        const bool in_doubt = op_ == Op::release;
        if (reply.connection_lost) {
            native_ = reply.native;
            return fail(errc::session_lost, "the session was closed, and its locks with it");
        }
        if (reply.failed) {
            native_ = reply.native;
            if (op_ == Op::wait && native_.code == EINTR) {
                return Step{.verdict = Verdict::interrupted};
            }
            const errc error = sqlite_errc(native_.code);
            return fail(error, advice_for(error), in_doubt);
        }
        if (!reply.has_row || !reply.values[0].has_value()) {
            return fail(errc::database_error, "the driver gave no answer", op_ != Op::verify);
        }
        const bool yes = *reply.values[0] == 1;
        switch (op_) {
            case Op::try_acquire:
            case Op::wait:
                return Step{.verdict = yes ? Verdict::granted : Verdict::busy};
            case Op::verify:
                return Step{.verdict = yes ? Verdict::held : Verdict::not_held};
            case Op::release:
                break;
        }
        return yes ? Step{.verdict = Verdict::released}
                   : fail(errc::lock_lost,
                          "the lock file was deleted or replaced while the lock was held, so that "
                          "others may have had it as well; leave that file in place");
    }

    const NativeError& native() const noexcept override { return native_; }

    bool waits_in_slices() const noexcept override { return false; }

  private:
    static Step fail(errc error, const char* advice, bool in_doubt = false) {
        return Step{
            .verdict = Verdict::failed, .error = error, .advice = advice, .in_doubt = in_doubt};
    }

    Op op_ = Op::verify;
    Statement statement_{};
    NativeError native_{};
};

}  // namespace

Capabilities sqlite_capabilities() {
    // fair_queue: nobody overtakes the front waiter, but those behind it come in no certain order.
    return {.database = "SQLite",
            .modes = {Mode::exclusive, Mode::shared},
            .xact = false,
            .int32_pair_keys = true,
            .deadlock_detection = false,
            .fair_queue = false};
}

std::unique_ptr<Dialect> make_sqlite_dialect() {
    return std::make_unique<SqliteDialect>();
}

errc sqlite_errc(int error) noexcept {
    switch (error) {
        case EACCES:
        case EPERM:
        case EROFS:
            return errc::permission_denied;
        case ENOLCK:
        case ENOSPC:
        case EDQUOT:
        case EMFILE:
        case ENFILE:
        case ENOMEM:
            return errc::resource_exhausted;
        default:
            return errc::database_error;
    }
}

}  // namespace dlock::detail
