#pragma once

#include <cstddef>
#include <string_view>

/// Kernels (*.kernel.cc) are compiled once per instruction-set level and chosen at run time.
///
/// A kernel file puts everything it exports into the namespace `SYNQC_SIMD_LEVEL` and keeps the rest internal: an
/// inline function of external linkage, compiled for a level the processor lacks, could replace its twin in the whole
/// program. At one level results are the same bytes whatever the thread count; levels agree to rounding.
namespace synqc {

/// Level of the kernels in use: "x86-64-v4", "x86-64-v3", "x86-64-v2" or "baseline".
std::string_view simd_level();

/// Chooses another level the processor has, for tests and benchmarks; not while kernels run.
/// Throws InvalidArgument if it lacks it.
void use_simd_level(std::string_view level);

/// Whether this processor can run the kernels of `level`; false for an unknown name.
bool has_simd_level(std::string_view level);

/// Position of the level in use among those this build has, lowest first.
std::size_t simd_level_position();

}  // namespace synqc

/// Declares the table of kernels `name`, of type `Kernels`, that each level defines in its namespace, and `name()`,
/// which returns the one in use. To be written inside namespace synqc.
#if defined(SYNQC_ONLY_LEVEL)
#define SYNQC_KERNELS_PER_LEVEL(Kernels, name) \
    namespace SYNQC_ONLY_LEVEL {               \
    extern const Kernels name;                 \
    }                                          \
    static inline const Kernels& name() {      \
        return SYNQC_ONLY_LEVEL::name;         \
    }
#elif defined(__x86_64__)
#define SYNQC_KERNELS_PER_LEVEL(Kernels, name)                                \
    namespace v2 {                                                            \
    extern const Kernels name;                                                \
    }                                                                         \
    namespace v3 {                                                            \
    extern const Kernels name;                                                \
    }                                                                         \
    namespace v4 {                                                            \
    extern const Kernels name;                                                \
    }                                                                         \
    static inline const Kernels& name() {                                     \
        const Kernels* const per_level[] = {&v2::name, &v3::name, &v4::name}; \
        return *per_level[simd_level_position()];                             \
    }
#else
#define SYNQC_KERNELS_PER_LEVEL(Kernels, name) \
    namespace baseline {                       \
    extern const Kernels name;                 \
    }                                          \
    static inline const Kernels& name() {      \
        return baseline::name;                 \
    }
#endif
