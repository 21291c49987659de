//! Authentication-Results (RFC 8601): what the server that took a mail in found out about its origin.
//!
//! Anybody can write such a field. Only one whose authserv-id is the host that wrote the topmost Received field is
//! believed: that field was written last, by the server the mail was delivered to. Where in the header the result
//! stands proves nothing, since NetEase writes its own near the end, below whatever the sender wrote.

use super::fields::Fields;
use crate::model::authenticity::{Method, Outcome, Reported, domain_of};

/// Octets of one field that are looked at.
const LONGEST: usize = 1 << 13;
/// Fields that are looked at; a server writes one or two.
const MOST_FIELDS: usize = 20;
/// Results taken from one field.
const MOST_RESULTS: usize = 50;

/// The results of each field that may be believed.
#[must_use]
pub fn read(fields: &Fields) -> Vec<Vec<Reported>> {
    let Some(host) = fields.first("received").and_then(receiving_host) else { return Vec::new() };
    let parsed = fields.all("authentication-results").take(MOST_FIELDS).filter_map(parse);
    parsed.filter(|field| field.server == host).map(|field| field.results).collect()
}

/// The host that wrote a Received field, lower case (`by` in RFC 5321 §4.4). `None` where `by` stands there twice: the
/// name that the other side gave itself is repeated in this field too.
#[must_use]
pub fn receiving_host(value: &[u8]) -> Option<String> {
    let tokens = tokens(value);
    let mut hosts = tokens
        .iter()
        .zip(tokens.iter().skip(1))
        .take_while(|(word, _)| **word != Token::Mark(';'))
        .filter(|(word, _)| matches!(word, Token::Word(word) if word.eq_ignore_ascii_case("by")));
    match (hosts.next(), hosts.next()) {
        (Some((_, Token::Word(host))), None) => Some(host_name(host)),
        _ => None,
    }
}

/// One field, believed or not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Field {
    /// The authserv-id, lower case.
    pub server: String,
    pub results: Vec<Reported>,
}

/// Reads one field; `None` where it does not begin as one.
#[must_use]
pub fn parse(value: &[u8]) -> Option<Field> {
    let tokens = tokens(value);
    let mut clauses = tokens.split(|token| *token == Token::Mark(';'));
    let Some(Token::Word(server)) = clauses.next()?.first() else { return None };
    let results = clauses.filter_map(result).take(MOST_RESULTS).collect();
    Some(Field { server: host_name(server), results })
}

fn host_name(word: &str) -> String {
    word.trim_end_matches('.').to_ascii_lowercase()
}

/// `dkim=pass reason="…" header.d=a.example header.i=@a.example`.
fn result(clause: &[Token]) -> Option<Reported> {
    let mut pairs = clause.windows(3).filter_map(|window| match window {
        [Token::Word(key), Token::Mark('='), Token::Word(value)] => Some((key.to_ascii_lowercase(), value)),
        _ => None,
    });
    let (_, word) = pairs.next()?;
    let Some(Token::Word(name)) = clause.first() else { return None };
    // `dkim/1`: the version of the method.
    let method = match name.split('/').next().unwrap_or_default().to_ascii_lowercase().as_str() {
        "spf" => Method::Spf,
        "dkim" => Method::Dkim,
        "dmarc" => Method::Dmarc,
        _ => return None,
    };
    let outcome = match word.to_ascii_lowercase().as_str() {
        "pass" => Outcome::Pass,
        // `hardfail` is the word of RFC 5451.
        "fail" | "hardfail" => Outcome::Fail,
        _ => Outcome::Undecided,
    };
    // NetEase writes `smtp.mail` for `smtp.mailfrom`, and names a signer by `header.i` alone.
    let wanted: &[&str] = match method {
        Method::Spf => &["smtp.mailfrom", "smtp.mail", "smtp.from"],
        Method::Dkim => &["header.d", "header.i"],
        Method::Dmarc => &["header.from"],
    };
    let properties: Vec<(String, &String)> = pairs.collect();
    let domain = wanted.iter().find_map(|key| {
        let (_, value) = properties.iter().find(|(name, _)| name == key)?;
        if value.contains('@') { domain_of(value.trim_matches(['<', '>'])) } else { Some(host_name(value)) }
    });
    Some(Reported { method, outcome, domain: domain.filter(|domain| !domain.is_empty()) })
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    /// `;` or `=`.
    Mark(char),
}

/// Words and marks of a structured field, without comments and the quotes of quoted words.
fn tokens(value: &[u8]) -> Vec<Token> {
    let text = String::from_utf8_lossy(value.get(..LONGEST).unwrap_or(value));
    let mut tokens = Vec::new();
    let mut word = String::new();
    let mut letters = text.chars();
    let (mut depth, mut quoted) = (0_usize, false);
    // An envelope sender may hold `=` itself: `SRS0=hash=tt=a.example=user@b.example`.
    let mut in_value = false;
    while let Some(letter) = letters.next() {
        match letter {
            '\\' if quoted || depth > 0 => {
                let escaped = letters.next();
                word.extend(escaped.filter(|_| depth == 0));
            }
            '"' if depth == 0 => quoted = !quoted,
            _ if quoted => word.push(letter),
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if depth > 0 => {}
            ';' | '=' if letter == ';' || !in_value => {
                in_value = letter == '=';
                end_word(&mut word, &mut tokens);
                tokens.push(Token::Mark(letter));
            }
            _ if letter.is_whitespace() => {
                in_value = false;
                end_word(&mut word, &mut tokens);
            }
            _ => word.push(letter),
        }
    }
    end_word(&mut word, &mut tokens);
    tokens
}

