#include "synqc/dynamics/dense_parts.h"

#include "synqc/dynamics/dense_series.h"

namespace synqc {

namespace {

std::vector<Real> padded_columns(const LinearEquation& equation, const std::vector<Real>& elements, Index padded) {
    std::vector<Real> columns(static_cast<std::size_t>(equation.dimension * padded), 0);
    for (Index row = 0; row < equation.dimension; ++row) {
        const std::int32_t end = equation.row_starts[static_cast<std::size_t>(row) + 1];
        for (std::int32_t e = equation.row_starts[static_cast<std::size_t>(row)]; e < end; ++e) {
            const Index column = equation.columns[static_cast<std::size_t>(e)];
            columns[static_cast<std::size_t>(column * padded + row)] = elements[static_cast<std::size_t>(e)];
        }
    }
    return columns;
}

}  // namespace

bool DenseParts::suit(const LinearEquation& equation) {
    return equation.dimension <= most_dense_rows;
}

DenseParts::DenseParts(const LinearEquation& equation) : padded((equation.dimension + 7) / 8 * 8) {
    parts.reserve(equation.varying.size() + 1);
    parts.push_back(padded_columns(equation, equation.constant, padded));
    for (const std::vector<Real>& elements : equation.varying) {
        parts.push_back(padded_columns(equation, elements, padded));
    }
    for (const std::vector<Real>& part : parts) {
        pointers.push_back(part.data());
    }
}

}  // namespace synqc
