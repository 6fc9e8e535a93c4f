#include "synqc/dynamics/lindblad.h"

#include <algorithm>
#include <cmath>

#include "synqc/linalg/hermitian_coordinates.h"

namespace synqc {

namespace {

void add_varying(LinearEquation::Weight weight, GeneratorPart part, GeneratorParts& parts) {
    parts.weights.push_back(weight);
    parts.varying.push_back(std::move(part));
}

/// Adds -i times the Hermitian parts of the Hamiltonian's terms; f H splits into Re f (H + H^dag)/2 + Im f i(H -
/// H^dag)/2.
void add_hamiltonian(const VaryingOperator& hamiltonian, GeneratorParts& parts) {
    const Complex minus_i(0, -1);
    for (const auto& term : hamiltonian.terms) {
        const Matrix& h = term.operator_matrix;
        if (term.coefficient < 0) {
            parts.constant.drift += minus_i * 0.5 * (h + h.adjoint());
            continue;
        }
        add_varying({term.coefficient, -1, false}, {minus_i * 0.5 * (h + h.adjoint()), {}}, parts);
        const Matrix skew = 0.5 * (h - h.adjoint());
        if (!skew.isZero(0)) {
            add_varying({term.coefficient, -1, true}, {skew, {}}, parts);
        }
    }
}

/// The bilinear form p D[A, B] + p* D[B, A] for a complex p: the part with weight Re p (turn 1) or Im p (turn i).
GeneratorPart cross_dissipator(const Matrix& a, const Matrix& b, Complex turn) {
    const Matrix decay = turn * (b.adjoint() * a);
    return {-0.5 * (decay + decay.adjoint()), {{turn * a, b, 1.0}}};
}

void add_to(GeneratorPart& sum, const GeneratorPart& part) {
    sum.drift += part.drift;
    sum.sandwiches.insert(sum.sandwiches.end(), part.sandwiches.begin(), part.sandwiches.end());
}

void add_jump(const VaryingOperator& jump, GeneratorParts& parts) {
    for (std::size_t k = 0; k < jump.terms.size(); ++k) {
        const auto& one = jump.terms[k];
        const GeneratorPart own{-0.5 * (one.operator_matrix.adjoint() * one.operator_matrix),
                                {{one.operator_matrix, one.operator_matrix, 0.5}}};
        if (one.coefficient < 0) {
            add_to(parts.constant, own);
        } else {
            add_varying({one.coefficient, one.coefficient, false}, own, parts);
        }
        for (std::size_t l = k + 1; l < jump.terms.size(); ++l) {
            const auto& other = jump.terms[l];
            const GeneratorPart in_phase = cross_dissipator(one.operator_matrix, other.operator_matrix, 1);
            const GeneratorPart in_quadrature =
                cross_dissipator(one.operator_matrix, other.operator_matrix, Complex(0, 1));
            if (one.coefficient < 0 && other.coefficient < 0) {
                add_to(parts.constant, in_phase);
            } else if (one.coefficient < 0) {
                // The product is the conjugate of the other's coefficient.
                add_varying({other.coefficient, -1, false}, in_phase, parts);
                GeneratorPart reversed = in_quadrature;
                reversed.drift = -reversed.drift;
                reversed.sandwiches.front().factor = -1;
                add_varying({other.coefficient, -1, true}, reversed, parts);
            } else {
                add_varying({one.coefficient, other.coefficient, false}, in_phase, parts);
                add_varying({one.coefficient, other.coefficient, true}, in_quadrature, parts);
            }
        }
    }
}

GeneratorParts hamiltonian_parts(const OpenSystem& system) {
    GeneratorParts parts;
    parts.constant.drift = Matrix::Zero(system.levels, system.levels);
    add_hamiltonian(system.hamiltonian, parts);
    return parts;
}

/// Image of the Hermitian matrix phase |i><j| + conj(phase) |j><i| (of |i><i| if i = j), added to `image`.
void add_image(const GeneratorPart& part, Index i, Index j, Complex phase, Matrix& image) {
    auto add_one = [&](Index row, Index column, Complex amplitude) {
        image.col(column) += amplitude * part.drift.col(row);
        image.row(row) += amplitude * part.drift.col(column).adjoint();
        for (const auto& [left, right, factor] : part.sandwiches) {
            const Complex scaled = factor * amplitude;
            for (Index a = 0; a < image.rows(); ++a) {
                const Complex from_left = scaled * left(a, row);
                const Complex from_right = scaled * right(a, row);
                if (from_left == 0.0 && from_right == 0.0) {
                    continue;
                }
                for (Index b = 0; b < image.cols(); ++b) {
                    image(a, b) += from_left * std::conj(right(b, column)) + from_right * std::conj(left(b, column));
                }
            }
        }
    };
    add_one(i, j, phase);
    if (i != j) {
        add_one(j, i, std::conj(phase));
    }
}

/// Compressed rows of several matrices on their common pattern, filled column by column.
class RowAssembly {
  public:
    RowAssembly(Index dimension, std::size_t count) : dimension_(dimension), values_(count) {}

