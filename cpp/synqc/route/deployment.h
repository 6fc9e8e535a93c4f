#pragma once

#include <cstdint>
#include <string>

#include "synqc/base/numbers.h"

namespace synqc::route {

/// One model at one place, and what it may be asked.
struct Deployment {
    std::string name;
    std::uint64_t capabilities = 0;        // a bit each; what they mean is the caller's business
    std::int64_t context_tokens = 0;       // of prompt and answer together; 0: not known, so that everything fits
    std::int64_t requests_per_minute = 0;  // 0: no limit, as for the next two
    std::int64_t tokens_per_minute = 0;
    std::int64_t most_in_flight = 0;
    std::int64_t prompt_price = -1;      // micro-dollars per million tokens; negative: not known
    std::int64_t completion_price = -1;  // likewise
    Real weight = 1;                     // its share among equals

    bool has_price() const { return prompt_price >= 0 && completion_price >= 0; }
    /// In millionths of a micro-dollar; only for whoever has a price.
    Real cost(std::int64_t prompt_tokens, std::int64_t completion_tokens) const {
        return static_cast<Real>(prompt_price) * static_cast<Real>(prompt_tokens) +
               static_cast<Real>(completion_price) * static_cast<Real>(completion_tokens);
    }
    /// Throws InvalidArgument.
    void check() const;
};

}  // namespace synqc::route
