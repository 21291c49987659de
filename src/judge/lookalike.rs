//! Addresses made to be taken for one of the roster.
//!
//! The rule. An address that stands in the roster is never one. Any other is, where
//! - its domain is none of the roster's and looks like one of them: the same after look-alike letters are taken for
//!   each other (1 and l, 0 and o, rn and m, vv and w, cl and d, and the confusables of Unicode, also behind `xn--`),
//!   after hyphens and dots are left out, or with another ending (`ls.gov.cn`, `ls.com`);
//! - its domain is one of the roster's, or looks like it, and the part before the @ looks like that of an address
//!   there, by letters, dots, hyphens and underscores alone;
//! - the name beside it holds another address.
//!
//! Domains one letter apart are not taken for each other: `mzj.city.gov.cn` and `czj.city.gov.cn` are two honest
//! offices. Nor is the same name at two of the large providers a sign: many clerks have both. Such addresses are
//! simply not known.

use unicode_normalization::UnicodeNormalization;
use unicode_security::confusable_detection::skeleton;

use crate::model::mail::Address;
use crate::model::unit::{Roster, Unit};

/// Where anybody may have an address, so that the domain itself imitates nobody's.
const PROVIDERS: [&str; 33] = [
    "163.com",
    "126.com",
    "yeah.net",
    "188.com",
    "vip.163.com",
    "vip.126.com",
    "163.net",
    "263.net",
    "qq.com",
    "vip.qq.com",
    "foxmail.com",
    "sina.com",
    "sina.cn",
    "vip.sina.com",
    "sohu.com",
    "139.com",
    "189.cn",
    "wo.cn",
    "tom.com",
    "21cn.com",
    "aliyun.com",
    "88.com",
    "2980.com",
    "petalmail.com",
    "outlook.com",
    "hotmail.com",
    "live.com",
    "live.cn",
    "msn.com",
    "gmail.com",
    "icloud.com",
    "yahoo.com",
    "yahoo.com.cn",
];

/// Second labels below a country's domain that are an ending together with it (`gov.cn`).
const SECOND_ENDINGS: [&str; 8] = ["com", "gov", "org", "net", "edu", "ac", "mil", "co"];

/// Why an address may be meant to deceive, in Chinese without a full stop; `None` where nothing says so.
#[must_use]
pub fn imitation(sender: &Address, roster: &Roster) -> Option<String> {
    let address = sender.address.to_lowercase();
    if roster.units().iter().any(|unit| unit.emails.contains(&address)) {
        return None;
    }
    another_address_in_name(sender).or_else(|| imitated(&sender.address, roster))
}

/// A name such as `"office@ls.example" <x@evil.example>`: mail programs show the name alone.
fn another_address_in_name(sender: &Address) -> Option<String> {
    let name: String = sender.name.as_deref()?.nfkc().collect();
    let is_separator = |letter: char| letter.is_whitespace() || "<>()[]\"'“”‘’《》【】,，;；:：、".contains(letter);
    let shown = name.split(is_separator).find(|word| {
        let parts = word.split_once('@');
        parts.is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.') && !domain.starts_with('.'))
    })?;
    let same = shown.trim_end_matches('.').eq_ignore_ascii_case(&sender.address);
    (!same).then(|| {
        format!("发件人名称中写的是另一个地址“{}”，实际发件地址是{}", excerpt(shown), excerpt(&sender.address))
    })
}

fn imitated(address: &str, roster: &Roster) -> Option<String> {
    let all = || roster.units().iter().flat_map(|unit| unit.emails.iter().map(move |email| (unit, email)));
    let (local, domain) = address.rsplit_once('@')?;
    let domain = domain.trim_end_matches('.');
    let known_domain =
        all().any(|(_, email)| email.rsplit_once('@').is_some_and(|(_, own)| own == domain.to_lowercase()));
    let foreign = !known_domain && !PROVIDERS.contains(&domain.to_lowercase().as_str());
    let mut by_domain: Option<(&Unit, &str)> = None;
    for (unit, email) in all() {
        let Some((own_local, own_domain)) = email.rsplit_once('@') else { continue };
        let same_domain = domain.eq_ignore_ascii_case(own_domain);
        if (same_domain || foreign && domains_alike(domain, own_domain)) && names_alike(local, own_local) {
            return Some(format!("发件地址{}与名册中{}的邮箱{email}形近但不是同一地址", excerpt(address), unit.name));
        }
        if foreign && by_domain.is_none() && domains_alike(domain, own_domain) {
            by_domain = Some((unit, own_domain));
        }
    }
    by_domain
        .map(|(unit, own)| format!("发件地址{}的域名与名册中{}所用的{own}形近但不相同", excerpt(address), unit.name))
}

fn domains_alike(one: &str, other: &str) -> bool {
    let (one, other) = (spelled_out(one), spelled_out(other));
    let (own_name, own_ending) = ending(&one);
    let (other_name, other_ending) = ending(&other);
    let other_ending_only = own_ending != other_ending && looks(own_name) == looks(other_name);
    other_ending_only || names_alike(&one, &other)
}

/// The same letters to the eye, separators left out. Not the case of letters alone: in a local part it may differ.
fn names_alike(one: &str, other: &str) -> bool {
    let lower = |text: &str| looks(&text.to_lowercase());
    // A capital I looks like an l, a small one does not.
    lower(one) == lower(other) || looks(one) == lower(other)
}