    /// columns: (dimension, count), column number `column` of every matrix.
    void add_column(Index column, const RealMatrix& columns_of_all) {
        for (Index row = 0; row < dimension_; ++row) {
            if (columns_of_all.row(row).isZero(0)) {
                continue;
            }
            rows_.push_back(static_cast<std::int32_t>(row));
            columns_.push_back(static_cast<std::int32_t>(column));
            for (std::size_t k = 0; k < values_.size(); ++k) {
                values_[k].push_back(columns_of_all(row, static_cast<Index>(k)));
            }
        }
    }

    /// Counting sort by rows; the columns within a row stay in order.
    LinearEquation finish() && {
        LinearEquation equation;
        equation.dimension = dimension_;
        equation.row_starts.assign(static_cast<std::size_t>(dimension_) + 1, 0);
        for (std::int32_t row : rows_) {
            ++equation.row_starts[static_cast<std::size_t>(row) + 1];
        }
        for (std::size_t row = 0; row < static_cast<std::size_t>(dimension_); ++row) {
            equation.row_starts[row + 1] += equation.row_starts[row];
        }
        std::vector<std::int32_t> next(equation.row_starts.begin(), equation.row_starts.end() - 1);
        std::vector<std::size_t> place(rows_.size());
        equation.columns.resize(rows_.size());
        for (std::size_t e = 0; e < rows_.size(); ++e) {
            place[e] = static_cast<std::size_t>(next[static_cast<std::size_t>(rows_[e])]++);
            equation.columns[place[e]] = columns_[e];
        }
        for (std::size_t k = 0; k < values_.size(); ++k) {
            std::vector<Real> sorted(rows_.size());
            for (std::size_t e = 0; e < rows_.size(); ++e) {
                sorted[place[e]] = values_[k][e];
            }
            if (k == 0) {
                equation.constant = std::move(sorted);
            } else {
                equation.varying.push_back(std::move(sorted));
            }
        }
        return equation;
    }

  private:
    Index dimension_;
    std::vector<std::int32_t> rows_;
    std::vector<std::int32_t> columns_;
    std::vector<std::vector<Real>> values_;
};

LinearEquation with_weights(LinearEquation equation, const GeneratorParts& parts, const OpenSystem& system) {
    equation.weights = parts.weights;
    if (!parts.varying.empty()) {
        equation.coefficients = system.coefficients;
    }
    return equation;
}

}  // namespace

bool VaryingOperator::is_constant() const {
    return std::all_of(terms.begin(), terms.end(), [](const Term& term) { return term.coefficient < 0; });
}

Matrix VaryingOperator::at(Real t, Index levels, std::span<const Coefficient> coefficients) const {
    Matrix sum = Matrix::Zero(levels, levels);
    for (const Term& term : terms) {
        const Complex factor =
            term.coefficient < 0 ? 1 : coefficients[static_cast<std::size_t>(term.coefficient)].at(t);
        sum += factor * term.operator_matrix;
    }
    return sum;
}

GeneratorParts generator_parts(const OpenSystem& system) {
    GeneratorParts parts = hamiltonian_parts(system);
    for (const VaryingOperator& jump : system.jumps) {
        add_jump(jump, parts);
    }
    return parts;
}

LinearEquation lindblad_equation(const OpenSystem& system) {
    const Index n = system.levels;
    const GeneratorParts parts = generator_parts(system);
    const Index count = static_cast<Index>(parts.varying.size()) + 1;
    RowAssembly assembly(n * n, static_cast<std::size_t>(count));
    RealMatrix columns(n * n, count);
    Matrix image(n, n);
    auto add_column = [&](Index position, Index i, Index j, Complex phase) {
        for (Index k = 0; k < count; ++k) {
            image.setZero();
            add_image(k == 0 ? parts.constant : parts.varying[static_cast<std::size_t>(k) - 1], i, j, phase, image);
            columns.col(k) = hermitian_coordinates(image);
        }
        assembly.add_column(position, columns);
    };
    for (Index i = 0; i < n; ++i) {
        add_column(i, i, i, 1);
    }
    for (Index i = 0; i < n; ++i) {
        for (Index j = i + 1; j < n; ++j) {
            add_column(coherence_position(n, i, j), i, j, 1);
            add_column(coherence_position(n, i, j) + 1, i, j, Complex(0, 1));
        }
    }
    return with_weights(std::move(assembly).finish(), parts, system);
}

LinearEquation schrodinger_equation(const OpenSystem& system) {
    const Index n = system.levels;
    const GeneratorParts parts = hamiltonian_parts(system);
    const Index count = static_cast<Index>(parts.varying.size()) + 1;
    RowAssembly assembly(2 * n, static_cast<std::size_t>(count));
    RealMatrix columns(2 * n, count);
    for (Index column = 0; column < 2 * n; ++column) {
        const bool imaginary = column >= n;
        for (Index k = 0; k < count; ++k) {
            const GeneratorPart& part = k == 0 ? parts.constant : parts.varying[static_cast<std::size_t>(k) - 1];
            const Vector image =
                part.drift.col(imaginary ? column - n : column) * (imaginary ? Complex(0, 1) : Complex(1));
            columns.col(k).head(n) = image.real();
            columns.col(k).tail(n) = image.imag();
        }
        assembly.add_column(column, columns);
    }
    return with_weights(std::move(assembly).finish(), parts, system);
}

}  // namespace synqc
