# Proves that kernel objects export nothing but names of their own instruction-set level. An inline function or template
# with external linkage, compiled for a level the processor lacks, could replace its twin in the whole program.
#
#     cmake -DNM=nm "-DOBJECTS=a.o|b.o" -DLEVEL=v4 -P check_kernel_symbols.cmake
string(REPLACE "|" ";" objects "${OBJECTS}")
string(LENGTH "${LEVEL}" length)
set(own "^[0-9a-f]+ [BDRT] _ZN5synqc([0-9]+[a-z_]+)?${length}${LEVEL}[0-9]")  # a room may have a namespace
foreach(object ${objects})
    execute_process(COMMAND ${NM} --defined-only --extern-only ${object} OUTPUT_VARIABLE symbols RESULT_VARIABLE failed)
    if(failed)
        message(FATAL_ERROR "${NM} cannot read ${object}")
    endif()
    string(REPLACE "\n" ";" symbols "${symbols}")
    foreach(symbol ${symbols})
        if(NOT symbol MATCHES "${own}")
            message(SEND_ERROR "${object} exports '${symbol}', which is not a name of level ${LEVEL}")
        endif()
    endforeach()
endforeach()
