#pragma once

#include <cmath>
#include <cstdint>
#include <string_view>

#include "synqc/random/philox.h"

/// Rendezvous hashing: whose hash with the key is highest, is chosen; who leaves or joins moves only its own keys.
namespace synqc::route {

/// A bijection of 64 bits in which every bit of the answer depends on every bit.
///
/// Source: the finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
inline std::uint64_t mixed(std::uint64_t bits) {
    bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9u;
    bits = (bits ^ (bits >> 27)) * 0x94d049bb133111ebu;
    return bits ^ (bits >> 31);
}

/// Of a name; the same in every process.
inline std::uint64_t hash_of(std::string_view name) {
    std::uint64_t hash = 0x9e3779b97f4a7c15u;
    for (const char letter : name) {
        hash = mixed(hash ^ static_cast<unsigned char>(letter)) + 0x9e3779b97f4a7c15u;
    }
    return mixed(hash);
}

inline std::uint64_t rendezvous_hash(std::uint64_t key, std::uint64_t name_hash) {
    return mixed(key ^ name_hash);
}

/// Order of those with weights: each is highest as often as its weight says.
///
/// Source: Schindelhauer and Schomaker, Weighted distributed hash tables, SPAA 2005.
inline Real rendezvous_score(std::uint64_t hash, Real weight) {
    return -weight / std::log(uniform_from_bits(hash));
}

}  // namespace synqc::route
