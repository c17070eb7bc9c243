# One folder, one namespace, one library.
#
#   frugal_room(NAME [ROOMS room...] [LIBRARIES target...] [NATIVE] [TOGETHER filter])
#
# Makes the library frugal_NAME of every .cc in the folder but the tests, and, where
# there are *_test.cc, the program frugal_NAME_test of all of them: a test file cannot
# be left out. ROOMS are the rooms that this one may include (checked by
# tools/check-includes), LIBRARIES anything else that it links. NATIVE compiles the
# room for this very machine (FRUGAL_NATIVE). The tests of the GoogleTest filter TOGETHER run in one
# process, for they share a service that the process starts; they skip when it cannot.

find_package(Threads REQUIRED)
if(FRUGAL_TESTS)
  find_package(GTest REQUIRED)
  include(GoogleTest)
endif()

add_library(frugal_flags INTERFACE)
target_compile_options(frugal_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wno-missing-field-initializers -Werror)
target_include_directories(frugal_flags INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_link_libraries(frugal_flags INTERFACE Threads::Threads)
find_program(MOLD mold)
if(MOLD)
  target_link_options(frugal_flags INTERFACE -fuse-ld=mold)
endif()
if(FRUGAL_SANITIZE)
  target_compile_options(frugal_flags INTERFACE -fsanitize=${FRUGAL_SANITIZE} -fno-omit-frame-pointer -g)
  target_link_options(frugal_flags INTERFACE -fsanitize=${FRUGAL_SANITIZE})
endif()

function(frugal_room name)
  cmake_parse_arguments(room "NATIVE" "TOGETHER" "ROOMS;LIBRARIES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  set(tests ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(FILTER sources EXCLUDE REGEX "(_test|/main)\\.cc$")

  add_library(frugal_${name} STATIC ${sources})
  list(TRANSFORM room_ROOMS PREPEND frugal_)
  target_link_libraries(frugal_${name} PUBLIC frugal_flags ${room_ROOMS} ${room_LIBRARIES})
  if(room_NATIVE AND FRUGAL_NATIVE)
    target_compile_options(frugal_${name} PRIVATE -march=native)
  endif()

  if(FRUGAL_TESTS AND tests)
    add_executable(frugal_${name}_test ${tests})
    # What a test itself does takes no time worth a third of its compilation's; but where a room is
    # built for this processor, GCC 12 warns of its own intrinsics.
    if(NOT room_NATIVE)
      target_compile_options(frugal_${name}_test PRIVATE $<$<CONFIG:Release>:-O1>)
    endif()
    target_link_libraries(frugal_${name}_test PRIVATE frugal_${name} GTest::gmock GTest::gtest_main)
    set(filter)
    if(room_TOGETHER)
      set(filter TEST_FILTER "-${room_TOGETHER}")
      add_test(NAME "${name}, with a service"
        COMMAND frugal_${name}_test "--gtest_filter=${room_TOGETHER}")
      set_tests_properties("${name}, with a service" PROPERTIES TIMEOUT 600 LABELS ${name}
        SKIP_REGULAR_EXPRESSION "can be started: ")
    endif()
    gtest_discover_tests(frugal_${name}_test DISCOVERY_TIMEOUT 120 DISCOVERY_MODE PRE_TEST
      ${filter} PROPERTIES TIMEOUT 600 LABELS ${name})
  endif()
endfunction()
