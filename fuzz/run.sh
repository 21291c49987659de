#!/bin/sh
# Fuzzes the readers: sh fuzz/run.sh SECONDS [TARGET…]; without targets, all of them in turn.
# Needs cargo-fuzz (cargo install cargo-fuzz) and a C++ compiler. Starts from the golden cases and what earlier runs found;
# findings are left in fuzz/artifacts/TARGET. An input may take 10 s and 512 MB.
set -eu
cd "$(dirname "$0")"
seconds=${1:?usage: sh fuzz/run.sh SECONDS [TARGET…]}
shift
[ $# -gt 0 ] || set -- $(cargo fuzz list)
# No sanitizer: the crate has no unsafe code, and without one the stable compiler will do.
(cd .. && cargo run --quiet --example fuzz_seeds)
for target in "$@"; do
    printf '\n== %s, %s s\n' "$target" "$seconds"
    mkdir -p "corpus/$target"
    cargo fuzz run --sanitizer none "$target" -- -max_total_time="$seconds" -timeout=10 -rss_limit_mb=512 -max_len=131072 -print_final_stats=1 2>&1 |
        grep -E 'BINGO|ERROR|SUMMARY|panicked|Done|stat::(number_of_executed|average_exec|peak_rss)|Test unit written|^thread' || true
    [ -z "$(ls -A "artifacts/$target" 2>/dev/null)" ] || { echo "findings in fuzz/artifacts/$target"; failed=1; }
done
exit "${failed:-0}"
