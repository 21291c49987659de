//! What was found out about whether a mail comes from where it says.

use serde::{Deserialize, Serialize};

/// All that was checked about one mail's origin. Nothing checked is the usual case, and says nothing against it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authentication {
    /// What the server that took the mail in found (RFC 8601), one list for each field that may be believed.
    pub reported: Vec<Vec<Reported>>,
    /// What our own verification of the DKIM signatures came to; `None` where nobody verified them.
    pub signature: Option<SignatureCheck>,
}

/// One result of a server's check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reported {
    pub method: Method,
    pub outcome: Outcome,
    /// Whose domain was checked: the envelope sender's, the signer's, or that of From. Lower case.
    pub domain: Option<String>,
}

/// What was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// RFC 7208: whether the sending host may send for the envelope sender's domain.
    Spf,
    /// RFC 6376: whether the signature of a domain fits the mail.
    Dkim,
    /// RFC 7489: whether SPF or DKIM passed for the domain of From.
    Dmarc,
}

/// What a check came to (RFC 8601 §2.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Pass,
    /// A definite failure.
    Fail,
    /// `none`, `neutral`, `softfail`, `temperror`, `permerror`, `policy` or a word nobody knows: it proves nothing.
    Undecided,
}

/// What our own verification of the signatures of From's domain came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum SignatureCheck {
    /// The domain of From has signed nothing here.
    Unsigned,
    Passed {
        domain: String,
    },
    /// The published key does not fit: the mail was altered after it was signed, or another signed it.
    Failed {
        domain: String,
    },
    /// The key could not be had, or proves nothing.
    Undecided {
        domain: String,
    },
}

/// Whether a result for `checked` speaks about mail From `from`: they are the same, or one lies below the other. Relaxed
/// alignment (RFC 7489 §3.1) also takes two domains below one registered domain; telling which domains are registered
/// needs a list that grows old, and to say too seldom that a result speaks is the safe side.
#[must_use]
pub fn aligned(from: &str, checked: &str) -> bool {
    let plain = |domain: &str| domain.trim_end_matches('.').to_ascii_lowercase();
    let (from, checked) = (plain(from), plain(checked));
    let below = |lower: &str, upper: &str| {
        upper.contains('.') && lower.strip_suffix(upper).is_some_and(|rest| rest.ends_with('.'))
    };
    !from.is_empty() && (from == checked || below(&from, &checked) || below(&checked, &from))
}

/// The part of an address behind its last `@`, lower case.
#[must_use]
pub fn domain_of(address: &str) -> Option<String> {
    let (_, domain) = address.rsplit_once('@')?;
    (!domain.is_empty()).then(|| domain.trim_end_matches('.').to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alignment_is_about_the_domain_of_from() {
        for (from, checked, speaks) in [
            ("ls.gov.example", "ls.gov.example", true),
            ("LS.gov.example", "ls.GOV.example.", true),
            ("mail.ls.gov.example", "ls.gov.example", true),
            ("ls.gov.example", "mail.ls.gov.example", true),
            ("ls.gov.example", "xls.gov.example", false),
            ("ls.gov.example", "other.example", false),
            // Nobody signs for a whole top-level domain.
            ("ls.gov.example", "example", false),
            ("", "", false),
        ] {
            assert_eq!(aligned(from, checked), speaks, "{from} {checked}");
        }
    }
}
