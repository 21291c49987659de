#!/bin/sh
# Prints the interpreter that has what script.py needs; makes a virtual environment for it in the folder given, once.
#
#   install.sh FOLDER
set -eu
folder=$1
wanted="import docx, imap_tools, openpyxl, xlrd"
python3=$(command -v python3) || { echo "python3 is not installed" >&2; exit 1; }
for python in "$folder/python/bin/python3" "$python3"; do
    if "$python" -c "$wanted" >/dev/null 2>&1; then
        echo "$python"
        exit 0
    fi
done
rm -rf "$folder/python"
"$python3" -m venv "$folder/python" >&2
"$folder/python/bin/python3" -m pip --quiet --disable-pip-version-check install \
    imap-tools==1.16.0 openpyxl==3.1.5 xlrd==2.0.2 python-docx==1.2.0 >&2
"$folder/python/bin/python3" -c "$wanted" >&2
echo "$folder/python/bin/python3"
