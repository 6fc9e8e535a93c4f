#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace synqc {

using Sha256Digest = std::array<unsigned char, 32>;

/// SHA-256 of `bytes`, by OpenSSL.
Sha256Digest sha256(std::string_view bytes);

/// The digest in 64 lower-case hexadecimal digits.
std::string hex_of(const Sha256Digest& digest);

}  // namespace synqc
