# A project that finds the installed package.
include("${CMAKE_CURRENT_LIST_DIR}/steps.cmake")
set(app "${FOLDER}/find_package")
configure("${CMAKE_CURRENT_LIST_DIR}/find_package" "${app}" "-DCMAKE_PREFIX_PATH=${FOLDER}/prefix" -DASIO=${ASIO}
  -DCODECS=${CODECS} -DTESTING=${TESTING})
build("${app}")
run_app("${app}")
