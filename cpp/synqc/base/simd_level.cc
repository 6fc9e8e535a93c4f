#include "synqc/base/simd_level.h"

#include <atomic>
#include <string>

#include "synqc/base/checks.h"

namespace synqc {

namespace {

struct Level {
    std::string_view name;
    bool (*runs_here)();
};

#if defined(SYNQC_ONLY_LEVEL) && defined(__x86_64__)
#define SYNQC_TEXT_OF(level) #level
#define SYNQC_NAME_OF(level) "x86-64-" SYNQC_TEXT_OF(level)
constexpr Level levels[] = {
    {SYNQC_NAME_OF(SYNQC_ONLY_LEVEL), [] { return __builtin_cpu_supports(SYNQC_NAME_OF(SYNQC_ONLY_LEVEL)) != 0; }}};
#elif defined(__x86_64__)
constexpr Level levels[] = {
    {"x86-64-v2", [] { return __builtin_cpu_supports("x86-64-v2") != 0; }},
    {"x86-64-v3", [] { return __builtin_cpu_supports("x86-64-v3") != 0; }},
    {"x86-64-v4", [] { return __builtin_cpu_supports("x86-64-v4") != 0; }},
};
#else
constexpr Level levels[] = {{"baseline", [] { return true; }}};
#endif

std::size_t highest_position() {
    std::size_t position = std::size(levels) - 1;
    while (position > 0 && !levels[position].runs_here()) {
        position -= 1;
    }
    return position;
}

std::atomic<std::size_t>& position_in_use() {
    static std::atomic<std::size_t> position = highest_position();
    return position;
}

}  // namespace

std::size_t simd_level_position() {
    return position_in_use().load(std::memory_order_relaxed);
}

std::string_view simd_level() {
    return levels[simd_level_position()].name;
}

bool has_simd_level(std::string_view level) {
    for (const auto& known : levels) {
        if (known.name == level) {
            return known.runs_here();
        }
    }
    return false;
}

void use_simd_level(std::string_view level) {
    if (!has_simd_level(level)) {
        throw_invalid_argument("level", "an instruction-set level of this processor", '"' + std::string(level) + '"');
    }
    for (std::size_t position = 0; position < std::size(levels); ++position) {
        if (levels[position].name == level) {
            position_in_use().store(position, std::memory_order_relaxed);
        }
    }
}

}  // namespace synqc
