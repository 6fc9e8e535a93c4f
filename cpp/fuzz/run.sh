#!/usr/bin/env bash
# Builds the fuzz targets and runs each for FUZZ_SECONDS (60). What is found is left in build/fuzz.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
build=${FUZZ_BUILD:-$root/build/fuzz}
cmake -S "$root/cpp/fuzz" -B "$build" -DCMAKE_CXX_COMPILER="${FUZZ_CXX:-clang++}" >/dev/null
cmake --build "$build" -j "${JOBS:-2}" >/dev/null
mkdir -p "$build/found/json_reader"
"$build/json_reader_fuzz" "$build/found/json_reader" "$root/cpp/fuzz/corpus/json_reader" -dict="$root/cpp/fuzz/json.dict" \
    -max_len=2048 -timeout=10 -max_total_time="${FUZZ_SECONDS:-60}" -artifact_prefix="$build/" -print_final_stats=1
