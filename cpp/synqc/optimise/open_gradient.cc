#include "synqc/optimise/open_gradient.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace synqc {

namespace {

using Operators = std::vector<Matrix>;

constexpr Real most_of_a_step = 2;  // norm of generator times step: fewest products per unit at full accuracy
constexpr Real rounding = 1e-17;

/// The generator of one sample, and how it is stepped.
struct SampleGenerator {
    Matrix without_jumps;  // -i K, 1/µs
    Real step;             // µs
    Index steps;
    Index terms;  // of Taylor's series

    SampleGenerator(const Matrix& hamiltonian, const JumpTerms& jumps, Real duration) {
        // A multiple of the identity commutes with everything: without it the norm is least.
        const Complex middle = hamiltonian.trace() / static_cast<Real>(hamiltonian.rows());
        without_jumps = Complex(0, -1) * hamiltonian - jumps.half_decay();
        without_jumps.diagonal().array() += Complex(0, 1) * middle;
        const Real norm = 2 * without_jumps.cwiseAbs().rowwise().sum().maxCoeff() + jumps.feeding_bound();
        steps = std::max<Index>(1, static_cast<Index>(std::ceil(norm * duration / most_of_a_step)));
        step = duration / static_cast<Real>(steps);
        terms = 1;
        for (Real term = norm * step; term > rounding; ++terms) {
            term *= norm * step / static_cast<Real>(terms + 1);
        }
    }
};

/// out = scale G(rho) of a Hermitian rho, or of the adjoint generator.
void apply(const SampleGenerator& generator, const JumpTerms& jumps, const Matrix& rho, Real scale, bool backwards,
           Matrix& product, Matrix& out) {
    if (backwards) {
        product.noalias() = generator.without_jumps.adjoint().lazyProduct(rho);
    } else {
        product.noalias() = generator.without_jumps.lazyProduct(rho);
    }
    out.noalias() = scale * (product + product.adjoint());
    jumps.feed(rho, scale, backwards, out);
}

/// Orthonormal Hermitian basis of s x s matrices: populations first, then the real and imaginary coherences.
std::vector<Matrix> hermitian_basis(Index size) {
    std::vector<Matrix> basis;
    for (Index i = 0; i < size; ++i) {
        basis.push_back(Matrix::Zero(size, size));
        basis.back()(i, i) = 1;
    }
    const Real half = std::sqrt(0.5);
    for (Index i = 0; i < size; ++i) {
        for (Index j = i + 1; j < size; ++j) {
            basis.push_back(Matrix::Zero(size, size));
            basis.back()(i, j) = basis.back()(j, i) = half;
            basis.push_back(Matrix::Zero(size, size));
            basis.back()(i, j) = Complex(0, -half);
            basis.back()(j, i) = Complex(0, half);
        }
    }
    return basis;
}

/// fidelity = sum_a <fidelity[a], E(start[a])>, and likewise the population that was kept.
struct OperatorGoal {
    Operators start;
    Operators fidelity;
    Operators kept;

    explicit OperatorGoal(const ControlGoal& goal) {
        const Index columns = goal.columns();
        const Real norm = 1.0 / static_cast<Real>(columns * (columns + 1));
        const Matrix target = goal.target * goal.target.adjoint();
        const Matrix inside = goal.kept * goal.kept.adjoint();
        for (const Matrix& element : hermitian_basis(columns)) {
            const Real trace = element.trace().real();
            start.push_back(goal.start * element * goal.start.adjoint());
            fidelity.push_back(norm * (goal.target * element * goal.target.adjoint() + trace * target));
            kept.push_back((trace / static_cast<Real>(columns)) * inside);
        }
    }
};

Real overlap(const Matrix& left, const Matrix& right) {
    return left.conjugate().cwiseProduct(right).sum().real();
}

/// One operator on its way through all samples, and its costate on the way back.
class OperatorPath {
  public:
    OperatorPath(const std::vector<SampleGenerator>& generators, const JumpTerms& jumps, Matrix start)
        : generators_(generators), jumps_(jumps), state_(std::move(start)) {}

    const Matrix& go_forward(bool remember) {
        for (const SampleGenerator& generator : generators_) {
            for (Index step = 0; step < generator.steps; ++step) {
                if (remember) {
                    starts_.push_back(state_);
                }
                expand(generator, state_);
                for (Index k = 1; k <= generator.terms; ++k) {
                    state_ += series_[k];
                }
            }
        }
        return state_;
    }

