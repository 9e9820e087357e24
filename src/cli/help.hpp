// The help texts. man/dlock.1 says the same at more length.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string_view>

namespace dlock::cli {

inline constexpr std::string_view general_help =
    R"(dlock - run a command under a lock that lives in a database

Usage: dlock run [OPTIONS] KEY -- COMMAND...
       dlock init [--url URL | --url-file FILE]
       dlock --help | --version

`dlock run --help` shows options, examples and exit codes.
`dlock init --help` tells what fencing tokens need.
)";

inline constexpr std::string_view init_help =
    R"(Usage: dlock init [--url URL | --url-file FILE]

Creates the counter that the tokens of `dlock run --fencing` and of the library are drawn from, and
prints where it is and the GRANT that other logins need. Run it once for each server (PostgreSQL,
SQLite: for each database), as a login that may create it. What is there already is left as it is.

Options:
  --url URL        the database, as for `dlock run` (default: $DLOCK_URL, else an SQLite file in the
                   user's state folder)
  --url-file FILE  read the URL from FILE
  -h, --help       this text
)";

inline constexpr std::string_view run_help =
    R"(Usage: dlock run [OPTIONS] KEY -- COMMAND...

Waits for the lock named KEY, runs COMMAND, releases the lock, and ends with COMMAND's exit code.
No two exclusive holders of one KEY in one database run at the same time, whatever machine they are
on. Two dashes before a KEY that begins with a dash: dlock run -- -KEY -- COMMAND...

Options:
  --url URL        the database (default: $DLOCK_URL, else an SQLite file in the user's state
                   folder, for this machine and user):
                     postgresql://user@host:5432/db    mysql://user@host:3306/db
                     mariadb://user@host:3306/db       sqlite:///absolute/path
                   or a SOCI connection string: postgresql://host=h dbname=db user=u
  --url-file FILE  read the URL from FILE; for passwords, which do not belong in arguments
  -w, --wait TIME  give up after TIME: 500ms, 10s, 1.5m, 1h, or seconds (default: no limit)
  -n, --no-wait    give up at once if somebody else holds the lock
  -s, --shared     share the lock with other shared holders (PostgreSQL and SQLite)
  --fencing        draw a fencing token, which COMMAND finds as DLOCK_TOKEN; `dlock init` comes first.
                   While others draw tokens, a second at least is given to that, whatever -w says
  -E, --conflict-exit-code CODE
                   exit code when giving up (default: 75)
  -o, --close      do not let COMMAND inherit the lock; by default the lock lives on in it, and in
                   its children, if dlock is killed
  --grace TIME     when the lock is lost COMMAND gets SIGTERM, and SIGKILL after TIME (default: 5s);
                   not the processes that it has started: let a script stop its own, or exec
  --verify TIME    notice within TIME (from 10ms) that the server is silent (default: 30s; 0: do not
                   ask it)
  --int            KEY is an integer, the same lock as an integer key in a program
  -q, --quiet      no message when giving up
  --verbose        tell how long it took to get the lock
  -h, --help       this text

Examples:
  dlock run nightly -- ./report.sh
  dlock run -n backup -- tar czf /srv/home.tgz /home
  dlock run --url-file ~/.config/shop-db -w 30s "migrate shop" -- ./migrate
  DLOCK_URL=postgresql://app@db/shop dlock run -s catalogue -- ./export

Exit codes: COMMAND's own; 128+n if signal n ended COMMAND or the wait; and
   64 wrong usage                               75 held by somebody else, time over
   69 server, database or library not there     77 login or access refused
   70 internal error                            78 URL or configuration not readable
   74 lock lost, COMMAND was stopped           126 COMMAND cannot be executed, 127 not found

COMMAND finds DLOCK_HELD=1 and DLOCK_KEY in its environment, with --fencing also DLOCK_TOKEN.
)";

}  // namespace dlock::cli
