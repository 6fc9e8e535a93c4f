#include "synqc/text/shingled_text.h"

#include <algorithm>

namespace synqc::text {

void ShingledText::assign(std::string_view utf8, const Shingling& shingling, bool with_origins, StopCheck& stop) {
    text_.assign(utf8, shingling, with_origins, stop);
    words_.clear();
    std::size_t units = text_.letters.size();
    if (shingling.unit == Unit::words && units > 0) {
        std::uint32_t begin = 0;
        for (std::uint32_t at = 0; at < text_.letters.size(); ++at) {
            if (at % steps_between_checks == 0) {
                stop.check();
            }
            if (text_.letters[at] == U' ') {
                words_.push_back({begin, at});
                begin = at + 1;
            }
        }
        words_.push_back({begin, static_cast<std::uint32_t>(text_.letters.size())});
        units = words_.size();
    }
    width_ = std::min(units, static_cast<std::size_t>(shingling.width));
    count_ = units == 0 ? 0 : units - width_ + 1;
}

}  // namespace synqc::text
