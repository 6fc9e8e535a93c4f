#include <unwind.h>

#include "synqc/py/gil.h"

/// Stands before the personality routine of every frame of the extension (the linker's --wrap). While the interpreter
/// goes, CPython before 3.14 unwinds daemon threads by force. The first frame of ours that has anything to clean up is
/// asked here, before its clean-up runs: the thread holds no GIL, so it may not drop a reference, and is parked.
extern "C" {

_Unwind_Reason_Code __real___gxx_personality_v0(int version, _Unwind_Action actions, _Unwind_Exception_Class kind,
                                                _Unwind_Exception* exception, _Unwind_Context* frame);

_Unwind_Reason_Code __wrap___gxx_personality_v0(int version, _Unwind_Action actions, _Unwind_Exception_Class kind,
                                                _Unwind_Exception* exception, _Unwind_Context* frame) {
    if ((actions & _UA_FORCE_UNWIND) != 0 && synqc::interpreter_goes()) {
        synqc::park_thread();
    }
    return __real___gxx_personality_v0(version, actions, kind, exception, frame);
}
}
