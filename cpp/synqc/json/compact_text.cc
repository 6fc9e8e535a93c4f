#include "synqc/json/compact_text.h"

#include <cmath>

#include "synqc/json/shortest_number.h"

namespace synqc {

static_assert(shortest_number_room <= number_room + compact_text_slack);
static_assert(integer_text_room <= whole_room + compact_text_slack);

char* write_number(Real value, char* to) {
    if (!std::isfinite(value)) [[unlikely]] {
        std::memcpy(to, "null", 4);
        return to + 4;
    }
    return write_shortest(value, to);
}

}  // namespace synqc
