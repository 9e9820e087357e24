# A project that has the sources as a folder of its own.
include("${CMAKE_CURRENT_LIST_DIR}/steps.cmake")
set(app "${FOLDER}/add_subdirectory")
configure("${CMAKE_CURRENT_LIST_DIR}/add_subdirectory" "${app}" "-DSOURCE=${SOURCE}")
build("${app}")
run_app("${app}")
# Nothing of the library's is installed with the project.
run("${CMAKE_COMMAND}" --install "${app}" --prefix "${app}/prefix")
if(EXISTS "${app}/prefix")
  message(FATAL_ERROR "the project installs files that are not its own")
endif()
