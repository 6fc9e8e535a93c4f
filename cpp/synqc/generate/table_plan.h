#pragma once

#include <memory>
#include <string>
#include <vector>

#include "synqc/generate/columns.h"
#include "synqc/generate/generated_table.h"
#include "synqc/parallel/run_control.h"

namespace synqc::generate {

/// A table to be made: its columns, how many of their values are missing, which of them are correlated.
///
/// A column's values follow from seed, name of the table, name of the column and row: adding a column, or asking for
/// other rows, changes no other value.
class TablePlan {
  public:
    TablePlan(std::string name, Seed seed) : name_(std::move(name)), seed_(seed) {}

    /// `missing_share`: how likely a value is missing. Throws InvalidArgument for a name that is there already.
    void add(std::string name, AnyColumn column, Real missing_share);

    /// Makes the named columns follow normals with these correlations, a symmetric matrix row by row (Gaussian copula).
    /// Throws InvalidArgument unless it is positive definite with ones on its diagonal, and every column can follow
    /// normals and is in one group alone.
    void correlate(const std::vector<std::string>& names, const std::vector<Real>& correlations);

    /// How many columns there are.
    std::size_t size() const { return planned_.size(); }
    /// Place of a column. Throws UnknownName.
    std::size_t place_of(const std::string& name) const;
    const AnyColumn& column(std::size_t place) const { return planned_[place].column; }
    /// Key of a column's draws, by which a foreign key computes its values.
    PhiloxKey key_of(const std::string& name) const { return stream_key(seed_, name_ + '\x1f' + name); }

    /// Rows first .. first + rows - 1, on up to `threads` threads (0: all the machine offers). Incomplete rows are
    /// never returned: a stop makes it throw nothing and return fewer rows. Throws InvalidArgument if a column of
    /// distinct values has too few, or a column's texts exceed 2 GiB.
    GeneratedTable make(RowIndex first, std::size_t rows, int threads, RunControl& control) const;

  private:
    struct Planned {
        std::string name;
        AnyColumn column;
        Real missing_share;
        int group = -1;  // of correlated columns
        std::size_t member = 0;
    };
    struct Group {
        std::vector<std::size_t> members;
        std::vector<Real> lower;  // Cholesky factor, row by row
    };

    void fill_column(std::size_t place, RowIndex first, const std::vector<ColumnSlice>& slices,
                     ColumnSlice& slice) const;
    void fill_correlated(const Planned& planned, RowIndex first, ColumnSlice& slice) const;

    std::string name_;
    Seed seed_;
    std::vector<Planned> planned_;
    std::vector<Group> groups_;
};

}  // namespace synqc::generate
