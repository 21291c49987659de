#!/bin/sh
# Makes the pictures of the documents anew, all from one play of the demo: its page, and letters as units and the office
# get them. Needs Debian's chromium, fonts-noto-cjk, libreoffice-calc, poppler-utils and python3.
set -eu
cd "$(dirname "$0")/../.."
pictures="$PWD/docs/pictures"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cargo run --locked --quiet --release -- demo --out "$work/demo" >/dev/null

# picture NAME WIDTH HEIGHT FILE: a page as a browser of this size shows it.
picture() {
    chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
        --disable-component-update --disable-sync --hide-scrollbars --user-data-dir="$work/profile" \
        --window-size="$2,$3" --screenshot="$pictures/$1.png" "file://$4" 2>/dev/null
}

# letter PATTERN: the only letter of the demo that is called so.
letter() {
    set -- "$work"/demo/$1
    [ $# -eq 1 ] && [ -f "$1" ] || { echo "not one letter but $#: $1" >&2; exit 1; }
    echo "$1"
}

picture demo 1180 1300 "$work/demo/index.html"
picture receipt 780 1500 "$(letter 'letters/0802-ack-141122-*.html')"
picture reminder 780 900 "$(letter 'letters/0809-reminder-141129-*.html')"
picture digest 1000 1500 "$work/demo/digests/2021-08-06.html"
picture final-report 1000 1500 "$work/demo/digests/2021-08-12.html"

# The unit's own workbook as it comes back with the receipt.
python3 - "$(letter 'letters/0802-ack-141122-*.eml')" "$work/annotated.xlsx" <<'EOF'
import email, email.policy, sys
mail = email.message_from_binary_file(open(sys.argv[1], "rb"), policy=email.policy.default)
tables = [part for part in mail.iter_attachments() if (part.get_filename() or "").endswith(".xlsx")]
open(sys.argv[2], "wb").write(tables[0].get_payload(decode=True))
EOF
soffice --headless -env:UserInstallation="file://$work/office" --convert-to pdf --outdir "$work" "$work/annotated.xlsx" >/dev/null
pdftoppm -png -r 80 -f 1 -l 1 -singlefile "$work/annotated.pdf" "$pictures/annotated"
