#!/bin/sh
# Writes the workbooks of tests/cases that only real programs write: xlwt, LibreOffice, and Excel's default password.
#
#   tests/generate/workbooks.sh          (from the repository's root)
#
# Wants libreoffice-calc, python3-openpyxl, python3-xlwt, python3-olefile and python3-msoffcrypto-tool. The results are
# committed; afterwards `UPDATE_CASES=1 cargo test --test golden` writes what is made of them.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cases="$here/../cases"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

python3 "$here/plain_workbooks.py" "$scratch"

keep() { # NAME FILE AS
    mkdir -p "$cases/$1"
    cp "$2" "$cases/$1/$3"
}
for method in xor rc4 cryptoapi; do
    python3 "$here/encrypted_xls.py" "$scratch/values.xls" "$method" "$scratch/out.xls"
    keep "workbook-xls-default-password-$method" "$scratch/out.xls" 慰问统计表.xls
done
python3 "$here/encrypted_xls.py" "$scratch/values.xls" rc4 "$scratch/out.xls" lvliang2021
keep workbook-xls-own-password "$scratch/out.xls" 慰问统计表.xls
keep workbook-xls-xlwt-formulas "$scratch/formulas.xls" 慰问统计表.xls
keep workbook-xlsx-openpyxl-formulas "$scratch/formulas.xlsx" 慰问统计表.xlsx

convert() { # SOURCE ENDING FILTER CASE
    soffice "-env:UserInstallation=file://$scratch/profile" --headless --convert-to "$2:$3" --outdir "$scratch/made" \
        "$scratch/$1.xlsx" >/dev/null 2>&1
    keep "workbook-libreoffice-$4" "$scratch/made/$1.$2" "慰问统计表.$2"
}
convert formulas xls 'MS Excel 97' xls
convert comparison xls 'MS Excel 97' xls-comparison
convert formulas ods calc8 ods
convert formulas html 'HTML (StarCalc)' html
convert formulas csv 'Text - txt - csv (StarCalc):44,34,76,1' csv
