//! Mail providers that anybody has an address at: their domains say nothing about a unit.

/// A label of the domain that gives such a provider away, whatever stands before or behind it (`vip.163.com`).
const PUBLIC: [&str; 48] = [
    "163",
    "126",
    "yeah",
    "188",
    "netease",
    "qq",
    "vip",
    "foxmail",
    "sina",
    "sohu",
    "139",
    "189",
    "21cn",
    "tom",
    "wo",
    "aliyun",
    "alibaba",
    "taobao",
    "263",
    "eyou",
    "chinaren",
    "sogou",
    "live",
    "hotmail",
    "outlook",
    "msn",
    "gmail",
    "googlemail",
    "google",
    "yahoo",
    "ymail",
    "icloud",
    "me",
    "mac",
    "aol",
    "gmx",
    "proton",
    "protonmail",
    "zoho",
    "yandex",
    "mail",
    "2980",
    "88",
    "111",
    "mailmaster",
    "exmail",
    "feishu",
    "10086",
];

/// Domains under which many offices have their addresses: a government's as a whole (`gov.cn`), not one office's.
const SHARED_SUFFIXES: [&str; 6] = ["gov.cn", "edu.cn", "org.cn", "com.cn", "net.cn", "cn"];

/// The domain of an address, lower case; `None` where there is none.
#[must_use]
pub fn domain_of(address: &str) -> Option<String> {
    let (_, domain) = address.rsplit_once('@')?;
    let domain = domain.trim().trim_end_matches('.').to_lowercase();
    (!domain.is_empty()).then_some(domain)
}

/// Whether one unit alone can have this domain at all.
#[must_use]
pub fn may_be_one_units(domain: &str) -> bool {
    !domain.split('.').any(|label| PUBLIC.contains(&label)) && !SHARED_SUFFIXES.contains(&domain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_providers_domain_is_nobodys() {
        for domain in
            ["163.com", "vip.163.com", "qq.com", "foxmail.com", "yahoo.com.cn", "189.cn", "163.example", "gov.cn"]
        {
            assert!(!may_be_one_units(domain), "{domain}");
        }
        assert!(may_be_one_units("lishi.example") && may_be_one_units("lishi.gov.cn"));
        assert_eq!(domain_of("A@LiShi.Example.").as_deref(), Some("lishi.example"));
        assert_eq!(domain_of("nobody"), None);
    }
}
