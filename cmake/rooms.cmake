# A room is a folder of cpp/synqc. `synqc_room(name USES rooms... LIBRARIES targets...)` compiles it from the names of
# its files alone: x.cc belongs to the core, x.kernel.cc is compiled once per instruction-set level, x.test.cc goes into
# the room's test program, x.perf.cc into its benchmark program, and x.pybind.cc into the extension module.

set(SYNQC_ROOMS "" CACHE INTERNAL "")
set(SYNQC_PYBIND_SOURCES "" CACHE INTERNAL "")

if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    set(all_levels v2 v3 v4)
else()
    set(all_levels baseline)
endif()
set(SYNQC_SIMD_LEVELS ${all_levels} CACHE STRING "Instruction-set levels to compile kernels for: all, or one for quick builds")
list(LENGTH SYNQC_SIMD_LEVELS level_count)
if(level_count EQUAL 1)
    add_compile_definitions(SYNQC_ONLY_LEVEL=${SYNQC_SIMD_LEVELS})
endif()

# Compiles the sources of a target as one file, or as one for every `batch` of them, so that what they share is compiled
# once: names in anonymous namespaces must differ within a room. The compiler then takes a source for a header, and a name
# of one source for that of another: hence the two warnings, which scripts/lint.sh sees, where sources stand alone.
# Most of a test's compilation is GoogleTest and Eigen, most of a room's Eigen. Kernels are never joined.
option(SYNQC_JOIN "Compile sources joined; OFF for tools that look at single files" ON)
function(synqc_join target batch)
    if(NOT SYNQC_JOIN)
        return()
    endif()
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${batch})
    target_compile_options(${target} PRIVATE -Wno-subobject-linkage -Wno-shadow)
endfunction()

# Rooms whose bindings are compiled as one file: pybind11 takes half of it, which every file would compile anew. Two that make
# a Python type of their own have the names of such a type's parts, and one of them stands alone.
set(SYNQC_BOUND_TOGETHER "readout|pulse|device|probe|control|dynamics|experiment|route" "text|json|generate" "infer" "optimise" "cache|parallel|pipeline|metrics|py")
set(SYNQC_BOUND_ALONE memory_cache.pybind.cc)
function(synqc_join_bindings room)
    foreach(rooms ${SYNQC_BOUND_TOGETHER})
        if(room MATCHES "^(${rooms})$")
            string(REPLACE "|" "_" group ${rooms})
        endif()
    endforeach()
    foreach(binding ${ARGN})
        get_filename_component(file ${binding} NAME)
        if(NOT file IN_LIST SYNQC_BOUND_ALONE)
            set_source_files_properties(${binding} PROPERTIES UNITY_GROUP ${group})
        endif()
    endforeach()
endfunction()

function(synqc_room name)
    cmake_parse_arguments(ROOM "" "" "USES;LIBRARIES" ${ARGN})
    set(folder ${CMAKE_CURRENT_SOURCE_DIR}/${name})
    file(GLOB sources CONFIGURE_DEPENDS ${folder}/*.cc)
    file(GLOB kernels CONFIGURE_DEPENDS ${folder}/*.kernel.cc)
    file(GLOB tests CONFIGURE_DEPENDS ${folder}/*.test.cc)
    file(GLOB benchmarks CONFIGURE_DEPENDS ${folder}/*.perf.cc)
    file(GLOB bindings CONFIGURE_DEPENDS ${folder}/*.pybind.cc)
    list(REMOVE_ITEM sources ${kernels} ${tests} ${benchmarks} ${bindings} "")

    set(library synqc_${name})
    set(uses ${ROOM_USES})
    list(TRANSFORM uses PREPEND synqc_)
    if(sources OR kernels)
        add_library(${library} STATIC ${sources})
        if(SYNQC_SANITIZE)
            synqc_join(${library} 0)
        else()
            synqc_join(${library} 16)  # few enough that whoever changes one waits half a minute at most
        endif()
        set(scope PUBLIC)
    else()
        add_library(${library} INTERFACE)
        set(scope INTERFACE)
    endif()
    target_include_directories(${library} ${scope} ${PROJECT_SOURCE_DIR}/cpp)
    target_link_libraries(${library} ${scope} ${uses} ${ROOM_LIBRARIES})

    # One object library per level; each kernel file puts its functions into the namespace named by SYNQC_SIMD_LEVEL.
    if(kernels)
        foreach(level ${SYNQC_SIMD_LEVELS})
            add_library(${library}_${level} OBJECT ${kernels})
            target_include_directories(${library}_${level} PRIVATE ${PROJECT_SOURCE_DIR}/cpp)
            target_compile_definitions(${library}_${level} PRIVATE SYNQC_SIMD_LEVEL=${level})
            if(NOT level STREQUAL baseline)
                target_compile_options(${library}_${level} PRIVATE -march=x86-64-${level})
            endif()
            if(level STREQUAL v4)
                target_compile_options(${library}_${level} PRIVATE -mprefer-vector-width=512)
            endif()
            target_sources(${library} PRIVATE $<TARGET_OBJECTS:${library}_${level}>)
            if(SYNQC_TESTS AND NOT SYNQC_SANITIZE)
                add_test(NAME ${name}.kernels_of_${level}_export_only_their_level
                         COMMAND ${CMAKE_COMMAND} -DNM=${CMAKE_NM} "-DOBJECTS=$<JOIN:$<TARGET_OBJECTS:${library}_${level}>,|>"
                                 -DLEVEL=${level} -P ${PROJECT_SOURCE_DIR}/cmake/check_kernel_symbols.cmake)
            endif()
        endforeach()
    endif()

    set(SYNQC_ROOMS ${SYNQC_ROOMS} ${library} CACHE INTERNAL "")
    set(SYNQC_PYBIND_SOURCES ${SYNQC_PYBIND_SOURCES} ${bindings} CACHE INTERNAL "")
    synqc_join_bindings(${name} ${bindings})

    if(SYNQC_TESTS AND tests)
        add_executable(${name}_tests ${tests})
        synqc_join(${name}_tests 0)
        if(NOT SYNQC_SANITIZE)
            target_compile_options(${name}_tests PRIVATE -O2)  # the room itself is as it is shipped
        endif()
        target_link_libraries(${name}_tests PRIVATE ${library} GTest::gtest_main)
        target_compile_definitions(${name}_tests PRIVATE _GLIBCXX_ASSERTIONS SYNQC_DATA_DIR="${PROJECT_SOURCE_DIR}/python/synqc/data")
        gtest_discover_tests(${name}_tests TEST_PREFIX ${name}. DISCOVERY_TIMEOUT 60
                             PROPERTIES ENVIRONMENT "TSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/cmake/tsan.supp")
    endif()
    if(SYNQC_BENCHMARKS AND benchmarks)
        add_executable(${name}_perf ${benchmarks})
        target_link_libraries(${name}_perf PRIVATE ${library} synqc_perf)
    endif()
endfunction()
