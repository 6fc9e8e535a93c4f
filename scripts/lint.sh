#!/usr/bin/env bash
# Formatting, static analysis and types. clang-tidy looks at C++ sources that differ from the main branch's last commit, or
# at those named in FILES.
set -euo pipefail
cd "$(dirname "$0")/.."

mapfile -t cpp < <(git ls-files 'cpp/*.cc' 'cpp/*.h')
clang-format --dry-run --Werror "${cpp[@]}"

mapfile -t changed < <(printf '%s\n' ${FILES:-$(git diff --name-only HEAD -- 'cpp/*.cc'; git diff --name-only HEAD~1 -- 'cpp/*.cc')} | sort -u | grep -v -e '\.kernel\.cc$' -e '^$' || true)
existing=()
for file in "${changed[@]}"; do
    [ -f "$file" ] && existing+=("$file")
done
[ ${#existing[@]} -eq 0 ] || clang-tidy --quiet -p build/release "${existing[@]}"

.venv/bin/ruff check .
.venv/bin/ruff format --check .
.venv/bin/mypy