/// What the eye sees of a name.
fn looks(name: &str) -> String {
    let joined: String =
        name.chars().filter(|letter| !matches!(letter, '.' | '-' | '_' | '\u{2010}'..='\u{2015}')).collect();
    // By the letters' shapes: 1, I and | become l; 0 becomes O; m becomes rn (UTS 39 §4).
    let shapes: String = skeleton(&joined).collect::<String>().to_lowercase();
    shapes.replace('0', "o").replace("vv", "w").replace("cl", "d")
}

/// A domain as it is shown, without the disguise of IDN (RFC 3492).
fn spelled_out(domain: &str) -> String {
    let (shown, _) = idna::domain_to_unicode(domain);
    shown
}

/// The name and the ending of a domain: `ls.gov.cn` is `ls` and `gov.cn`.
fn ending(domain: &str) -> (&str, &str) {
    let Some((rest, top)) = domain.rsplit_once('.') else { return (domain, "") };
    match rest.rsplit_once('.') {
        Some((name, second)) if top.len() == 2 && SECOND_ENDINGS.contains(&second) => {
            (name, domain.get(name.len() + 1..).unwrap_or(top))
        }
        _ => (rest, top),
    }
}

/// At most so much of an address as a line holds.
fn excerpt(text: &str) -> String {
    let mut excerpt: String = text.chars().filter(|letter| !letter.is_control()).take(60).collect();
    if text.chars().count() > 60 {
        excerpt.push('…');
    }
    excerpt
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::unit::UnitCode;
    use proptest::prelude::*;

    fn roster() -> Roster {
        let unit = |code: &str, name: &str, emails: &[&str]| Unit {
            code: UnitCode::new(code),
            name: name.to_owned(),
            group: "县市区".to_owned(),
            aliases: Vec::new(),
            emails: emails.iter().map(|email| (*email).to_owned()).collect(),
            phone: None,
            contact: None,
            superior: None,
        };
        Roster::new(vec![
            unit("141102", "离石区", &["lishi01@163.com", "office@lishi.gov.cn"]),
            unit("S01", "市民政局", &["mzj@mzj.city-hall.example", "min.zheng@qq.com"]),
        ])
    }

    fn found(name: Option<&str>, address: &str) -> bool {
        imitation(&Address { name: name.map(str::to_owned), address: address.to_owned() }, &roster()).is_some()
    }

    #[test]
    fn look_alikes_are_found() {
        for address in [
            "lishio1@163.com",
            "lishi0l@163.com",
            "1ishi01@163.com",
            "Iishi01@163.com",
            "li.shi01@163.com",
            "minzheng@qq.com",
            "rnin.zheng@qq.com",
            "office@1ishi.gov.cn",
            "anybody@lishi.g0v.cn",
            "office@li-shi.gov.cn",
            "office@lishi-gov.cn",
            "office@lishi.com",
            "office@lishi.org.cn",
            "x@mzj.city-ha11.example",
            "mzj@mzj.cityhall.example",
            "rnzj@mzj.city-hall.example",
            // Cyrillic letters, as they are and as they travel.
            "office@lіshі.gov.cn",
            "office@xn--lsh-jhdc.gov.cn",
            "оffice@lishi.gov.cn",
            "office@ｌｉｓｈｉ.gov.cn",
        ] {
            assert!(found(None, address), "{address}");
        }
    }

    #[test]
    fn honest_addresses_are_not() {
        for address in [
            "lishi01@163.com",
            "LiShi01@163.com",
            "OFFICE@lishi.gov.cn",
            "lishi01@126.com",
            "lishi02@163.com",
            "wang@lishi.gov.cn",
            "czj@czj.city-hall.example",
            "a@lishii.gov.cn",
            "123456789@qq.com",
            "l23456789@qq.com",
            "someone@sina.cn",
            "nonsense",
            "@",
            "",
        ] {
            assert!(!found(None, address), "{address}");
        }
    }

    #[test]
    fn a_name_that_holds_another_address_deceives() {
        assert!(found(Some("office@lishi.gov.cn"), "x@evil.example"));
        assert!(found(Some("离石区 <office＠lishi.gov.cn>"), "x@evil.example"));
        assert!(found(Some("离石区（office@lishi.gov.cn）"), "x@evil.example"));
        assert!(!found(Some("a@b.example"), "lishi01@163.com"));
        assert!(!found(Some("Wang@Evil.example"), "wang@evil.example"));
        assert!(!found(Some("离石区双拥办 @办公室"), "x@evil.example"));
        assert!(!found(Some("a@b"), "x@evil.example"));
    }

    #[test]
    fn it_is_told_whom_it_imitates() {
        let sender = Address { name: None, address: "office@lishi.com".to_owned() };
        let words = imitation(&sender, &roster()).unwrap();
        assert!(words.contains("离石区") && words.contains("office@lishi.gov.cn"), "{words}");
    }

    proptest! {
        #[test]
        fn no_address_is_too_odd(name in any::<Option<String>>(), address in ".{0,40}@?.{0,40}") {
            let _ = imitation(&Address { name, address }, &roster());
        }

        #[test]
        fn an_address_of_the_roster_is_never_one(index in 0usize..2, upper in any::<bool>()) {
            let roster = roster();
            let address = &roster.units()[index].emails[0];
            let address = if upper { address.to_uppercase() } else { address.clone() };
            prop_assert!(!found(None, &address));
        }
    }
}