fn end_word(word: &mut String, tokens: &mut Vec<Token>) {
    if !word.is_empty() {
        tokens.push(Token::Word(std::mem::take(word)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn reported(method: Method, outcome: Outcome, domain: Option<&str>) -> Reported {
        Reported { method, outcome, domain: domain.map(str::to_owned) }
    }

    fn header(text: &str) -> Vec<Vec<Reported>> {
        read(&Fields::parse(text.replace('\n', "\r\n").as_bytes()))
    }

    #[test]
    fn the_examples_of_rfc_8601() {
        // Appendix B.1, B.3, B.4 and B.5, with hosts and folds as they stand there.
        let none = parse(b" example.org 1; none").unwrap();
        assert_eq!(none, Field { server: "example.org".to_owned(), results: Vec::new() });
        let spf = parse(b" example.com;\r\n          spf=pass smtp.mailfrom=example.net").unwrap();
        assert_eq!(spf.results, [reported(Method::Spf, Outcome::Pass, Some("example.net"))]);
        let two =
            b" example.com; auth=pass (cram-md5) smtp.auth=sender@example.net; spf=fail smtp.mailfrom=example.net";
        assert_eq!(parse(two).unwrap().results, [reported(Method::Spf, Outcome::Fail, Some("example.net"))]);
        let commented = b" foo.example.net (foobar) 1 (baz);\r\n    dkim (Because I like it) / 1 (One yay) = (wait for it) fail\r\n      policy (A dot can go here) . (like that) expired\r\n      (this surprised me) = (as I wasn't expecting it) 1362471462";
        let commented = parse(commented).unwrap();
        assert_eq!(commented.server, "foo.example.net");
        assert_eq!(commented.results, [reported(Method::Dkim, Outcome::Fail, None)]);
    }

    #[test]
    fn netease_writes_it_near_the_end_with_a_bare_host() {
        let mail = "Received: from mail.ls.example (unknown [127.0.0.1]) by mx13 (Coremail) with SMTP id x; Thu, 5 Aug 2021 10:00:00 +0800 (CST)\nAuthentication-Results: mx.evil.example; dmarc=pass header.from=ls.example\nFrom: a@ls.example\nAuthentication-Results: mx13; spf=fail smtp.mail=a@ls.example; dkim=none; dmarc=fail header.from=ls.example\n";
        assert_eq!(
            header(mail),
            [vec![
                reported(Method::Spf, Outcome::Fail, Some("ls.example")),
                reported(Method::Dkim, Outcome::Undecided, None),
                reported(Method::Dmarc, Outcome::Fail, Some("ls.example")),
            ]]
        );
    }

    #[test]
    fn a_forged_field_is_not_believed() {
        let forged = "Authentication-Results: mx.evil.example; dkim=pass header.d=ls.example\n";
        let received = |by: &str| format!("Received: from x {by} with SMTP id y; Thu, 5 Aug 2021 10:00:00 +0800\n");
        assert!(header(forged).is_empty());
        assert!(header(&format!("{}{forged}", received("by mx.own.example"))).is_empty());
        // What the other side said of itself is no host of ours, in whatever form it stands there.
        for by in ["(by mx.evil.example) by mx.own.example", "by mx.evil.example by mx.own.example", ""] {
            assert!(header(&format!("{}{forged}", received(by))).is_empty(), "{by}");
        }
        // Only the topmost field is written by the last server.
        let below = format!("{}{}{forged}", received("by mx.own.example"), received("by mx.evil.example"));
        assert!(header(&below).is_empty());
        assert_eq!(header(&format!("{}{forged}", received("BY MX.EVIL.example."))).len(), 1);
    }

    #[test]
    fn properties_are_found_whoever_writes_them() {
        for (clause, expected) in [
            ("dkim=pass header.i=@qq.example", reported(Method::Dkim, Outcome::Pass, Some("qq.example"))),
            (
                "dkim=pass reason=\"a; b=c\" header.d=QQ.example",
                reported(Method::Dkim, Outcome::Pass, Some("qq.example")),
            ),
            (
                "DKIM=Fail (body; hash) header.i=x@b.example header.d=a.example",
                reported(Method::Dkim, Outcome::Fail, Some("a.example")),
            ),
            (
                "spf=softfail smtp.mailfrom=\"a b\"@c.example",
                reported(Method::Spf, Outcome::Undecided, Some("c.example")),
            ),
            (
                "spf=pass smtp.mail=SRS0=h=tt=a.example=u@c.example",
                reported(Method::Spf, Outcome::Pass, Some("c.example")),
            ),
            ("spf=hardfail smtp.helo=c.example", reported(Method::Spf, Outcome::Fail, None)),
            ("dkim/1=temperror", reported(Method::Dkim, Outcome::Undecided, None)),
        ] {
            let field = parse(format!("mx; {clause}").as_bytes()).unwrap();
            assert_eq!(field.results, [expected], "{clause}");
        }
        for nothing in ["", ";", "= ; =", "\"", "(", "mx; iprev=pass; =pass; dkim; dkim="] {
            assert!(parse(nothing.as_bytes()).is_none_or(|field| field.results.is_empty()), "{nothing}");
        }
    }

    proptest! {
        #[test]
        fn no_octets_are_too_much(value in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = (parse(&value), receiving_host(&value));
        }

        #[test]
        fn what_looks_like_a_field_is_bounded(value in "(mx|; ?|dkim=|spf=|pass|fail|header\\.d=| |\\(|\\)|\"|\\\\|a\\.example){0,60}") {
            let field = parse(value.as_bytes());
            prop_assert!(field.is_none_or(|field| field.results.len() <= MOST_RESULTS));
        }
    }
}
