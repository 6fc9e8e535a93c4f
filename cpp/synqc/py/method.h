#pragma once

#include <Python.h>

#include <type_traits>

#include "synqc/py/errors.h"

/// Tables of the C API. Every function and slot passes through here, so that no C++ exception ever reaches a frame of
/// C: it becomes a Python error on the way. No other file writes a PyMethodDef or a PyType_Slot by hand.
namespace synqc {

/// The function of the C API that calls `function` and answers null or -1 with an error set if it throws.
template <auto function>
struct Guarded;

template <typename Result, typename... Arguments, Result (*function)(Arguments...)>
struct Guarded<function> {
    static Result call(Arguments... arguments) noexcept {
        if constexpr (std::is_void_v<Result>) {
            const bool succeeded = guarded<bool>(false, [&] {
                function(arguments...);
                return true;
            });
            if (!succeeded) {
                PyErr_WriteUnraisable(nullptr);  // there is nobody else to tell
            }
        } else if constexpr (std::is_pointer_v<Result>) {
            return guarded<Result>(nullptr, [&] { return function(arguments...); });
        } else {
            static_assert(std::is_signed_v<Result>, "there is no answer that means failure");
            return guarded<Result>(static_cast<Result>(-1), [&] { return function(arguments...); });
        }
    }
};

namespace method_tables {

template <typename Function>
PyCFunction as_method(Function* function) {
    return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function));
}

using OneArgument = PyObject* (*)(PyObject*, PyObject*);
using Fast = PyObject* (*)(PyObject*, PyObject* const*, Py_ssize_t);
using FastWithNames = PyObject* (*)(PyObject*, PyObject* const*, Py_ssize_t, PyObject*);

}  // namespace method_tables

/// A method or function that takes nothing.
template <method_tables::OneArgument function>
constexpr PyMethodDef method_of_nothing(const char* name, const char* words) {
    return {name, &Guarded<function>::call, METH_NOARGS, words};
}

/// One that takes a single argument by place.
template <method_tables::OneArgument function>
constexpr PyMethodDef method_of_one(const char* name, const char* words) {
    return {name, &Guarded<function>::call, METH_O, words};
}

/// One that takes arguments by place.
template <method_tables::Fast function>
PyMethodDef method_of_some(const char* name, const char* words) {
    return {name, method_tables::as_method(&Guarded<function>::call), METH_FASTCALL, words};
}

/// One that takes arguments by place and by name.
template <method_tables::FastWithNames function>
PyMethodDef method_of_names(const char* name, const char* words) {
    return {name, method_tables::as_method(&Guarded<function>::call), METH_FASTCALL | METH_KEYWORDS, words};
}

inline constexpr PyMethodDef end_of_methods{nullptr, nullptr, 0, nullptr};

/// A slot filled by a function of the core.
template <auto function>
PyType_Slot slot_of(int slot) {
    return {slot, reinterpret_cast<void*>(&Guarded<function>::call)};
}

/// A slot filled by a table or a text.
inline PyType_Slot slot_with(int slot, const void* table) {
    return {slot, const_cast<void*>(table)};
}

inline constexpr PyType_Slot end_of_slots{0, nullptr};

}  // namespace synqc
