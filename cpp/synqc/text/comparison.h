#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "synqc/text/shingle_set.h"

namespace synqc::text {

/// What a text was found to be a copy of.
struct Match {
    Index of = -1;            // number of the other text; -1: of none
    bool in_sources = false;  // whether that is one of the sources, rather than a row
    Real jaccard = 0;
    Real containment = 0;
    std::vector<CharacterRange> spans;     // in the text
    std::vector<CharacterRange> of_spans;  // in the other
};

/// Room for comparing one text with others, kept from text to text.
class Comparison {
  public:
    /// The text that is compared from now on; `utf8` must live as long.
    void set_row(std::string_view utf8, const Shingling& shingling, StopCheck& stop);

    const ShingledText& row() const { return row_; }
    /// Compares with another text; what it says of both holds until the next call.
    const Overlap& with(std::string_view other, StopCheck& stop);
    /// Scores and spans of the row and another text.
    Match match_with(std::string_view other, Index number, StopCheck& stop);

  private:
    const Overlap& compare_with_other(StopCheck& stop);

    std::string_view utf8_;
    Shingling shingling_;
    ShingledText row_;
    ShingledText other_;
    ShingleSet row_set_;
    ShingleSet other_set_;
    Overlap overlap_;
    bool row_set_is_made_ = false;
};

/// Things that threads borrow, one each, and give back: as many are made as are in use at once.
template <typename Thing>
class Pool {
  public:
    class Loan {
      public:
        Loan(Pool& pool, std::unique_ptr<Thing> thing) : pool_(pool), thing_(std::move(thing)) {}
        ~Loan() {
            const std::lock_guard lock(pool_.mutex_);
            pool_.idle_.push_back(std::move(thing_));
        }
        Loan(const Loan&) = delete;
        Loan& operator=(const Loan&) = delete;
        Thing* operator->() { return thing_.get(); }
        Thing& operator*() { return *thing_; }

      private:
        Pool& pool_;
        std::unique_ptr<Thing> thing_;
    };

    /// Borrows an idle one, or what `make` makes: a unique_ptr.
    template <typename Make>
    Loan borrow(const Make& make) {
        {
            const std::lock_guard lock(mutex_);
            if (!idle_.empty()) {
                std::unique_ptr<Thing> thing = std::move(idle_.back());
                idle_.pop_back();
                return Loan(*this, std::move(thing));
            }
            idle_.reserve(idle_.capacity() + 1);  // giving back needs no memory
        }
        return Loan(*this, make());
    }

  private:
    std::mutex mutex_;
    std::vector<std::unique_ptr<Thing>> idle_;
};

}  // namespace synqc::text
