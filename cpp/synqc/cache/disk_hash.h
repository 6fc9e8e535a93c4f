#pragma once

#include <cstdint>
#include <string_view>

namespace synqc {

/// 64 bits in which every byte of `bytes`, their number and `seed` count. Finds damaged values and spreads keys; not
/// for what an enemy chooses. Same on every machine: it is stored in files.
std::uint64_t disk_hash(std::string_view bytes, std::uint64_t seed);

/// The same for a page of a file and where it lies; several times as fast, for lengths that are multiples of 8 bytes.
std::uint64_t page_hash(std::string_view bytes, std::uint64_t number);

}  // namespace synqc
