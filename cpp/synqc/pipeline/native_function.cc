#include "synqc/pipeline/native_function.h"

#include "synqc/base/errors.h"

namespace synqc::pipeline {

namespace {

int run_on_bytes(NativeFunction::OfBytes function, NativeValue& value) {
    std::string answer(value.text_size + 64, '\0');
    while (true) {
        std::size_t size = answer.size();
        int code = function(value.text_in, value.text_size, answer.data(), &size);
        if (code != 0) {
            return code;
        }
        bool fits = size <= answer.size();
        answer.resize(size);
        if (fits) {
            break;
        }
    }
    value.text = std::move(answer);
    value.text_in = value.text.data();
    value.text_size = value.text.size();
    return 0;
}

}  // namespace

void NativeFunction::run(Token& token) const {
    token.begin(monotonic_now());
    NativeValue& value = token.native;
    token.native_code = 0;
    switch (kind) {
        case Kind::number:
            value.number = reinterpret_cast<OfNumber>(address)(value.number);
            break;
        case Kind::array:
            reinterpret_cast<OfArray>(address)(value.array_in, value.array_out, value.array_size);
            value.array_in = value.array_out;
            break;
        case Kind::bytes:
            token.native_code = run_on_bytes(reinterpret_cast<OfBytes>(address), value);
            break;
    }
    token.end(token.native_code != 0 ? Outcome::error : Outcome::ok, monotonic_now());
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
