#!/bin/sh
# Makes docs/pictures/demo.png: plays the demo and takes a picture of its page. Needs Debian's chromium and
# fonts-noto-cjk.
set -eu
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cargo run --locked --quiet --release -- demo --out "$work/demo" >/dev/null
chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
    --disable-component-update --disable-sync --hide-scrollbars --user-data-dir="$work/profile" \
    --window-size=1180,1300 --screenshot="$PWD/docs/pictures/demo.png" "file://$work/demo/index.html" 2>/dev/null
