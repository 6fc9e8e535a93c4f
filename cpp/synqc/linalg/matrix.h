#pragma once

#include <Eigen/Dense>

#include "synqc/base/numbers.h"

/// Matrices as NumPy lays them out: row-major, so that arrays cross into Python without a copy.
namespace synqc {

using Matrix = Eigen::Matrix<Complex, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Vector = Eigen::Matrix<Complex, Eigen::Dynamic, 1>;
using RealMatrix = Eigen::Matrix<Real, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using RealVector = Eigen::Matrix<Real, Eigen::Dynamic, 1>;

}  // namespace synqc
