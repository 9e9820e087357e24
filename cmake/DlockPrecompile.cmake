# Headers compiled once for a target: a build from nothing takes half the time, but an include that a
# source forgot goes unseen. So: for the tests, and for all only where another build looks.
set(DLOCK_PCH "none" CACHE STRING "Precompiled headers: none, in the tests, in all")
set_property(CACHE DLOCK_PCH PROPERTY STRINGS none tests all)

# dlock_precompile(TARGET tests|all [HEADER...]): what most sources include, and HEADER; where DLOCK_PCH
# is that or more.
function(dlock_precompile target part)
  if(DLOCK_PCH STREQUAL "all" OR DLOCK_PCH STREQUAL part)
    target_precompile_headers(${target} PRIVATE
      <dlock/dlock.hpp> <algorithm> <chrono> <functional> <map> <memory> <optional> <string>
      <thread> <vector> ${ARGN})
  endif()
endfunction()
