//! Whether a mail comes from where it says: what servers and signatures prove, and the words for it.

use crate::model::authenticity::{Method, Outcome, Reported, SignatureCheck, aligned, domain_of};
use crate::model::mail::Mail;

/// What the checks of one mail come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authenticity {
    /// Nothing failed, and something passed for the domain of From: by these checks.
    Confirmed(Vec<&'static str>),
    /// A check of the domain of From failed for certain; each in Chinese.
    Failed(Vec<&'static str>),
    /// Nothing proves anything. Usual: many of the government's mail servers sign nothing (mail.md 24).
    Unknown,
}

/// Weighs all results about the domain of From; a result about another domain says nothing.
///
/// As with DMARC (RFC 7489 §3), a mail that a forwarder sent on fails SPF and is still genuine where a signature fits.
/// Unlike there, a signature that does not fit is a failure even where SPF passes: what is judged is not whose server
/// it was, but whether the figures are those that were signed.
#[must_use]
pub fn of(mail: &Mail) -> Authenticity {
    let [from] = mail.headers.from.as_slice() else { return Authenticity::Unknown };
    let Some(domain) = domain_of(&from.address) else { return Authenticity::Unknown };
    let authentication = &mail.headers.authentication;
    // Each field for itself: where several claim to be the server's, one of them may be forged, and what it calls
    // passed must not outweigh what another calls failed.
    let fields: Vec<Authenticity> = authentication.reported.iter().map(|results| of_server(results, &domain)).collect();
    let own = match &authentication.signature {
        Some(SignatureCheck::Failed { .. }) => Authenticity::Failed(vec!["本程序验证DKIM签名不通过"]),
        Some(SignatureCheck::Passed { .. }) => Authenticity::Confirmed(vec!["本程序验证DKIM签名"]),
        Some(SignatureCheck::Unsigned | SignatureCheck::Undecided { .. }) | None => Authenticity::Unknown,
    };
    let (mut passed, mut failed) = (Vec::new(), Vec::new());
    for authenticity in fields.into_iter().chain([own]) {
        match authenticity {
            Authenticity::Confirmed(checks) => note(&mut passed, checks),
            Authenticity::Failed(checks) => note(&mut failed, checks),
            Authenticity::Unknown => {}
        }
    }
    match (failed.is_empty(), passed.is_empty()) {
        (false, _) => Authenticity::Failed(failed),
        (true, false) => Authenticity::Confirmed(passed),
        (true, true) => Authenticity::Unknown,
    }
}

fn note(known: &mut Vec<&'static str>, checks: Vec<&'static str>) {
    for check in checks {
        if !known.contains(&check) {
            known.push(check);
        }
    }
}

/// What one field of the receiving server says about mail From `domain`.
fn of_server(results: &[Reported], domain: &str) -> Authenticity {
    let said = |method: Method, outcome: Outcome| {
        results.iter().any(|result| {
            // DMARC is about From, whether the server repeats its domain or not.
            let speaks = match (&result.domain, method) {
                (Some(checked), _) => aligned(domain, checked),
                (None, Method::Dmarc) => true,
                (None, Method::Spf | Method::Dkim) => false,
            };
            result.method == method && result.outcome == outcome && speaks
        })
    };
    let signed = said(Method::Dkim, Outcome::Pass);
    let mut failed = Vec::new();
    if said(Method::Dmarc, Outcome::Fail) {
        failed.push("收信服务器的DMARC检验不通过");
    }
    // A second signature that does not fit takes nothing from one that does.
    if !signed && said(Method::Dkim, Outcome::Fail) {
        failed.push("收信服务器的DKIM检验不通过");
    }
    if !signed && !said(Method::Dmarc, Outcome::Pass) && said(Method::Spf, Outcome::Fail) {
        failed.push("收信服务器的SPF检验不通过");
    }
    if !failed.is_empty() {
        return Authenticity::Failed(failed);
    }
    let names = [
        (Method::Dmarc, "收信服务器的DMARC检验"),
        (Method::Dkim, "收信服务器的DKIM检验"),
        (Method::Spf, "收信服务器的SPF检验"),
    ];
    let passed: Vec<&'static str> =
        names.into_iter().filter(|(method, _)| said(*method, Outcome::Pass)).map(|(_, name)| name).collect();
    if passed.is_empty() { Authenticity::Unknown } else { Authenticity::Confirmed(passed) }
}

/// Whether the address in From may count as evidence of whose mail it is. Where a check of its domain failed, anybody
/// may have written it there.
#[must_use]
pub fn address_counts(mail: &Mail) -> bool {
    !matches!(of(mail), Authenticity::Failed(_))
}

/// One sentence for a person.
#[must_use]
pub fn in_words(mail: &Mail) -> String {
    match of(mail) {
        Authenticity::Confirmed(checks) => format!("来源检验通过：{}。", checks.join("、")),
        Authenticity::Failed(checks) => {
            format!("来源检验未通过：{}。发件地址可能被冒用，或邮件在途中被改动。", checks.join("、"))
        }
        Authenticity::Unknown => match &mail.headers.authentication.signature {
            Some(SignatureCheck::Undecided { .. }) => {
                "来信带有DKIM签名，但没有取得可用的公钥，无法验证真伪；不能据此认为有问题。".to_owned()
            }
            Some(SignatureCheck::Unsigned | SignatureCheck::Passed { .. } | SignatureCheck::Failed { .. }) | None => {
                "没有可用的来源检验结果（政务邮箱常见），不能据此认为有问题。".to_owned()
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::authenticity::Authentication;
    use crate::model::mail::Address;

    fn mail(reported: &[&[(Method, Outcome, Option<&str>)]], signature: Option<SignatureCheck>) -> Mail {
        let mut mail = crate::read::open(b"From: a@ls.example\r\n\r\n", &crate::read::Limits::default());
        mail.headers.from = vec![Address { name: None, address: "a@LS.example".to_owned() }];
        let field = |results: &&[(Method, Outcome, Option<&str>)]| {
            let result = |(method, outcome, domain): &(Method, Outcome, Option<&str>)| Reported {
                method: *method,
                outcome: *outcome,
                domain: domain.map(str::to_owned),
            };
            results.iter().map(result).collect()
        };
        mail.headers.authentication = Authentication { reported: reported.iter().map(field).collect(), signature };
        mail
    }

    #[test]
    fn only_results_about_the_domain_of_from_count() {
        use Method::{Dkim, Dmarc, Spf};
        use Outcome::{Fail, Pass, Undecided};
        let own = Some("ls.example");
        let other = Some("mailer.example");
        for (results, word) in [
            (&[][..], "unknown"),
            (&[(Dkim, Pass, own)][..], "confirmed"),
            (&[(Spf, Pass, own)][..], "confirmed"),
            (&[(Dmarc, Pass, None)][..], "confirmed"),
            (&[(Dkim, Pass, other), (Spf, Pass, other)][..], "unknown"),
            (&[(Dkim, Fail, other), (Spf, Fail, other), (Spf, Fail, None)][..], "unknown"),
            (&[(Dkim, Undecided, own), (Spf, Undecided, own), (Dmarc, Undecided, own)][..], "unknown"),
            (&[(Dkim, Fail, own)][..], "failed"),
            (&[(Spf, Fail, own)][..], "failed"),
            (&[(Dmarc, Fail, own)][..], "failed"),
            // Sent on by another server: the signature still fits.
            (&[(Spf, Fail, own), (Dkim, Pass, own)][..], "confirmed"),
            // The signature is another's: it helps nobody.
            (&[(Spf, Fail, own), (Dkim, Pass, other)][..], "failed"),
            (&[(Dkim, Fail, own), (Dkim, Pass, own)][..], "confirmed"),
            (&[(Dkim, Fail, own), (Spf, Pass, own)][..], "failed"),
            (&[(Dmarc, Fail, own), (Dkim, Pass, own)][..], "failed"),
        ] {
            let found = match of(&mail(&[results], None)) {
                Authenticity::Confirmed(_) => "confirmed",
                Authenticity::Failed(_) => "failed",
                Authenticity::Unknown => "unknown",
            };
            assert_eq!(found, word, "{results:?}");
        }
    }

    #[test]
    fn of_two_fields_the_failed_one_counts() {
        let (pass, fail) =
            ([(Method::Dkim, Outcome::Pass, Some("ls.example"))], [(Method::Spf, Outcome::Fail, Some("ls.example"))]);
        assert!(matches!(of(&mail(&[&pass, &fail], None)), Authenticity::Failed(_)));
    }

    #[test]
    fn our_own_verification_counts_where_it_decides() {
        let domain = || "ls.example".to_owned();
        for (check, counts, words) in [
            (SignatureCheck::Failed { domain: domain() }, false, "未通过"),
            (SignatureCheck::Passed { domain: domain() }, true, "来源检验通过"),
            (SignatureCheck::Undecided { domain: domain() }, true, "没有取得可用的公钥"),
            (SignatureCheck::Unsigned, true, "没有可用的来源检验结果"),
        ] {
            let mail = mail(&[], Some(check));
            assert_eq!(address_counts(&mail), counts);
            assert!(in_words(&mail).contains(words), "{}", in_words(&mail));
        }
    }
}
