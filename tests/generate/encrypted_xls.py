#!/usr/bin/env python3
"""Encrypts an .xls as Excel does with its default password, for the cases `xls-default-password-*`.

    encrypted_xls.py PLAIN.xls METHOD OUT.xls [PASSWORD]

METHOD is xor, rc4 or cryptoapi ([MS-OFFCRYPTO] 2.3.7, 2.3.6, 2.3.5); PASSWORD is VelvetSweatshop unless given. Salts are
fixed, so that the bytes are always the same. Wants python3-olefile, python3-xlwt (for the container) and
python3-msoffcrypto-tool, which decrypts the result again as a check.
"""

import hashlib
import io
import struct
import sys

import msoffcrypto
import olefile
from msoffcrypto.method.xor_obfuscation import DocumentXOR
from xlwt.CompoundDoc import XlsDoc

BOF, FILEPASS, BOUNDSHEET = 0x0809, 0x002F, 0x0085
CLEAR = {BOF, FILEPASS, 0x0194, 0x0195, 0x00E1, 0x0196, 0x0138}
SALT = bytes(range(16))
VERIFIER = bytes(range(100, 116))


def rc4(key, data):
    state, j, out = list(range(256)), 0, bytearray()
    for i in range(256):
        j = (j + state[i] + key[i % len(key)]) & 255
        state[i], state[j] = state[j], state[i]
    i = j = 0
    for byte in data:
        i = (i + 1) & 255
        j = (j + state[i]) & 255
        state[i], state[j] = state[j], state[i]
        out.append(byte ^ state[(state[i] + state[j]) & 255])
    return bytes(out)


def records(stream):
    at = 0
    while at + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, at)
        yield at, kind, stream[at + 4 : at + 4 + length]
        at += 4 + length


def verifier(password):
    value = 0
    for byte in reversed([len(password)] + [ord(letter) for letter in password]):
        value = ((value >> 14) & 1) ^ ((value << 1) & 0x7FFF) ^ byte
    return value ^ 0xCE4B


def key_of(method, password, block):
    block = struct.pack("<I", block)
    wide = password.encode("utf-16le")
    if method == "rc4":
        short = hashlib.md5((hashlib.md5(wide).digest()[:5] + SALT) * 16).digest()[:5]
        return hashlib.md5(short + block).digest()
    return hashlib.sha1(hashlib.sha1(SALT + wide).digest() + block).digest()[:16]


def file_pass(method, password):
    if method == "xor":
        key = DocumentXOR.create_xor_key_method1(password)
        return struct.pack("<HHH", 0, key, verifier(password))
    hashed = hashlib.md5 if method == "rc4" else hashlib.sha1
    check = rc4(key_of(method, password, 0), VERIFIER + hashed(VERIFIER).digest())
    if method == "rc4":
        return struct.pack("<HHH", 1, 1, 1) + SALT + check
    provider = "Microsoft Enhanced Cryptographic Provider v1.0\0".encode("utf-16le")
    header = struct.pack("<8I", 4, 0, 0x6801, 0x8004, 128, 1, 0, 0) + provider
    checks = struct.pack("<I", 16) + SALT + check[:16] + struct.pack("<I", 20) + check[16:]
    return struct.pack("<HHHII", 1, 2, 2, 4, len(header)) + header + checks


def encrypted(stream, method, password):
    inserted = struct.pack("<HH", FILEPASS, len(file_pass(method, password))) + file_pass(method, password)
    plain = bytearray()
    for at, kind, data in records(stream):
        if kind == BOUNDSHEET:
            data = struct.pack("<I", struct.unpack_from("<I", data)[0] + len(inserted)) + data[4:]
        plain += struct.pack("<HH", kind, len(data)) + data
        if at == 0:
            plain += inserted
    # The container fills the stream up with zeros; they are records too, of four bytes each.
    plain += struct.pack("<HH", 0, -len(plain) % 4) + bytes(-len(plain) % 4)
    array = DocumentXOR.create_xor_array_method1(password)
    keys = b""
    if method != "xor":
        blocks = range(len(plain) // 1024 + 1)
        keys = b"".join(rc4(key_of(method, password, block), bytes(1024)) for block in blocks)
    out = bytearray(plain)
    for at, kind, data in records(bytes(plain)):
        if kind in CLEAR:
            continue
        for index in range(4 if kind == BOUNDSHEET else 0, len(data)):
            place = at + 4 + index
            if method == "xor":
                turned = 0xFF & (out[place] << 5 | out[place] >> 3)
                out[place] = turned ^ array[(place + len(data)) % 16]
            else:
                out[place] ^= keys[place]
    return bytes(plain), bytes(out)


def main(source, method, target, password="VelvetSweatshop"):
    ole = olefile.OleFileIO(source)
    plain, stream = encrypted(ole.openstream("Workbook").read(), method, password)
    XlsDoc().save(target, stream)
    document = msoffcrypto.OfficeFile(open(target, "rb"))
    document.load_key(password=password)
    back = io.BytesIO()
    document.decrypt(back)
    found = olefile.OleFileIO(io.BytesIO(back.getvalue())).openstream("Workbook").read()
    sheets = [data for _, kind, data in records(plain) if kind == BOUNDSHEET]
    assert sheets == [data for _, kind, data in records(found) if kind == BOUNDSHEET], "msoffcrypto reads it otherwise"


if __name__ == "__main__":
    main(*sys.argv[1:])
