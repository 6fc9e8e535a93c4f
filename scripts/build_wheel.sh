#!/usr/bin/env bash
# A wheel that brings its libraries, in build/wheels: built for the Python given, then oneTBB, simdjson, SQLite and
# libcrypto are put beside the extension under names of their own, so that none of the system's is looked for.
#
#     bash scripts/build_wheel.sh [PYTHON] [FOLDER]
set -euo pipefail
cd "$(dirname "$0")/.."
python=${1:-.venv/bin/python}
folder=${2:-build/wheels}
bin=$(cd "$(dirname "$python")" && pwd)

rm -rf "$folder"
mkdir -p "$folder/plain"
"$python" -m pip wheel --quiet --disable-pip-version-check --no-build-isolation --no-deps --wheel-dir "$folder/plain" \
    -Cbuild-dir="${SYNQC_WHEEL_BUILD:-build/release}" .
# The newest glibc that it needs decides the tag, which auditwheel finds itself.
PATH="$bin:$PATH" "$python" -m auditwheel repair --strip --wheel-dir "$folder" "$folder"/plain/*.whl
rm -r "$folder/plain"
ls -l "$folder"/*.whl
