#include "synqc/text/shingling.h"

#include <string>

#include "synqc/base/checks.h"

namespace synqc::text {

void Shingling::check() const {
    check_between("width", width, 1, most_width);
}

Unit unit_from_name(std::string_view name) {
    if (name == "characters") {
        return Unit::characters;
    }
    if (name == "words") {
        return Unit::words;
    }
    throw_invalid_argument("unit", "one of characters, words", std::string(name));
}

}  // namespace synqc::text
