//! Folder names on the wire: IMAP's modified UTF-7 (RFC 3501 §5.1.3), both ways, on any input.

use data_encoding::{Encoding, Specification};
use std::sync::LazyLock;

/// Base64 with `,` for `/` and no padding; trailing bits are not checked, because servers differ.
static BASE64: LazyLock<Option<Encoding>> = LazyLock::new(|| {
    let mut specification = Specification::new();
    specification.symbols.push_str("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,");
    specification.check_trailing_bits = false;
    specification.encoding().ok()
});

/// The name as it goes over the wire.
#[must_use]
pub fn encode(name: &str) -> String {
    let mut wire = String::with_capacity(name.len());
    let mut shifted: Vec<u8> = Vec::new();
    for character in name.chars() {
        if (' '..='~').contains(&character) {
            unshift(&mut shifted, &mut wire);
            wire.push(character);
            if character == '&' {
                wire.push('-');
            }
        } else {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                shifted.extend_from_slice(&unit.to_be_bytes());
            }
        }
    }
    unshift(&mut shifted, &mut wire);
    wire
}

fn unshift(shifted: &mut Vec<u8>, wire: &mut String) {
    if let Some(base64) = BASE64.as_ref().filter(|_| !shifted.is_empty()) {
        wire.push('&');
        base64.encode_append(shifted, wire);
        wire.push('-');
    }
    shifted.clear();
}

/// The name as people read it. What is no proper modified UTF-7 stays as it stands: some servers send names raw.
#[must_use]
pub fn decode(wire: &str) -> String {
    let mut name = String::with_capacity(wire.len());
    let mut rest = wire;
    while let Some((before, after)) = rest.split_once('&') {
        name.push_str(before);
        let Some((shifted, behind)) = after.split_once('-') else {
            name.push('&');
            rest = after;
            continue;
        };
        match (shifted.is_empty(), decode_shifted(shifted)) {
            (true, _) => name.push('&'),
            (false, Some(text)) => name.push_str(&text),
            (false, None) => {
                name.push('&');
                rest = after;
                continue;
            }
        }
        rest = behind;
    }
    name.push_str(rest);
    name
}

fn decode_shifted(shifted: &str) -> Option<String> {
    let octets = BASE64.as_ref()?.decode(shifted.as_bytes()).ok()?;
    let (pairs, odd) = octets.as_chunks::<2>();
    if !odd.is_empty() {
        return None;
    }
    String::from_utf16(&pairs.iter().map(|pair| u16::from_be_bytes(*pair)).collect::<Vec<_>>()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_names_netease_uses() {
        // As NetEase's servers list them.
        for (name, wire) in [
            ("已发送", "&XfJT0ZAB-"),
            ("垃圾邮件", "&V4NXPpCuTvY-"),
            ("广告邮件", "&Xn9USpCuTvY-"),
            ("订阅邮件", "&i6KWBZCuTvY-"),
            ("病毒文件夹", "&dcVr0mWHTvZZOQ-"),
        ] {
            assert_eq!(encode(name), wire);
            assert_eq!(decode(wire), name);
        }
    }

    #[test]
    fn the_examples_of_the_rfc() {
        assert_eq!(decode("~peter/mail/&U,BTFw-/&ZeVnLIqe-"), "~peter/mail/台北/日本語");
        assert_eq!(encode("Tom & Jerry"), "Tom &- Jerry");
        assert_eq!(decode("Tom &- Jerry"), "Tom & Jerry");
    }

    #[test]
    fn what_is_no_utf7_stays() {
        // The first made a crate panic.
        for odd in ["&%%%-", "a&b", "&", "&A-", "&2AA-", "垃圾邮件", "&垃圾-"] {
            assert_eq!(decode(odd), odd);
        }
    }

    proptest! {
        #[test]
        fn every_name_comes_back(name in any::<String>()) {
            let wire = encode(&name);
            prop_assert!(wire.bytes().all(|octet| (b' '..=b'~').contains(&octet)));
            prop_assert_eq!(decode(&wire), name);
        }

        #[test]
        fn decoding_never_panics(wire in any::<String>()) {
            let _ = decode(&wire);
        }
    }
}
