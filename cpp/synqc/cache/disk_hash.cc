#include "synqc/cache/disk_hash.h"

#include <bit>
#include <cstring>

namespace synqc {

namespace {

constexpr std::uint64_t odd_a = 0x9e3779b97f4a7c15;  // 2^64 / golden ratio
constexpr std::uint64_t odd_b = 0xd6e8feb86659fd93;

std::uint64_t word_at(const char* place) {
    std::uint64_t word;
    std::memcpy(&word, place, sizeof word);
    if constexpr (std::endian::native == std::endian::big) {
        word = __builtin_bswap64(word);
    }
    return word;
}

/// Both halves of the 128-bit product, folded: every bit of both factors reaches every part of it.
std::uint64_t folded_product(std::uint64_t a, std::uint64_t b) {
    const auto product = static_cast<unsigned __int128>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

std::uint64_t last_word(std::string_view rest) {
    char padded[8] = {};
    std::memcpy(padded, rest.data(), rest.size());
    return word_at(padded);
}

}  // namespace

std::uint64_t disk_hash(std::string_view bytes, std::uint64_t seed) {
    std::uint64_t a = seed ^ odd_a;
    std::uint64_t b = bytes.size() ^ odd_b;
    // A factor of zero would forget the other one, so the running value is added again after each product.
    while (bytes.size() >= 16) {
        a = folded_product(a ^ word_at(bytes.data()), odd_b) + a;
        b = folded_product(b ^ word_at(bytes.data() + 8), odd_a) + b;
        bytes.remove_prefix(16);
    }
    if (bytes.size() >= 8) {
        a = folded_product(a ^ word_at(bytes.data()), odd_b) + a;
        bytes.remove_prefix(8);
    }
    if (!bytes.empty()) {
        b = folded_product(b ^ last_word(bytes), odd_a) + b;
    }
    return folded_product(folded_product(a, odd_a) ^ b, odd_b) ^ (a + std::rotl(b, 32));
}

}  // namespace synqc
