#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace synqc::text {

/// Copies of texts, which stay where they are.
class TextArena {
  public:
    std::string_view keep(std::string_view text) {
        if (text.empty()) {
            return {};
        }
        if (text.size() > room_) {
            const std::size_t size = std::max(text.size(), block_bytes);
            blocks_.push_back(std::make_unique_for_overwrite<char[]>(size));
            next_ = blocks_.back().get();
            room_ = size;
        }
        char* place = next_;
        std::memcpy(place, text.data(), text.size());
        next_ += text.size();
        room_ -= text.size();
        return {place, text.size()};
    }

  private:
    static constexpr std::size_t block_bytes = std::size_t{1} << 20;

    std::vector<std::unique_ptr<char[]>> blocks_;
    char* next_ = nullptr;
    std::size_t room_ = 0;
};

}  // namespace synqc::text
