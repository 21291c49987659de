//! Mail addresses as the configuration writes them.

use crate::model::mail::Address;

/// Checks a bare address and gives it in lower case; otherwise says what is wrong with it.
pub fn bare_address(written: &str) -> Result<String, String> {
    let address = written.trim();
    let wrong = |why: &str| Err(format!("\"{address}\" is no mail address: {why}"));
    if address.contains('＠') || address.contains('．') {
        return wrong("it holds full-width signs, write @ and . in ASCII");
    }
    let Some((local, domain)) = address.rsplit_once('@') else { return wrong("there is no @") };
    let local_fits = |sign: char| sign.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(sign);
    if local.is_empty() || !local.chars().all(local_fits) {
        return wrong("what stands before the @ must be ASCII letters, digits and signs without spaces");
    }
    let label_fits =
        |label: &str| !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if !domain.split('.').all(label_fits) || !(domain.contains('.') || domain == "localhost") {
        return wrong("what stands after the @ must be a domain such as 163.example");
    }
    Ok(address.to_ascii_lowercase())
}

/// Reads `吕梁市双拥办 <office@163.example>` or a bare address.
pub(super) fn named_address(written: &str) -> Result<Address, String> {
    let Some((name, rest)) = written.split_once('<') else {
        return Ok(Address { name: None, address: bare_address(written)? });
    };
    let Some(address) = rest.trim().strip_suffix('>') else {
        return Err(format!("\"{written}\" lacks the closing >; write 名称 <name@163.example>"));
    };
    let name = name.trim().trim_matches('"').trim();
    if name.chars().any(char::is_control) {
        return Err("the name before the address holds a line break or another control character".to_owned());
    }
    let name = (!name.is_empty()).then(|| name.to_owned());
    Ok(Address { name, address: bare_address(address)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_lowered_and_bad_ones_say_why() {
        assert_eq!(bare_address(" LSQ.SYB@Lishi.example ").unwrap(), "lsq.syb@lishi.example");
        assert!(bare_address("a..b@qq.example").is_ok(), "QQ hands out such addresses");
        for (bad, why) in [
            ("lsqsyb＠lishi.example", "full-width"),
            ("lsqsyb.lishi.example", "no @"),
            ("张三@lishi.example", "before the @"),
            ("a b@lishi.example", "before the @"),
            ("a@lishi", "after the @"),
            ("a@lishi..example", "after the @"),
            ("a@b@c.example", "before the @"),
            ("a@b,example", "after the @"),
        ] {
            let told = bare_address(bad).unwrap_err();
            assert!(told.contains(why), "{bad}: {told}");
        }
    }

    #[test]
    fn a_name_may_stand_before() {
        let address = named_address("\"吕梁市双拥办\" <Office@163.example>").unwrap();
        assert_eq!(address.name.as_deref(), Some("吕梁市双拥办"));
        assert_eq!(address.address, "office@163.example");
        assert_eq!(named_address("office@163.example").unwrap().name, None);
        assert!(named_address("办 <office@163.example").is_err());
        assert!(named_address("办\r\nBcc: x <office@163.example>").is_err());
    }
}
