#include "synqc/cache/disk_hash.h"

#include <array>
#include <bit>
#include <cassert>
#include <cstring>

namespace synqc {

namespace {

constexpr std::uint64_t odd_a = 0x9e3779b97f4a7c15;  // 2^64 / golden ratio
constexpr std::uint64_t odd_b = 0xd6e8feb86659fd93;
constexpr std::array<std::uint64_t, 4> odd = {odd_a, odd_b, 0xa0761d6478bd642f, 0xe7037ed1a0b428db};

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

std::uint64_t page_hash(std::string_view bytes, std::uint64_t number) {
    assert(bytes.size() % 8 == 0);
    // Four sums side by side, because a product waits for the one before it.
    std::array<std::uint64_t, 4> sums;
    for (std::size_t k = 0; k < sums.size(); ++k) {
        sums[k] = odd[k] ^ number;
    }
    const char* place = bytes.data();
    const char* const end = place + bytes.size();
    for (; end - place >= 64; place += 64) {
        for (std::size_t k = 0; k < sums.size(); ++k) {
            sums[k] += folded_product(word_at(place + 16 * k) ^ sums[k], word_at(place + 16 * k + 8) ^ odd[k]);
        }
    }
    for (; place < end; place += 8) {
        sums[0] += folded_product(word_at(place) ^ sums[0], odd_b);
    }
    std::uint64_t hash = bytes.size();
    for (std::size_t k = 0; k < sums.size(); ++k) {
        hash = folded_product(hash ^ sums[k], odd[k]) + std::rotl(sums[k], 17);
    }
    return hash;
}

}  // namespace synqc
