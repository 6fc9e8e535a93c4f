#include "synqc/pipeline/native_function.h"

#include "synqc/base/errors.h"

namespace synqc::pipeline {

namespace {

/// `room` is what the answer needs while memory for it is asked for, and 0 afterwards.
int run_on_bytes(NativeFunction::OfBytes function, NativeValue& value, std::size_t& room) {
    room = value.text_size + 64;
    std::string answer(room, '\0');
    while (true) {
        room = 0;
        std::size_t size = answer.size();
        int code = function(value.text_in, value.text_size, answer.data(), &size);
        if (code != 0) {
            return code;
        }
        const bool fits = size <= answer.size();
        room = size;
        answer.resize(size);
        if (fits) {
            break;
        }
    }
    room = 0;
    value.text = std::move(answer);
    value.text_in = value.text.data();
    value.text_size = value.text.size();
    return 0;
}

}  // namespace

void NativeFunction::run(Token& token) const noexcept {
    token.begin(monotonic_now());
    token.native_code = 0;
    token.native_room = 0;
    token.native_threw = false;
    try {
        call(token);
    } catch (...) {
        token.native_threw = token.native_room == 0;
    }
    const bool failed = token.native_code != 0 || token.native_room != 0 || token.native_threw;
    token.end(failed ? Outcome::error : Outcome::ok, monotonic_now());
}

void NativeFunction::call(Token& token) const {
    NativeValue& value = token.native;
    switch (kind) {
        case Kind::number:
            value.number = reinterpret_cast<OfNumber>(address)(value.number);
            break;
        case Kind::array:
            reinterpret_cast<OfArray>(address)(value.array_in, value.array_out, value.array_size);
            value.array_in = value.array_out;
            break;
        case Kind::bytes:
            token.native_code = run_on_bytes(reinterpret_cast<OfBytes>(address), value, token.native_room);
            break;
    }
}

NativeFunction::Kind native_kind(const std::string& name) {
    if (name == "number") {
        return NativeFunction::Kind::number;
    }
    if (name == "array") {
        return NativeFunction::Kind::array;
    }
    if (name == "bytes") {
        return NativeFunction::Kind::bytes;
    }
    throw InvalidArgument("Argument `kind` must be \"number\", \"array\" or \"bytes\", but is \"" + name + "\".");
}

void run_in_turn(const std::vector<NativeFunction>& functions, std::uint32_t first_stage,
                 const std::vector<Token*>& tokens, const std::atomic<bool>& stop) {
    for (Token* token : tokens) {
        for (std::size_t k = token->stage - first_stage; k < functions.size(); ++k) {
            if (stop.load(std::memory_order_relaxed)) {
                token->outcome = Outcome::cancelled;
                break;
            }
            functions[k].run(*token);
            if (token->outcome != Outcome::ok) {
                break;
            }
            token->move_on();
        }
    }
}

}  // namespace synqc::pipeline
