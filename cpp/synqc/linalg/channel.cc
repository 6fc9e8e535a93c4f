#include "synqc/linalg/channel.h"

#include <cmath>

#include "synqc/base/errors.h"
#include "synqc/linalg/hermitian_coordinates.h"
#include "synqc/linalg/spectrum.h"
#include "synqc/linalg/superoperators.h"

namespace synqc {

namespace {

void check_square(const char* name, const Matrix& matrix) {
    if (matrix.rows() != matrix.cols() || matrix.rows() == 0) {
        throw ShapeMismatch("Argument `" + std::string(name) + "` must be square, but has shape (" +
                            std::to_string(matrix.rows()) + ", " + std::to_string(matrix.cols()) + ").");
    }
}

}  // namespace

Channel Channel::identity(Index levels) {
    return {levels, RealMatrix::Identity(levels * levels, levels * levels)};
}

Channel Channel::from_superoperator(const Matrix& superoperator) {
    check_square("superoperator", superoperator);
    return {levels_from_square(superoperator.rows()), in_hermitian_coordinates(superoperator)};
}

Channel Channel::from_unitary(const Matrix& unitary) {
    check_square("unitary", unitary);
    return from_superoperator(sandwich(unitary, unitary.adjoint()));
}

Channel Channel::from_kraus(const std::vector<Matrix>& operators) {
    if (operators.empty()) {
        throw InvalidArgument("Argument `operators` must have at least one Kraus operator, but is empty.");
    }
    const Index levels = operators.front().rows();
    Matrix sum = Matrix::Zero(levels * levels, levels * levels);
    for (const Matrix& kraus : operators) {
        check_square("operators", kraus);
        if (kraus.rows() != levels) {
            throw ShapeMismatch("Argument `operators` must be of one size, but has " + std::to_string(levels) +
                                " and " + std::to_string(kraus.rows()) + " levels.");
        }
        sum += sandwich(kraus, kraus.adjoint());
    }
    return from_superoperator(sum);
}

Matrix Channel::apply(const Matrix& state) const {
    if (state.rows() != levels || state.cols() != levels) {
        throw ShapeMismatch("Argument `state` must have shape (" + std::to_string(levels) + ", " +
                            std::to_string(levels) + "), but has shape (" + std::to_string(state.rows()) + ", " +
                            std::to_string(state.cols()) + ").");
    }
    return from_hermitian_coordinates(matrix * hermitian_coordinates(state));
}

Matrix Channel::superoperator() const {
    return from_map_in_hermitian_coordinates(matrix);
}

Matrix Channel::choi() const {
    const Matrix map = superoperator();
    Matrix choi(levels * levels, levels * levels);
    for (Index i = 0; i < levels; ++i) {
        for (Index j = 0; j < levels; ++j) {
            for (Index a = 0; a < levels; ++a) {
                for (Index b = 0; b < levels; ++b) {
                    choi(i * levels + a, j * levels + b) = map(a * levels + b, i * levels + j);
                }
            }
        }
    }
    return choi;
}

Channel operator*(const Channel& after, const Channel& before) {
    return {before.levels, after.matrix * before.matrix};
}

Channel with_exact_trace(Channel channel) {
    const Index levels = channel.levels;
    const Real grid = std::ldexp(1.0, -53);  // the spacing of doubles just below 1
    for (Index column = 0; column < channel.matrix.cols(); ++column) {
        auto populations = channel.matrix.col(column).head(levels);
        Index largest = 0;
        populations.cwiseAbs().maxCoeff(&largest);
        Real others = 0;
        for (Index row = 0; row < levels; ++row) {
            if (row != largest) {
                populations(row) = std::nearbyint(populations(row) / grid) * grid;
                others += populations(row);
            }
        }
        populations(largest) = (column < levels ? 1 : 0) - others;
    }
    return channel;
}

ChannelAudit audit(const Channel& channel) {
    Real trace_defect = 0;
    for (Index column = 0; column < channel.matrix.cols(); ++column) {
        const Real trace = channel.matrix.col(column).head(channel.levels).sum();
        trace_defect = std::max(trace_defect, std::abs(trace - (column < channel.levels ? 1 : 0)));
    }
    return {hermitian_eigenvalues(channel.choi()).minCoeff(), trace_defect};
}

}  // namespace synqc
