// The counter of fencing tokens in Oracle.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "engine/fencing_schema.hpp"

namespace dlock::detail {

// The schema of a user of its own that cannot log in, since locks belong to the whole database.
// Names that are in use (ORA-01920, ORA-00955) are what an earlier call has left.
inline constexpr FencingSchema oracle_fencing_schema{
    .find = "SELECT token FROM dlock.fencing WHERE id = 1",
    .create = {"begin execute immediate 'create user dlock no authentication'; "
               "exception when others then if sqlcode <> -1920 then raise; end if; end;",
               "grant unlimited tablespace to dlock",
               "begin execute immediate 'create table dlock.fencing "
               "(id number(1) primary key check (id = 1), token number(19) not null)'; "
               "exception when others then if sqlcode <> -955 then raise; end if; end;",
               "insert into dlock.fencing (id, token) select 1, 0 from dual "
               "where not exists (select 1 from dlock.fencing)",
               "commit"},
    .grant = "GRANT SELECT, UPDATE ON dlock.fencing TO <login>"};

}  // namespace dlock::detail
