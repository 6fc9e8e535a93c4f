#pragma once

#include <cstdint>

namespace synqc {

constexpr int integer_text_room = 20;

/// Writes a whole number; returns the end of its text. Needs room for integer_text_room.
char* write_integer(std::uint64_t value, char* to);
char* write_integer(std::int64_t value, char* to);

}  // namespace synqc
