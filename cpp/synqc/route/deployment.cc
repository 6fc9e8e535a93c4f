#include "synqc/route/deployment.h"

#include "synqc/base/checks.h"

namespace synqc::route {

void Deployment::check() const {
    if (name.empty()) {
        throw_invalid_argument("name", "a text that is not empty", "\"\"");
    }
    check_at_least("context_tokens", static_cast<Index>(context_tokens), 0);
    check_at_least("requests_per_minute", static_cast<Index>(requests_per_minute), 0);
    check_at_least("tokens_per_minute", static_cast<Index>(tokens_per_minute), 0);
    check_at_least("most_in_flight", static_cast<Index>(most_in_flight), 0);
    check_positive("weight", weight);
}

}  // namespace synqc::route
