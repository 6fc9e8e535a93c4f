#pragma once

#include <atomic>
#include <cstddef>
#include <string>
#include <vector>

#include "synqc/pipeline/token.h"

namespace synqc::pipeline {

/// A function with C linkage, called by as many threads at once as its stage allows; it must not throw.
struct NativeFunction {
    enum class Kind { number, array, bytes };

    /// One float64 to one.
    using OfNumber = double (*)(double);
    /// `size` float64 to as many; `out` may be `in`.
    using OfArray = void (*)(const double* in, double* out, std::size_t size);
    /// Bytes to bytes: 0 for success. `*out_size` is the room at `out` and becomes the size of the answer; a function
    /// that finds too little room sets it to what it needs, returns 0, and is called again.
    using OfBytes = int (*)(const char* in, std::size_t size, char* out, std::size_t* out_size);

    Kind kind = Kind::number;
    void* address = nullptr;

    /// Runs one attempt on the token's native value and sets its outcome. Throws nothing: what memory cannot hold, and
    /// what the function threw, is the token's error.
    void run(Token& token) const noexcept;

  private:
    void call(Token& token) const;
};

/// Throws InvalidArgument unless `name` is "number", "array" or "bytes".
NativeFunction::Kind native_kind(const std::string& name);

/// Takes tokens through consecutive functions, the first of which is stage `first_stage`. A token stops at the stage
/// that failed; all are cancelled from the moment `stop` is set.
void run_in_turn(const std::vector<NativeFunction>& functions, std::uint32_t first_stage,
                 const std::vector<Token*>& tokens, const std::atomic<bool>& stop);

}  // namespace synqc::pipeline
