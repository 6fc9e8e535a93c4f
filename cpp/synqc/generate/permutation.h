#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "synqc/generate/draws.h"

namespace synqc::generate {

/// A keyed permutation of 0 .. count - 1, each place computed by itself: distinct numbers in no order, without a list.
///
/// A Feistel network of eight rounds on the least power of two that holds them, walked until it lands inside: twice on
/// average at most.
/// Source: Black, Rogaway, "Ciphers with arbitrary finite domains", CT-RSA 2002.
class Permutation {
  public:
    Permutation(const RowDraws& draws, std::uint64_t count) : count_(count) {
        const int bits = count <= 4 ? 2 : std::bit_width(count - 1);
        low_bits_ = bits / 2;
        low_mask_ = (std::uint64_t{1} << low_bits_) - 1;
        high_mask_ = (std::uint64_t{1} << (bits - low_bits_)) - 1;
        for (std::uint32_t round = 0; round < rounds_.size(); ++round) {
            rounds_[round] = draws.of(Purpose::permutation).bits(round, 0);
        }
    }

    std::uint64_t operator()(std::uint64_t place) const {
        do {
            place = walked(place);
        } while (place >= count_);
        return place;
    }

  private:
    static std::uint64_t mixed(std::uint64_t bits) {
        bits = (bits ^ (bits >> 32)) * 0xd6e8feb86659fd93u;
        bits = (bits ^ (bits >> 32)) * 0xd6e8feb86659fd93u;
        return bits ^ (bits >> 32);
    }
    std::uint64_t walked(std::uint64_t place) const {
        std::uint64_t high = place >> low_bits_;
        std::uint64_t low = place & low_mask_;
        for (std::size_t round = 0; round < rounds_.size(); round += 2) {
            high ^= mixed(low + rounds_[round]) & high_mask_;
            low ^= mixed(high + rounds_[round + 1]) & low_mask_;
        }
        return high << low_bits_ | low;
    }

    std::uint64_t count_;
    int low_bits_ = 0;
    std::uint64_t low_mask_ = 0;
    std::uint64_t high_mask_ = 0;
    std::array<std::uint64_t, 8> rounds_{};
};

}  // namespace synqc::generate
