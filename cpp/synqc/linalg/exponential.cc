#include "synqc/linalg/exponential.h"

#include <cmath>
#include <span>
#include <vector>

#include "synqc/base/errors.h"

namespace synqc {

namespace {

/// Coefficients of the numerator of the [m/m] approximant, lowest power first.
constexpr Real degree_3[] = {120, 60, 12, 1};
constexpr Real degree_5[] = {30240, 15120, 3360, 420, 30, 1};
constexpr Real degree_7[] = {17297280, 8648640, 1995840, 277200, 25200, 1512, 56, 1};
constexpr Real degree_9[] = {17643225600, 8821612800, 2075673600, 302702400, 30270240, 2162160, 110880, 3960, 90, 1};
constexpr Real degree_13[] = {64764752532480000,
                              32382376266240000,
                              7771770303897600,
                              1187353796428800,
                              129060195264000,
                              10559470521600,
                              670442572800,
                              33522128640,
                              1323241920,
                              40840800,
                              960960,
                              16380,
                              182,
                              1};

/// Largest 1-norm at which the approximant's backward error stays below the unit roundoff of double.
constexpr Real reach_3 = 1.495585217958292e-2;
constexpr Real reach_5 = 2.539398330063230e-1;
constexpr Real reach_7 = 9.504178996162932e-1;
constexpr Real reach_9 = 2.097847961257068;
constexpr Real reach_13 = 5.371920351148152;

template <typename M>
M quotient(const M& odd, const M& even) {
    return (even - odd).partialPivLu().solve(even + odd);
}

template <typename M>
M pade_by_squares(const M& a, std::span<const Real> coefficients) {
    const M identity = M::Identity(a.rows(), a.cols());
    const M square = a * a;
    M power = identity;
    M even = coefficients[0] * identity;
    M odd_over_a = coefficients[1] * identity;
    for (std::size_t k = 2; k + 1 < coefficients.size(); k += 2) {
        power = power * square;
        even += coefficients[k] * power;
        odd_over_a += coefficients[k + 1] * power;
    }
    return quotient<M>(a * odd_over_a, even);
}

template <typename M>
M pade_13(const M& a) {
    const auto& c = degree_13;
    const M identity = M::Identity(a.rows(), a.cols());
    const M a2 = a * a;
    const M a4 = a2 * a2;
    const M a6 = a4 * a2;
    M high = c[13] * a6 + c[11] * a4 + c[9] * a2;
    M odd_over_a = a6 * high;
    odd_over_a += c[7] * a6 + c[5] * a4 + c[3] * a2 + c[1] * identity;
    high = c[12] * a6 + c[10] * a4 + c[8] * a2;
    M even = a6 * high;
    even += c[6] * a6 + c[4] * a4 + c[2] * a2 + c[0] * identity;
    return quotient<M>(a * odd_over_a, even);
}

template <typename M>
M exponential_of(const M& a) {
    if (a.rows() != a.cols()) {
        throw ShapeMismatch("Argument `a` must be square, but has shape (" + std::to_string(a.rows()) + ", " +
                            std::to_string(a.cols()) + ").");
    }
    const Real norm = a.rows() == 0 ? 0 : a.cwiseAbs().colwise().sum().maxCoeff();
    if (!std::isfinite(norm) || !a.allFinite()) {
        throw NumericalFailure("The exponential of a matrix with an infinite or undefined element does not exist.");
    }
    if (norm == 0) {
        return M::Identity(a.rows(), a.cols());
    }
    if (norm <= reach_3) {
        return pade_by_squares<M>(a, degree_3);
    }
    if (norm <= reach_5) {
        return pade_by_squares<M>(a, degree_5);
    }
    if (norm <= reach_7) {
        return pade_by_squares<M>(a, degree_7);
    }
    if (norm <= reach_9) {
        return pade_by_squares<M>(a, degree_9);
    }
    const int squarings = norm <= reach_13 ? 0 : static_cast<int>(std::ceil(std::log2(norm / reach_13)));
    M result = pade_13<M>(a * std::ldexp(1.0, -squarings));
    for (int k = 0; k < squarings; ++k) {
        result = result * result;
    }
    return result;
}

}  // namespace

RealMatrix exponential_by_blocks(const RealMatrix& a) {
    const Index size = a.rows();
    std::vector<bool> reached(static_cast<std::size_t>(size), false);
    RealMatrix result = RealMatrix::Zero(size, size);
    std::vector<Index> members;
    for (Index first = 0; first < size; ++first) {
        if (reached[static_cast<std::size_t>(first)]) {
            continue;
        }
        members.assign(1, first);
        reached[static_cast<std::size_t>(first)] = true;
        for (std::size_t next = 0; next < members.size(); ++next) {
            for (Index other = 0; other < size; ++other) {
                const bool connected = a(members[next], other) != 0 || a(other, members[next]) != 0;
                if (connected && !reached[static_cast<std::size_t>(other)]) {
                    reached[static_cast<std::size_t>(other)] = true;
                    members.push_back(other);
                }
            }
        }
        result(members, members) = exponential(RealMatrix(a(members, members)));
    }
    return result;
}

Matrix exponential(const Matrix& a) {
    return exponential_of(a);
}
RealMatrix exponential(const RealMatrix& a) {
    return exponential_of(a);
}

}  // namespace synqc
