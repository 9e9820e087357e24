# A build with PostgreSQL alone: a session of another backend is a clear error.
include("${CMAKE_CURRENT_LIST_DIR}/steps.cmake")
set(app "${FOLDER}/parts")
configure("${CMAKE_CURRENT_LIST_DIR}/parts" "${app}" "-DSOURCE=${SOURCE}" -DDLOCK_SQLITE=OFF -DDLOCK_MYSQL=OFF
  -DDLOCK_ODBC=OFF)
build("${app}")
run_app("${app}")
