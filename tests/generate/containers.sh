#!/bin/sh
# Archives that only real programs write: p7zip-full, LibreOffice, libarchive-tools and zstd from Debian, and for RAR the
# writer of the crate `rars` (the program itself is not free). Run at the repository's root; the results are committed in
# tests/cases.
set -eu
root=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/离石区" "$work/rar/src"
cp "$root/tests/cases/container-xlsx-called-zip/离石区统计表.zip" "$work/离石区/统计表.xlsx"
bsdtar -xOf "$root/tests/cases/container-zip-called-rar/离石区材料.rar" '离石区/报告.docx' > "$work/离石区/报告.docx"
cd "$work"

put() { # name of the case, file
    folder="$root/tests/cases/container-$1"
    mkdir -p "$folder"
    rm -f "$folder"/*
    mv "$2" "$folder/"
}

for method in Deflate64 BZip2 LZMA PPMd XZ; do
    7z a -bd -tzip "-mm=$method" 离石区材料.zip 离石区 > /dev/null
    put "zip-$(echo $method | tr '[:upper:]' '[:lower:]')" 离石区材料.zip
done
for method in LZMA2 LZMA PPMd BZip2 Deflate; do
    7z a -bd -t7z "-m0=$method" 离石区材料.7z 离石区 > /dev/null
    put "7z-$(echo $method | tr '[:upper:]' '[:lower:]')" 离石区材料.7z
done
7z a -bd -t7z -mx=9 -ms=on -mf=BCJ2 离石区材料.7z 离石区 > /dev/null
put 7z-ultra 离石区材料.7z
7z a -bd -t7z -p2021 离石区材料.7z 离石区 > /dev/null
put 7z-protected 离石区材料.7z
7z a -bd -t7z -p2021 -mhe=on 离石区材料.7z 离石区 > /dev/null
put 7z-protected-names 离石区材料.7z
7z a -bd -tzip -p2021 -mem=AES256 离石区材料.zip 离石区 > /dev/null
put zip-aes 离石区材料.zip
7z a -bd -t7z 离石区材料.7z 离石区 > /dev/null
put 7z-called-zip 离石区材料.7z
mv "$root/tests/cases/container-7z-called-zip/离石区材料.7z" "$root/tests/cases/container-7z-called-zip/离石区材料.zip"
7z a -bd -t7z 离石区材料.7z 离石区 > /dev/null
head -c -200 离石区材料.7z > cut.7z && rm 离石区材料.7z
put 7z-cut-off cut.7z
for format in bz2 xz zst; do
    bsdtar -acf "离石区材料.tar.$format" 离石区
    put "tar-$format" "离石区材料.tar.$format"
done
bsdtar -cf 离石区材料.tar --format=pax 离石区
put tar-pax 离石区材料.tar
head -c 8000000 /dev/zero > zeros
7z a -bd -t7z bomb.7z zeros > /dev/null
put bomb-in-7z bomb.7z

cat > rar/Cargo.toml <<'END'
[package]
name = "rar"
version = "0.0.0"
edition = "2024"
[dependencies]
rars = "=0.12.3"
[workspace]
END
cat > rar/src/main.rs <<'END'
//! rar OUT VERSION FLAGS NAME=FILE…
fn main() {
    let given: Vec<String> = std::env::args().collect();
    let version = if given[2] == "4" { rars::ArchiveVersion::Rar40 } else { rars::ArchiveVersion::Rar50 };
    let mut builder = rars::Builder::new(version).solid(given[3].contains('s'));
    if given[3].contains('p') {
        builder = builder.password(Some(b"2021".to_vec())).header_encryption(given[3].contains('h'));
    }
    for member in &given[4..] {
        let (name, file) = member.split_once('=').unwrap();
        builder.add_bytes(name.into(), std::fs::read(file).unwrap(), Some(0x5306_5140), None).unwrap();
    }
    std::fs::write(&given[1], builder.to_bytes().unwrap()).unwrap();
}
END
cargo build --quiet --release --manifest-path rar/Cargo.toml
rar=rar/target/release/rar
for kind in 4: 5: 4:s 5:s 4:p 5:p 4:ph 5:ph; do
    "$rar" 离石区材料.rar "${kind%:*}" "${kind#*:}" 离石区/统计表.xlsx=离石区/统计表.xlsx 离石区/报告.docx=离石区/报告.docx
    case ${kind#*:} in
        s) flags=-solid ;;
        p) flags=-protected ;;
        ph) flags=-protected-names ;;
        *) flags= ;;
    esac
    # The writer leaves out the block with which WinRAR closes an archive, but where headers are encrypted.
    case $kind in 4: | 4:s | 4:p) printf '\304\075\173\000\100\007\000' >> 离石区材料.rar ;; esac
    put "rar-${kind%:*}$flags" 离石区材料.rar
done
"$rar" bomb.rar 5 "" zeros=zeros
put bomb-in-rar bomb.rar

# A report with the table embedded in it, as Writer embeds one.
soffice --headless --convert-to ods --outdir . 离石区/统计表.xlsx > /dev/null
mkdir -p odt/META-INF "odt/Object 1"
bsdtar -xf 统计表.ods -C "odt/Object 1" content.xml styles.xml
printf application/vnd.oasis.opendocument.text > odt/mimetype
cat > odt/META-INF/manifest.xml <<'END'
<?xml version="1.0"?><m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" m:version="1.2"><m:file-entry m:full-path="/" m:media-type="application/vnd.oasis.opendocument.text"/><m:file-entry m:full-path="content.xml" m:media-type="text/xml"/><m:file-entry m:full-path="Object 1/" m:media-type="application/vnd.oasis.opendocument.spreadsheet"/><m:file-entry m:full-path="Object 1/content.xml" m:media-type="text/xml"/><m:file-entry m:full-path="Object 1/styles.xml" m:media-type="text/xml"/></m:manifest>
END
cat > odt/content.xml <<'END'
<?xml version="1.0" encoding="UTF-8"?><o:document-content xmlns:o="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:t="urn:oasis:names:tc:opendocument:xmlns:text:1.0" xmlns:d="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0" xmlns:x="http://www.w3.org/1999/xlink" xmlns:s="urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0" o:version="1.2"><o:body><o:text><t:p>离石区走访慰问情况，统计表如下：</t:p><t:p><d:frame d:name="o" t:anchor-type="as-char" s:width="17cm" s:height="5cm"><d:object x:href="./Object 1" x:type="simple" x:show="embed" x:actuate="onLoad"/></d:frame></t:p></o:text></o:body></o:document-content>
END
(cd odt && bsdtar -acf ../离石区报告.zip mimetype META-INF content.xml "Object 1") && mv 离石区报告.zip 离石区报告.odt
for format in doc docx; do
    soffice --headless --convert-to "$format" --outdir . 离石区报告.odt > /dev/null
    put "$format-from-writer" "离石区报告.$format"
done
