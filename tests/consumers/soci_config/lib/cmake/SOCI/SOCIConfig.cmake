# Stands for the package of SOCI 4.1: the target SOCI::Core, and nothing else.
foreach(component IN LISTS SOCI_FIND_COMPONENTS)
  if(NOT component STREQUAL "Core")
    set(SOCI_FOUND FALSE)
    set(SOCI_NOT_FOUND_MESSAGE "no component ${component}")
    return()
  endif()
endforeach()
if(NOT TARGET SOCI::Core)
  find_library(SOCI_PACKAGE_LIBRARY soci_core REQUIRED)
  find_path(SOCI_PACKAGE_HEADERS soci/soci.h REQUIRED)
  add_library(SOCI::Core UNKNOWN IMPORTED)
  set_target_properties(SOCI::Core PROPERTIES
    IMPORTED_LOCATION "${SOCI_PACKAGE_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${SOCI_PACKAGE_HEADERS}"
    INTERFACE_COMPILE_DEFINITIONS SOCI_HAS_A_PACKAGE)
endif()
set(SOCI_Core_FOUND TRUE)