    /// Adds Re tr(slopes[k] dH) of each sample's dH to the goal's derivative, whose costate at the end is given.
    void go_back(Matrix costate, std::vector<Matrix>& slopes) {
        Index step = std::ssize(starts_);
        for (Index k = std::ssize(generators_) - 1; k >= 0; --k) {
            const SampleGenerator& generator = generators_[k];
            for (Index left = generator.steps; left > 0; --left) {
                expand(generator, starts_[--step]);
                back_through_series(generator, costate, slopes[k]);
            }
        }
    }

  private:
    /// series_[k] = (step G)^k state / k!
    void expand(const SampleGenerator& generator, const Matrix& state) {
        if (std::ssize(series_) <= generator.terms) {
            series_.resize(generator.terms + 1, Matrix(state.rows(), state.cols()));
        }
        series_[0] = state;
        for (Index k = 1; k <= generator.terms; ++k) {
            apply(generator, jumps_, series_[k - 1], generator.step / static_cast<Real>(k), false, product_,
                  series_[k]);
        }
    }

    void back_through_series(const SampleGenerator& generator, Matrix& costate, Matrix& slope) {
        Matrix later = costate;
        Matrix pulled(costate.rows(), costate.cols());
        for (Index k = generator.terms; k >= 1; --k) {
            const Real scale = generator.step / static_cast<Real>(k);
            // scale <later, -i [dH, series[k-1]]> = Re tr(dH (-i) scale [series[k-1], later])
            product_.noalias() = series_[k - 1].lazyProduct(later);
            slope += Complex(0, -scale) * (product_ - product_.adjoint());
            apply(generator, jumps_, later, scale, true, product_, pulled);
            later = costate + pulled;
        }
        costate = later;
    }

    const std::vector<SampleGenerator>& generators_;
    const JumpTerms& jumps_;
    Matrix state_;
    Operators starts_;
    Operators series_;
    Matrix product_;
};

}  // namespace

JumpTerms::JumpTerms(const std::vector<Matrix>& jumps, Index levels) : half_decay_(Matrix::Zero(levels, levels)) {
    for (const Matrix& jump : jumps) {
        half_decay_ += 0.5 * jump.adjoint() * jump;
        const std::vector<OperatorElement> elements = elements_of(jump);
        for (const OperatorElement& left : elements) {
            for (const OperatorElement& right : elements) {
                paths_.push_back({left.row * levels + right.row, left.column * levels + right.column,
                                  left.value * std::conj(right.value)});
            }
        }
        feeding_bound_ += jump.squaredNorm();
    }
}

void JumpTerms::feed(const Matrix& rho, Real scale, bool backwards, Matrix& out) const {
    const Complex* in = rho.data();
    Complex* sums = out.data();
    for (const Path& path : paths_) {
        if (backwards) {
            sums[path.from] += scale * std::conj(path.rate) * in[path.to];
        } else {
            sums[path.to] += scale * path.rate * in[path.from];
        }
    }
}

ControlError open_error(const SampledHamiltonian& hamiltonian, const JumpTerms& jumps, const ControlGoal& goal,
                        std::span<const Real> amplitudes, Real sample_us, std::span<Real> gradient) {
    const Index samples = std::ssize(amplitudes) / hamiltonian.controls();
    std::vector<SampleGenerator> generators;
    Matrix now;
    for (Index k = 0; k < samples; ++k) {
        hamiltonian.at(amplitudes, samples, k, now);
        generators.emplace_back(now, jumps, sample_us);
    }
    const OperatorGoal operators(goal);
    std::vector<Matrix> slopes(samples, Matrix::Zero(goal.start.rows(), goal.start.rows()));
    Real fidelity = 0;
    Real kept = 0;
    for (std::size_t a = 0; a < operators.start.size(); ++a) {
        OperatorPath path(generators, jumps, operators.start[a]);
        const Matrix& end = path.go_forward(!gradient.empty());
        fidelity += overlap(operators.fidelity[a], end);
        kept += overlap(operators.kept[a], end);
        if (!gradient.empty()) {
            path.go_back(-operators.fidelity[a] - goal.leakage_weight * operators.kept[a], slopes);
        }
    }
    if (!gradient.empty()) {
        for (Index k = 0; k < samples; ++k) {
            // Re tr(slope dH) = Re sum_pq dH_pq slope_qp
            hamiltonian.pull_back(slopes[k].transpose(), samples, k, gradient);
        }
    }
    return {1 - fidelity, 1 - kept};
}

}  // namespace synqc
