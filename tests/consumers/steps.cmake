# What the tests of this folder have in common; see CMakeLists.txt for the variables that they are given.
cmake_minimum_required(VERSION 3.25)

# run(COMMAND...): ends the test if it fails; sets output.
function(run)
  execute_process(COMMAND ${ARGV} RESULT_VARIABLE result OUTPUT_VARIABLE text ERROR_VARIABLE text)
  if(NOT result EQUAL 0)
    list(JOIN ARGV " " command)
    message(FATAL_ERROR "${command}\n${text}")
  endif()
  set(output "${text}" PARENT_SCOPE)
endfunction()

# configure(SOURCE_FOLDER BUILD_FOLDER OPTIONS...): anew, but what was compiled is kept. Not optimised, and with
# precompiled headers: it is quicker.
function(configure source binary)
  file(REMOVE "${binary}/CMakeCache.txt")
  run("${CMAKE_COMMAND}" -S "${source}" -B "${binary}" -G "${GENERATOR}"
    "-DCMAKE_CXX_COMPILER=${COMPILER}" "-DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER}"
    "-DCMAKE_CXX_FLAGS=${FLAGS}" -DDLOCK_PCH=all ${ARGN})
endfunction()

# build(BUILD_FOLDER)
function(build binary)
  run("${CMAKE_COMMAND}" --build "${binary}" --parallel 2)
endfunction()

# run_app(BUILD_FOLDER): runs what was built; sets output.
function(run_app binary)
  file(REMOVE "${binary}/consumer.db")
  run("${CMAKE_COMMAND}" -E chdir "${binary}" ./app)
  message("${output}")
  set(output "${output}" PARENT_SCOPE)
endfunction()

# install_and_move(BUILD_FOLDER PREFIX): installs elsewhere first, so that whatever still points there is found out.
function(install_and_move binary prefix)
  file(REMOVE_RECURSE "${prefix}" "${prefix}-before")
  run("${CMAKE_COMMAND}" --install "${binary}" --prefix "${prefix}-before")
  file(GLOB_RECURSE files "${prefix}-before/*.cmake")
  foreach(file IN LISTS files)
    file(READ "${file}" text)
    foreach(folder IN ITEMS "${SOURCE}" "${BUILD}" "${binary}" "${prefix}-before")
      string(FIND "${text}" "${folder}" place)
      if(NOT place EQUAL -1)
        message(FATAL_ERROR "${file} names ${folder}")
      endif()
    endforeach()
  endforeach()
  file(RENAME "${prefix}-before" "${prefix}")
endfunction()
