#pragma once

#include <Python.h>

#include <string>

/// Going on where Python raised. Only an Exception may be passed over: KeyboardInterrupt and SystemExit are meant for
/// the program.
namespace synqc {

/// Clears the Python error if it is an Exception, and throws it if it is anything else.
void pass_over_exception();

/// The same for an exception that says what an object is not, which the end of memory does not: throws MemoryError too.
void pass_over_refusal();

/// What repr() says, or `otherwise` if it raises an Exception.
std::string repr_or(PyObject* object, const std::string& otherwise);

}  // namespace synqc
