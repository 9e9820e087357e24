# The build under test, installed and moved; the other tests use it.
include("${CMAKE_CURRENT_LIST_DIR}/steps.cmake")
install_and_move("${BUILD}" "${FOLDER}/prefix")
