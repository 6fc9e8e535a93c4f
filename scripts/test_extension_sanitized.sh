#!/usr/bin/env bash
# The extension under AddressSanitizer and UndefinedBehaviorSanitizer, with the Python tests of the bindings and with
# hostile objects. Python's own allocator stands aside, so that an object used after its end is seen.
#
#     scripts/test_extension_sanitized.sh [PYTEST ARGUMENTS]
set -euo pipefail
cd "$(dirname "$0")/.."
build=build/asan
python=$PWD/.venv/bin/python

# The package with the sanitized extension in place of the released one.
package=$build/package/synqc
rm -rf "$build/package"
mkdir -p "$package"
for entry in python/synqc/*; do
    case $(basename "$entry") in
        _core*.so | __pycache__) ;;
        *) ln -s "$PWD/$entry" "$package/" ;;
    esac
done
cp "$build"/cpp/synqc/_core*.so "$package/"

compiler=${CXX:-c++}
# libstdc++ must be there before the sanitizer looks for what throws.
export LD_PRELOAD="$($compiler -print-file-name=libasan.so) $($compiler -print-file-name=libstdc++.so)"
export PYTHONPATH=$PWD/$build/package
export PYTHONMALLOC=malloc
# Python keeps much for ever, which is no leak of ours; detect_stack_use_after_return would keep frames longer than they live.
export ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1:detect_stack_use_after_return=0
export UBSAN_OPTIONS=print_stacktrace=1

"$python" -c "from synqc import _core; assert 'asan' in _core.__file__, _core.__file__"
if [ $# -gt 0 ]; then
    exec "$python" -m pytest -q -p no:cacheprovider "$@"
fi
# Stacks are larger, memory cannot be limited, and children that replace the allocator are no children of the sanitizer's.
# What was freed is kept for a while, so that resident memory grows and no frame lies where another one lay.
"$python" -m pytest -q -p no:cacheprovider -n "${JOBS:-2}" --dist loadfile \
    tests/json/test_hostile_objects.py tests/json/test_writing.py tests/cache/test_hostile_bytes.py tests/cache/test_memory_cache.py \
    tests/cache/test_content_key.py tests/cache/test_disk_values.py tests/metrics tests/pipeline tests/lab/test_saved_run_damage.py \
    tests/crash/test_hostile_object_fuzz.py \
    -k "not memory_flat and not memory_back and not small_thread and not entries_of_timers and not memory_grows and not depth_is_counted and not deeper_and_deeper and not decoded_is_counted and not do_not_grow and not little_memory and not no_memory_holds and not benchmark"
"$python" -X dev tests/crash/hostile_object_fuzz.py "$RANDOM" 2000
