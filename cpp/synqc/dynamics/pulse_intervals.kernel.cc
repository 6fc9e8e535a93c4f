#include <cassert>

#include "synqc/base/lanes.h"
#include "synqc/dynamics/pulse_kernels.h"

namespace synqc::SYNQC_SIMD_LEVEL {

namespace {

constexpr Index width = lane_count;

/// coherence_position of linalg, repeated because kernel files may not use inline functions of other headers.
constexpr int pair_position(int d, int i, int j) {
    return d + 2 * (i * d - i * (i + 1) / 2 + (j - i - 1));
}

/// One complex d x d matrix per lane.
template <int d>
struct Square {
    Lanes real[d][d];
    Lanes imaginary[d][d];
};

template <int d>
SYNQC_LANE_FUNCTION Square<d> product(const Square<d>& a, const Square<d>& b) {
    Square<d> out;
#pragma GCC unroll 5
    for (int i = 0; i < d; ++i) {
#pragma GCC unroll 5
        for (int j = 0; j < d; ++j) {
            Lanes real{};
            Lanes imaginary{};
#pragma GCC unroll 5
            for (int k = 0; k < d; ++k) {
                real += a.real[i][k] * b.real[k][j] - a.imaginary[i][k] * b.imaginary[k][j];
                imaginary += a.real[i][k] * b.imaginary[k][j] + a.imaginary[i][k] * b.real[k][j];
            }
            out.real[i][j] = real;
            out.imaginary[i][j] = imaginary;
        }
    }
    return out;
}

/// AB - BA of anti-Hermitian matrices, which is AB - (AB)^dag.
template <int d>
SYNQC_LANE_FUNCTION Square<d> commutator(const Square<d>& a, const Square<d>& b) {
    const Square<d> ab = product<d>(a, b);
    Square<d> out;
    for (int i = 0; i < d; ++i) {
        for (int j = 0; j < d; ++j) {
            out.real[i][j] = ab.real[i][j] - ab.real[j][i];
            out.imaginary[i][j] = ab.imaginary[i][j] + ab.imaginary[j][i];
        }
    }
    return out;
}

/// a x + b y, and so on, element by element.
template <int d>
SYNQC_LANE_FUNCTION Square<d> sum(double a, const Square<d>& x, double b, const Square<d>& y) {
    Square<d> out;
    for (int i = 0; i < d; ++i) {
        for (int j = 0; j < d; ++j) {
            out.real[i][j] = a * x.real[i][j] + b * y.real[i][j];
            out.imaginary[i][j] = a * x.imaginary[i][j] + b * y.imaginary[i][j];
        }
    }
    return out;
}

/// h times -i (E + R b^dag + R* b + delta b^dag b).
template <int d>
SYNQC_LANE_FUNCTION Square<d> scaled_generator(const PulseIntervalsInMemory& intervals, Lanes scale, Lanes energy_share,
                                               Lanes raising_real, Lanes raising_imaginary, Lanes detuning) {
    Square<d> out;
    for (int k = 0; k < d; ++k) {
        out.real[k][k] = Lanes{};
        out.imaginary[k][k] = -scale * (energy_share * intervals.energies[k] + detuning * double(k));
        for (int l = k + 1; l < d; ++l) {
            const double element = intervals.lowering[k * d + l];
            const Lanes real = scale * raising_imaginary * element;
            const Lanes imaginary = -scale * raising_real * element;
            out.real[k][l] = -real;
            out.real[l][k] = real;
            out.imaginary[k][l] = imaginary;
            out.imaginary[l][k] = imaginary;
        }
    }
    return out;
}

/// Exponent of the sixth-order Magnus step (Blanes, Casas and Ros, BIT 40, 434 (2000)).
template <int d>
SYNQC_LANE_FUNCTION Square<d> magnus_exponent(const PulseIntervalsInMemory& intervals, Index position) {
    const Index count = intervals.count;
    const Lanes h = load(&intervals.durations[position]);
    auto at = [&](const Real* samples, int point) { return load(&samples[point * count + position]); };
    Lanes real[3];
    Lanes imaginary[3];
    Lanes detuning[3];
    for (int point = 0; point < 3; ++point) {
        real[point] = at(intervals.raising_real, point);
        imaginary[point] = at(intervals.raising_imaginary, point);
        detuning[point] = at(intervals.detunings, point);
    }
    constexpr double slope = 1.2909944487358056284;  // sqrt(15) / 3
    constexpr double bend = 10.0 / 3;
    const Square<d> a1 = scaled_generator<d>(intervals, h, all_lanes(1), real[1], imaginary[1], detuning[1]);
    const Square<d> a2 = scaled_generator<d>(intervals, h * slope, Lanes{}, real[2] - real[0],
                                             imaginary[2] - imaginary[0], detuning[2] - detuning[0]);
    const Square<d> a3 = scaled_generator<d>(intervals, h * bend, Lanes{}, real[2] - 2 * real[1] + real[0],
                                             imaginary[2] - 2 * imaginary[1] + imaginary[0],
                                             detuning[2] - 2 * detuning[1] + detuning[0]);
    const Square<d> c1 = commutator<d>(a1, a2);
    const Square<d> c2 = commutator<d>(a1, sum<d>(2, a3, 1, c1));
    const Square<d> left = sum<d>(1, sum<d>(-20, a1, -1, a3), 1, c1);
    const Square<d> right = sum<d>(1, a2, -1.0 / 60, c2);
    return sum<d>(1, sum<d>(1, a1, 1.0 / 12, a3), 1.0 / 240, commutator<d>(left, right));
}

template <int d>
SYNQC_LANE_FUNCTION Square<d> exponential(const Square<d>& exponent, int order) {
    Square<d> sum_of_terms{};
    for (int k = 0; k < d; ++k) {
        sum_of_terms.real[k][k] = all_lanes(1);
    }
    for (int term = order; term >= 1; --term) {
        sum_of_terms = product<d>(exponent, sum_of_terms);
        const double share = 1.0 / term;
        for (int i = 0; i < d; ++i) {
            for (int j = 0; j < d; ++j) {
                sum_of_terms.real[i][j] *= share;
                sum_of_terms.imaginary[i][j] *= share;
            }
            sum_of_terms.real[i][i] += 1;
        }
    }
    return sum_of_terms;
}

/// rho -> U rho U^dag on hermitian_coordinates, map[column][row].
template <int d>
SYNQC_LANE_FUNCTION void write_conjugation(const Square<d>& u, Lanes (*map)[d * d]) {
    auto turned = [&](int a, int i, int b, int j, Lanes& real, Lanes& imaginary) {
        real = u.real[a][i] * u.real[b][j] + u.imaginary[a][i] * u.imaginary[b][j];
        imaginary = u.imaginary[a][i] * u.real[b][j] - u.real[a][i] * u.imaginary[b][j];
    };
    for (int a = 0; a < d; ++a) {
        for (int b = a; b < d; ++b) {
            const int row = a == b ? a : (pair_position(d, a, b));
            for (int i = 0; i < d; ++i) {
                for (int j = i; j < d; ++j) {
                    Lanes real;
                    Lanes imaginary;
                    turned(a, i, b, j, real, imaginary);
                    if (i == j) {
                        map[i][row] = real;
                        if (a != b) {
                            map[i][row + 1] = imaginary;
                        }
                        continue;
                    }
                    Lanes real_back;
                    Lanes imaginary_back;
                    turned(a, j, b, i, real_back, imaginary_back);
                    const int column = (pair_position(d, i, j));
                    map[column][row] = real + real_back;
                    map[column + 1][row] = imaginary_back - imaginary;
                    if (a != b) {
                        map[column][row + 1] = imaginary + imaginary_back;
                        map[column + 1][row + 1] = real - real_back;
                    }
                }
            }
        }
    }
}

/// Rows [first, first + count) of map * column; as many sums at once as hide the time of an addition.
template <int d, int first, int count>
SYNQC_LANE_FUNCTION void multiply_rows(const Lanes (*map)[d * d], const Lanes* column, Lanes* image) {
    Lanes sums[count] = {};
    for (int k = 0; k < d * d; ++k) {
        const Lanes factor = column[k];
#pragma GCC unroll 16
        for (int row = 0; row < count; ++row) {
            sums[row] += map[k][first + row] * factor;
        }
    }
#pragma GCC unroll 16
    for (int row = 0; row < count; ++row) {
        image[first + row] = sums[row];
    }
}

template <int d>
SYNQC_LANE_FUNCTION void multiply(const Lanes (*map)[d * d], const Lanes* column, Lanes* image) {
    if constexpr (d <= 3) {
        multiply_rows<d, 0, d * d>(map, column, image);
    } else if constexpr (d == 4) {
        multiply_rows<d, 0, 8>(map, column, image);
        multiply_rows<d, 8, 8>(map, column, image);
    } else {
        multiply_rows<d, 0, 13>(map, column, image);
        multiply_rows<d, 13, 12>(map, column, image);
    }
}

/// Elements of exp(time * D), a polynomial in time each.
SYNQC_LANE_FUNCTION void write_dissipation(const PulseIntervalsInMemory& intervals, int elements, Lanes time,
                                           Lanes* dissipation) {
    for (int e = 0; e < elements; ++e) {
        const double* coefficient = intervals.coefficients + intervals.dissipation_order * elements + e;
        Lanes value = all_lanes(*coefficient);
        for (int order = intervals.dissipation_order; order > 0; --order) {
            coefficient -= elements;
            value = value * time + *coefficient;
        }
        dissipation[e] = value;
    }
}

template <int d>
void compile_sections(const PulseIntervalsInMemory& intervals, Index first_section, Lanes (*total)[d * d]) {
    constexpr int size = d * d;
    for (int column = 0; column < size; ++column) {
        for (int row = 0; row < size; ++row) {
            total[column][row] = all_lanes(row == column ? 1 : 0);
        }
    }
    Lanes map[size][size];
    Lanes dissipation[size * size];
    const int elements = intervals.row_starts[size];
    for (Index number = 0; number < intervals.count / pulse_sections; ++number) {
        const Index position = number * pulse_sections + first_section;
        const Square<d> exponent = magnus_exponent<d>(intervals, position);
        write_conjugation<d>(exponential<d>(exponent, intervals.exponential_order), map);
        write_dissipation(intervals, elements, load(&intervals.dissipation_times[position]), dissipation);
        for (int column = 0; column < size; ++column) {
            Lanes image[size];
            multiply<d>(map, total[column], image);
            for (int row = 0; row < size; ++row) {
                Lanes sum_of_row{};
                for (int e = intervals.row_starts[row]; e < intervals.row_starts[row + 1]; ++e) {
                    sum_of_row += dissipation[e] * image[intervals.columns[e]];
                }
                total[column][row] = sum_of_row;
            }
        }
    }
}

template <int d>
void compile_levels(const PulseIntervalsInMemory& intervals, Real* map) {
    constexpr int size = d * d;
    Real product_of_sections[size][size];
    Real longer[size][size];
    for (int row = 0; row < size; ++row) {
        for (int column = 0; column < size; ++column) {
            product_of_sections[row][column] = row == column ? 1 : 0;
        }
    }
    Lanes columns[size][size];
    for (Index first = 0; first < pulse_sections; first += width) {
        compile_sections<d>(intervals, first, columns);
        for (Index lane = 0; lane < width; ++lane) {
            for (int row = 0; row < size; ++row) {
                for (int column = 0; column < size; ++column) {
                    longer[row][column] = 0;
                }
                for (int k = 0; k < size; ++k) {
                    const Real factor = columns[k][row][lane];
                    for (int column = 0; column < size; ++column) {
                        longer[row][column] += factor * product_of_sections[k][column];
                    }
                }
            }
            __builtin_memcpy(product_of_sections, longer, sizeof longer);
        }
    }
    __builtin_memcpy(map, product_of_sections, sizeof product_of_sections);
}

void compile(const PulseIntervalsInMemory& intervals, Real* map) {
    assert(intervals.count % pulse_sections == 0);
    switch (intervals.levels) {
        case 2:
            return compile_levels<2>(intervals, map);
        case 3:
            return compile_levels<3>(intervals, map);
        case 4:
            return compile_levels<4>(intervals, map);
        case 5:
            return compile_levels<5>(intervals, map);
        default:
            assert(false && "the caller sees to 2 to 5 levels");
    }
}

}  // namespace

extern const PulseKernels pulse_kernels;
const PulseKernels pulse_kernels = {&compile};

}  // namespace synqc::SYNQC_SIMD_LEVEL
