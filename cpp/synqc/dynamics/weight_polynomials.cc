#include "synqc/dynamics/weight_polynomials.h"

#include <algorithm>

namespace synqc {

namespace {

Index powers_of(const LinearEquation::Weight& weight, std::span<const Coefficient> coefficients) {
    const Index own = coefficients[static_cast<std::size_t>(weight.left)].powers();
    return weight.conjugated < 0 ? own : own + coefficients[static_cast<std::size_t>(weight.conjugated)].powers() - 1;
}

}  // namespace

WeightPolynomials::WeightPolynomials(const LinearEquation& equation) : equation_(equation) {
    for (const LinearEquation::Weight& weight : equation.weights) {
        stride_ = std::max(stride_, powers_of(weight, equation.coefficients) - 1);
    }
    lowest_.resize(equation.weights.size());
    higher_.resize(equation.weights.size() * static_cast<std::size_t>(stride_));
    for (const Coefficient& coefficient : equation.coefficients) {
        of_coefficients_.emplace_back(static_cast<std::size_t>(coefficient.powers()));
    }
}

void WeightPolynomials::expand(Real t, Real length, Real factor) {
    for (std::size_t k = 0; k < of_coefficients_.size(); ++k) {
        equation_.coefficients[k].expand(t, length, of_coefficients_[k]);
    }
    std::fill(higher_.begin(), higher_.end(), 0);
    for (std::size_t k = 0; k < equation_.weights.size(); ++k) {
        const LinearEquation::Weight& weight = equation_.weights[k];
        const std::vector<Complex>* powers = &of_coefficients_[static_cast<std::size_t>(weight.left)];
        if (weight.conjugated >= 0) {
            const std::vector<Complex>& other = of_coefficients_[static_cast<std::size_t>(weight.conjugated)];
            product_.assign(powers->size() + other.size() - 1, 0);
            for (std::size_t i = 0; i < powers->size(); ++i) {
                for (std::size_t j = 0; j < other.size(); ++j) {
                    product_[i + j] += (*powers)[i] * std::conj(other[j]);
                }
            }
            powers = &product_;
        }
        const auto part = [&](const Complex& power) {
            return factor * (weight.imaginary ? power.imag() : power.real());
        };
        lowest_[k] = part(powers->front());
        Real* row = higher_.data() + k * static_cast<std::size_t>(stride_);
        std::transform(powers->begin() + 1, powers->end(), row, part);
    }
}

void WeightPolynomials::shrink(Real share) {
    for (std::size_t k = 0; k < lowest_.size(); ++k) {
        Real factor = share;
        lowest_[k] *= factor;
        Real* row = higher_.data() + k * static_cast<std::size_t>(stride_);
        for (Index power = 0; power < stride_; ++power) {
            factor *= share;
            row[power] *= factor;
        }
    }
}

}  // namespace synqc
