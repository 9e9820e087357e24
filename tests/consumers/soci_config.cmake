# SOCI 4.1 has a CMake package, with the target SOCI::Core: it is used, by the build and by the installed package.
include("${CMAKE_CURRENT_LIST_DIR}/steps.cmake")
set(library "${FOLDER}/soci_config/library")
set(app "${FOLDER}/soci_config/app")
set(soci "${CMAKE_CURRENT_LIST_DIR}/soci_config")

configure("${SOURCE}" "${library}" "-DCMAKE_PREFIX_PATH=${soci}" -DDLOCK_CODECS=OFF -DDLOCK_CLI=OFF
  -DCMAKE_EXPORT_COMPILE_COMMANDS=ON)
file(READ "${library}/compile_commands.json" commands)
if(NOT commands MATCHES "-DSOCI_HAS_A_PACKAGE")
  message(FATAL_ERROR "the build does not use SOCI's own package")
endif()

configure("${CMAKE_CURRENT_LIST_DIR}/find_package" "${app}" "-DCMAKE_PREFIX_PATH=${soci}"
  "-Dsoci-dlock_ROOT=${FOLDER}/prefix")
build("${app}")
run_app("${app}")
if(NOT output MATCHES "SOCI's own package")
  message(FATAL_ERROR "the installed package does not use SOCI's own package")
endif()
