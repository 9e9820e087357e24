# A static build with SQLite alone, installed and moved, and a project that finds it.
include("${CMAKE_CURRENT_LIST_DIR}/steps.cmake")
set(library "${FOLDER}/static/library")
set(app "${FOLDER}/static/app")
configure("${SOURCE}" "${library}" -DBUILD_SHARED_LIBS=OFF -DDLOCK_POSTGRESQL=OFF -DDLOCK_MYSQL=OFF -DDLOCK_ODBC=OFF
  -DDLOCK_ASIO=${ASIO} -DDLOCK_CODECS=${CODECS} -DDLOCK_CLI=OFF)
build("${library}")
install_and_move("${library}" "${FOLDER}/static/prefix")
configure("${CMAKE_CURRENT_LIST_DIR}/find_package" "${app}" "-DCMAKE_PREFIX_PATH=${FOLDER}/static/prefix" -DASIO=${ASIO}
  -DCODECS=${CODECS})
build("${app}")
run_app("${app}")
