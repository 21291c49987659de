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
picture reminder 780 620 "$(letter 'letters/0809-reminder-141128-*.html')"
picture digest 1000 1500 "$work/demo/digests/2021-08-06.html"
picture final-report 1000 1500 "$work/demo/digests/2021-08-11-final.html"

# The unit's own workbook as it comes back with the receipt. It is fitted to one page, or the picture would end before
# the marked cell, and its headings get the height that Excel gives them by itself.
python3 - "$(letter 'letters/0802-ack-141122-*.eml')" "$work/annotated.xlsx" <<'EOF'
import email, email.policy, io, sys, zipfile
mail = email.message_from_binary_file(open(sys.argv[1], "rb"), policy=email.policy.default)
tables = [part for part in mail.iter_attachments() if (part.get_filename() or "").endswith(".xlsx")]
changes = [
    (b"<dimension", b'<sheetPr><pageSetUpPr fitToPage="1"/></sheetPr><dimension'),
    (b"<legacyDrawing", b'<pageSetup paperSize="9" orientation="landscape"/><legacyDrawing'),
    (b'<row r="4" ', b'<row r="4" ht="32" customHeight="1" '),
]
with zipfile.ZipFile(io.BytesIO(tables[0].get_payload(decode=True))) as old, zipfile.ZipFile(sys.argv[2], "w") as new:
    for name in old.namelist():
        part = old.read(name)
        if name == "xl/worksheets/sheet1.xml":
            for before, after in changes:
                assert part.count(before) == 1, before
                part = part.replace(before, after)
        new.writestr(name, part)
EOF
soffice --headless -env:UserInstallation="file://$work/office" --convert-to pdf --outdir "$work" "$work/annotated.xlsx" >/dev/null
pdftoppm -png -r 110 -f 1 -l 1 -x 60 -y 60 -W 1170 -H 150 -singlefile "$work/annotated.pdf" "$pictures/annotated"
