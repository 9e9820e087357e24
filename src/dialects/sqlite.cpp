// Locks beside an SQLite database: one statement for each Op.
// SPDX-License-Identifier: BSL-1.0
#include "dialects/sqlite.hpp"

#include "dialects/sqlite_fencing.hpp"

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
            case Op::fence:
                statement_.purpose = Purpose::fence;
                return ask(Fencing::measuring, "PRAGMA main.synchronous");
        }
        return Step{.send = &statement_};
    }

    Step resume(const Reply& reply) override {
        if (op_ == Op::fence) {
            return after_fence(reply);
        }
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
            case Op::fence:
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

    const FencingSchema& fencing_schema() const noexcept override { return sqlite_fencing_schema; }

    errc kind_of(const NativeError& error) const noexcept override {
        return sqlite_result_errc(error.code);
    }

  private:
    static Step fail(errc error, const char* advice, bool in_doubt = false) {
        return Step{
            .verdict = Verdict::failed, .error = error, .advice = advice, .in_doubt = in_doubt};
    }

    // ---- A fencing token, which the session itself draws from the database.

    enum class Fencing {
        measuring,  // does a commit of this session wait for the disk?
        raising,    // it does not: it shall
        drawing,
        lowering,  // it shall not any more
    };

    Step ask(Fencing fencing, const char* sql) {
        fencing_ = fencing;
        statement_.sql = sql;
        return Step{.send = &statement_};
    }

    Step after_fence(const Reply& reply) {
        if (reply.connection_lost) {
            native_ = reply.native;
            return fail(errc::session_lost, "the session was closed, and its locks with it");
        }
        switch (fencing_) {
            case Fencing::measuring:
                if (reply.failed) {
                    native_ = reply.native;
                    return after_draw_error();
                }
                repeats_ = 0;
                synchronous_ = reply.values[0].value_or(most_synchronous);
                return synchronous_ < most_synchronous
                           ? ask(Fencing::raising, "PRAGMA main.synchronous = EXTRA")
                           : draw();
            case Fencing::raising:
                if (reply.failed) {
                    // It may have had its effect all the same.
                    native_ = reply.native;
                    drawn_ = after_draw_error();
                    return lower();
                }
                return draw();
            case Fencing::drawing:
                drawn_ = after_draw(reply);
                return synchronous_ < most_synchronous ? lower() : drawn_;
            case Fencing::lowering:
                return reply.failed ? after_lowering_error(reply.native) : drawn_;
        }
        return drawn_;
    }

    Step lower() {
        switch (synchronous_) {
            case 0:
                return ask(Fencing::lowering, "PRAGMA main.synchronous = OFF");
            case 1:
                return ask(Fencing::lowering, "PRAGMA main.synchronous = NORMAL");
            default:
                return ask(Fencing::lowering, "PRAGMA main.synchronous = FULL");
        }
    }

    Step after_lowering_error(const NativeError& native) {
        if (sqlite_result_errc(native.code) == errc::interrupted && ++repeats_ < max_repeats) {
            return lower();
        }
        native_ = native;
        return fail(errc::database_error, "PRAGMA synchronous could not be put back");
    }

    Step draw() {
        return ask(Fencing::drawing,
                   "UPDATE main.dlock_fencing SET token = token + 1 WHERE id = 1 RETURNING token");
    }

    Step after_draw(const Reply& reply) {
        if (reply.failed) {
            native_ = reply.native;
            return after_draw_error();
        }
        return reply.has_row && reply.values[0].has_value()
                   ? Step{.verdict = Verdict::fenced, .token = *reply.values[0]}
                   : fail(errc::no_fencing_schema, make_fencing_schema);
    }

    Step after_draw_error() const {
        const errc error = sqlite_result_errc(native_.code);
        if (error == errc::interrupted) {
            return Step{.verdict = Verdict::busy};
        }
        if (native_.message.starts_with("no such table")) {
            return fail(errc::no_fencing_schema, make_fencing_schema);
        }
        return fail(error, error == errc::permission_denied
                               ? "the database cannot be written to, and so draws no tokens"
                               : "SQLite drew no fencing token");
    }

    // PRAGMA synchronous: EXTRA. With FULL a power cut may bring a deleted rollback journal back.
    static constexpr std::int64_t most_synchronous = 3;
    // An interrupt that comes late can hit the statement that puts it back.
    static constexpr int max_repeats = 5;

    Op op_ = Op::verify;
    Fencing fencing_ = Fencing::measuring;
    std::int64_t synchronous_ = most_synchronous;
    int repeats_ = 0;
    Step drawn_{};
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

errc sqlite_result_errc(int result) noexcept {
    switch (result & 0xFF) {
        case 5:  // SQLITE_BUSY
        case 6:  // SQLITE_LOCKED
        case 9:  // SQLITE_INTERRUPT
            return errc::interrupted;
        case 3:   // SQLITE_PERM
        case 8:   // SQLITE_READONLY
        case 23:  // SQLITE_AUTH
            return errc::permission_denied;
        case 7:   // SQLITE_NOMEM
        case 13:  // SQLITE_FULL
            return errc::resource_exhausted;
        default:
            return errc::database_error;
    }
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
