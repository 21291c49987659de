//! Transfer encodings as they come, whole, cut off and with junk in them.

use super::*;

#[test]
fn whole_base64_is_whole() {
    let encoded = data_encoding::BASE64.encode("慰问金：一万二千元".as_bytes());
    let (head, tail) = encoded.split_at(20);
    let folded = format!("{head}\r\n{tail}\r\n\r\n");
    assert_eq!(base64(folded.as_bytes()), Transferred { bytes: "慰问金：一万二千元".into(), damaged: false });
    assert_eq!(base64(b"QQ=="), Transferred { bytes: b"A".to_vec(), damaged: false });
    assert_eq!(base64(b"QUI="), Transferred { bytes: b"AB".to_vec(), damaged: false });
    assert!(!base64(b"").damaged);
}

#[test]
fn the_quick_way_says_the_same() {
    let file: Vec<u8> = (0..5_000_u32).map(|number| u8::try_from(number * number % 251).unwrap()).collect();
    for length in [0, 1, 2, 3, 56, 57, 58, 4_998, 5_000] {
        let encoded = data_encoding::BASE64.encode(&file[..length]);
        for end in ["\n", "\r\n"] {
            let lines: Vec<&str> =
                encoded.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
            let folded = lines.join(end) + end + end;
            let quick = faultless_base64(folded.as_bytes()).unwrap();
            assert_eq!(Transferred { bytes: quick, damaged: false }, forgiving_base64(folded.as_bytes()));
        }
    }
    for odd in ["QUJDRA==\nRUY=\n", "QUJD REVG\n", "QUJDRE", "QUJD!REVG", "QUI"] {
        assert_eq!(faultless_base64(odd.as_bytes()), None, "{odd}");
    }
}

#[test]
fn cut_off_base64_gives_what_is_there() {
    assert_eq!(base64(b"QUJDRE"), Transferred { bytes: b"ABCD".to_vec(), damaged: true });
    assert_eq!(base64(b"QUJDR"), Transferred { bytes: b"ABC".to_vec(), damaged: true });
}

#[test]
fn junk_behind_base64_is_left_out_and_told() {
    let junk = b"QUJDRA==\r\n-- \r\nScanned by a gateway. Safe.\r\n";
    assert_eq!(base64(junk), Transferred { bytes: b"ABCD".to_vec(), damaged: true });
    assert_eq!(base64(b"QUJDRA==\r\nScanned\r\n"), Transferred { bytes: b"ABCD".to_vec(), damaged: true });
    assert_eq!(base64(b"QUJD!REVG").bytes, b"ABC".iter().chain(b"DEF").copied().collect::<Vec<u8>>());
}

#[test]
fn joined_padded_blocks_are_one() {
    assert_eq!(base64(b"QUJDRA==\r\nRUY=\r\n"), Transferred { bytes: b"ABCDEF".to_vec(), damaged: false });
}

#[test]
fn uuencode_is_undone() {
    let text = b"begin 644 a.txt\r\n#0V%T\r\n$0V%T<P``\r\n`\r\nend\r\n";
    assert_eq!(decode("x-uuencode", text), Transferred { bytes: b"CatCats".to_vec(), damaged: false });
    assert!(decode("x-uuencode", b"begin 644 a.txt\n#0V%T\n").damaged);
}

#[test]
fn quoted_printable_forgives() {
    assert_eq!(quoted_printable(b"a=E4=bd=A0=  \r\nb=3", false), "a你b=3".as_bytes());
    assert_eq!(quoted_printable(b"a_b", true), b"a b");
    assert_eq!(quoted_printable(b"end=", false), b"end");
}
