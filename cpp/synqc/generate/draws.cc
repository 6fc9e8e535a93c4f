#include "synqc/generate/draws.h"

#include <algorithm>
#include <array>

#include "synqc/generate/draw_kernels.h"

namespace synqc::generate {

namespace {

std::uint64_t joined_key(PhiloxKey key) {
    return std::uint64_t{key[1]} << 32 | key[0];
}

/// Fowler, Noll and Vo's hash, FNV-1a of 64 bits.
std::uint64_t hash_of_name(std::string_view name) {
    std::uint64_t hash = 0xcbf29ce484222325u;
    for (const char letter : name) {
        hash = (hash ^ static_cast<unsigned char>(letter)) * 0x100000001b3u;
    }
    return hash;
}

/// Calls fill(first block, blocks, place) for whole blocks, and for a block that is only wanted in part into a buffer
/// of its own.
template <typename T, typename Fill>
void fill_rows(RowIndex first, std::span<T> values, const Fill& fill) {
    std::size_t done = 0;
    while (done < values.size()) {
        const RowIndex row = first + done;
        const std::size_t offset = row % rows_per_draw;
        const std::size_t left = values.size() - done;
        if (offset == 0 && left >= rows_per_draw) {
            const std::size_t blocks = left / rows_per_draw;
            fill(row / rows_per_draw, static_cast<std::ptrdiff_t>(blocks), values.data() + done);
            done += blocks * rows_per_draw;
        } else {
            std::array<T, rows_per_draw> block;
            fill(row / rows_per_draw, 1, block.data());
            const std::size_t wanted = std::min(left, rows_per_draw - offset);
            std::copy_n(block.data() + offset, wanted, values.data() + done);
            done += wanted;
        }
    }
}

}  // namespace

PhiloxKey stream_key(Seed seed, std::string_view name) {
    const std::uint64_t hash = hash_of_name(name);
    return philox_key(joined_key(philox_key(seed, 0x67656e65)) ^ hash, static_cast<std::uint32_t>(hash >> 32));
}

std::uint64_t RowDraws::bits(std::uint32_t step, RowIndex row) const {
    const RowIndex counter = row / rows_per_draw * (rows_per_draw / 2) + row % (rows_per_draw / 2);
    const PhiloxWords words = PhiloxSource{key, static_cast<std::uint32_t>(purpose)}.words(counter, step);
    const std::size_t half = row % rows_per_draw < rows_per_draw / 2 ? 0 : 2;
    return std::uint64_t{words[half]} << 32 | words[half + 1];
}

void RowDraws::fill_bits(std::uint32_t step, RowIndex first, std::span<std::uint64_t> bits) const {
    fill_rows(first, bits, [&](std::uint64_t block, std::ptrdiff_t blocks, std::uint64_t* to) {
        draw_kernels().fill_bits(key.data(), static_cast<std::uint32_t>(purpose), step, block, blocks, to);
    });
}

void RowDraws::fill_uniforms(std::uint32_t step, RowIndex first, std::span<Real> values) const {
    fill_rows(first, values, [&](std::uint64_t block, std::ptrdiff_t blocks, Real* to) {
        draw_kernels().fill_uniforms(key.data(), static_cast<std::uint32_t>(purpose), step, block, blocks, to);
    });
}

void RowDraws::fill_normals(std::uint32_t step, RowIndex first, std::span<Real> values) const {
    fill_rows(first, values, [&](std::uint64_t block, std::ptrdiff_t blocks, Real* to) {
        draw_kernels().fill_normals(key.data(), static_cast<std::uint32_t>(purpose), step, block, blocks, to);
    });
}

void RowDraws::fill_gammas(Real shape, RowIndex first, std::span<Real> values) const {
    const auto channel = static_cast<std::uint32_t>(purpose);
    // Of a shape below 1: of shape + 1, times a power of a uniform (their section 6), whose step no try has.
    constexpr std::uint32_t step_of_power = 0xffffffff;
    fill_rows(first, values, [&](std::uint64_t block, std::ptrdiff_t blocks, Real* to) {
        if (shape >= 1) {
            draw_kernels().fill_gammas(key.data(), channel, shape, block, blocks, to);
            return;
        }
        draw_kernels().fill_gammas(key.data(), channel, shape + 1, block, blocks, to);
        std::array<Real, 64 * rows_per_draw> uniforms;
        for (std::ptrdiff_t done = 0; done < blocks; done += 64) {
            const std::ptrdiff_t now = std::min<std::ptrdiff_t>(64, blocks - done);
            draw_kernels().fill_uniforms(key.data(), channel, step_of_power, block + static_cast<std::uint64_t>(done),
                                         now, uniforms.data());
            draw_kernels().lower_shape(shape, uniforms.data(), now * static_cast<std::ptrdiff_t>(rows_per_draw),
                                       to + done * static_cast<std::ptrdiff_t>(rows_per_draw));
        }
    });
}

void RowDraws::fill_von_mises_cosines(Real concentration, RowIndex first, std::span<Real> values) const {
    fill_rows(first, values, [&](std::uint64_t block, std::ptrdiff_t blocks, Real* to) {
        draw_kernels().fill_von_mises_cosines(key.data(), static_cast<std::uint32_t>(purpose), concentration, block,
                                              blocks, to);
    });
}

RowDraws RowDraws::of_try(std::uint32_t number) const {
    return number == 0 ? *this : RowDraws{philox_key(joined_key(key), number), purpose};
}

}  // namespace synqc::generate
