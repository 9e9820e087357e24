# The libraries that soci-dlock links, as imported targets; used by its own build and by its package.
# SOCI 4.0 of the distributions has no CMake package of its own, 4.1 has one: both end as SOCI::Core.

if(NOT TARGET SOCI::Core)
  find_package(SOCI CONFIG QUIET COMPONENTS Core)
endif()
if(NOT TARGET SOCI::Core)
  find_path(DLOCK_SOCI_INCLUDE_DIR soci/soci.h)
  find_library(DLOCK_SOCI_CORE_LIBRARY NAMES soci_core)
  mark_as_advanced(DLOCK_SOCI_INCLUDE_DIR DLOCK_SOCI_CORE_LIBRARY)
  if(DLOCK_SOCI_INCLUDE_DIR AND DLOCK_SOCI_CORE_LIBRARY)
    add_library(SOCI::Core UNKNOWN IMPORTED)
    set_target_properties(SOCI::Core PROPERTIES
      IMPORTED_LOCATION "${DLOCK_SOCI_CORE_LIBRARY}"
      INTERFACE_INCLUDE_DIRECTORIES "${DLOCK_SOCI_INCLUDE_DIR}")
  else()
    message(FATAL_ERROR "soci-dlock needs SOCI 4.0.3 or newer (Debian: libsoci-dev)")
  endif()
endif()

# dlock_find_library(NAME HEADER header SUFFIXES ... LIBRARIES ...): makes dlock_deps::NAME, and
# tells in DLOCK_FOUND_<NAME> whether both were found.
function(dlock_find_library name)
  cmake_parse_arguments(arg "" "HEADER" "SUFFIXES;LIBRARIES" ${ARGN})
  string(TOUPPER "${name}" upper)
  find_path(DLOCK_${upper}_INCLUDE_DIR ${arg_HEADER} PATH_SUFFIXES ${arg_SUFFIXES})
  find_library(DLOCK_${upper}_LIBRARY NAMES ${arg_LIBRARIES})
  mark_as_advanced(DLOCK_${upper}_INCLUDE_DIR DLOCK_${upper}_LIBRARY)
  if(DLOCK_${upper}_INCLUDE_DIR AND DLOCK_${upper}_LIBRARY)
    set(DLOCK_FOUND_${upper} ON PARENT_SCOPE)
    if(NOT TARGET dlock_deps::${name})
      add_library(dlock_deps::${name} UNKNOWN IMPORTED)
      set_target_properties(dlock_deps::${name} PROPERTIES
        IMPORTED_LOCATION "${DLOCK_${upper}_LIBRARY}"
        INTERFACE_INCLUDE_DIRECTORIES "${DLOCK_${upper}_INCLUDE_DIR}")
    endif()
  else()
    set(DLOCK_FOUND_${upper} OFF PARENT_SCOPE)
  endif()
endfunction()

dlock_find_library(libpq HEADER libpq-fe.h SUFFIXES postgresql pgsql LIBRARIES pq libpq)
dlock_find_library(mysql HEADER mysql.h SUFFIXES mariadb mysql LIBRARIES mariadb mysqlclient)
dlock_find_library(sqlite HEADER sqlite3.h LIBRARIES sqlite3)
dlock_find_library(odbc HEADER sqlext.h LIBRARIES odbc odbc32)
dlock_find_library(libb2 HEADER blake2.h LIBRARIES b2)
if(NOT DLOCK_FOUND_LIBB2)
  message(FATAL_ERROR "soci-dlock needs libb2 (Debian: libb2-dev)")
endif()
if(NOT CMAKE_SYSTEM_NAME STREQUAL "Linux")
  set(DLOCK_FOUND_SQLITE OFF)
endif()

find_package(Threads REQUIRED)
