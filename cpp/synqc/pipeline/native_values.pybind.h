#pragma once

#include <pybind11/pybind11.h>

#include "synqc/pipeline/native_function.h"

namespace synqc::pipeline {

/// Lends the token's item to native functions. False, with no Python error set, if it is not what `kind` takes.
bool lend_to_native(Token& token, NativeFunction::Kind kind);

/// What native functions made of it, as a new reference; the loan ends.
PyObject* take_from_native(Token& token, NativeFunction::Kind kind);

/// The loan ends without an answer.
void end_loan(Token& token);

/// What `kind` takes, in words.
const char* words_for(NativeFunction::Kind kind);

}  // namespace synqc::pipeline
