#include "synqc/text/comparison.h"

namespace synqc::text {

void Comparison::set_row(std::string_view utf8, const Shingling& shingling, StopCheck& stop) {
    utf8_ = utf8;
    shingling_ = shingling;
    row_.assign(utf8, shingling, false, stop);
    row_set_is_made_ = false;
}

const Overlap& Comparison::with(std::string_view other, StopCheck& stop) {
    if (!row_set_is_made_) {
        row_set_.assign(row_, stop);
        row_set_is_made_ = true;
    }
    other_.assign(other, shingling_, false, stop);
    return compare_with_other(stop);
}

Match Comparison::match_with(std::string_view other, Index number, StopCheck& stop) {
    row_.assign(utf8_, shingling_, true, stop);
    row_set_.assign(row_, stop);
    other_.assign(other, shingling_, true, stop);
    compare_with_other(stop);
    return {.of = number,
            .jaccard = overlap_.jaccard(),
            .containment = overlap_.containment(stop),
            .spans = overlap_.spans_in_row(),
            .of_spans = overlap_.spans_in_other(stop)};
}

const Overlap& Comparison::compare_with_other(StopCheck& stop) {
    other_set_.assign(other_, stop);
    overlap_.compare(row_set_, other_set_, stop);
    return overlap_;
}

}  // namespace synqc::text
