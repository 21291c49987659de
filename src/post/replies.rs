//! What an SMTP reply means for the next step: by NetEase's and Tencent's own words first, then by the number
//! (mail.md 11). Pure.

use crate::model::letter::Delivery;

/// Seconds to wait where a server asks for a pause and names none.
const PAUSE: u64 = 600;
const MINUTE: u64 = 60;
const HOUR: u64 = 3600;

/// What the words of a reply mean.
#[derive(Clone, Copy)]
enum Meaning {
    After(u64),
    Tomorrow,
    Hold,
    Stop,
    Credentials,
    NoSuchRecipient,
}

/// A line of the table: the reply holds `words` (upper case), and its code is one of `codes` (empty: any refusal).
struct Rule {
    codes: &'static [u16],
    words: &'static str,
    meaning: Meaning,
}

const fn rule(codes: &'static [u16], words: &'static str, meaning: Meaning) -> Rule {
    Rule { codes, words, meaning }
}

/// The first line that fits decides. NetEase's mnemonics are documented at help.mail.163.com (退信代码说明).
const RULES: &[Rule] = &[
    // The account: a wrong password or an authorisation code that has expired. Trying on locks it.
    rule(&[530, 534, 535, 538], "", Meaning::Credentials),
    rule(&[550, 553, 554], "USER HAS NO PERMISSION", Meaning::Credentials),
    rule(&[550, 553, 554], "AUTHENTICATION IS REQUIRED", Meaning::Credentials),
    // The sender is not the login (163: 553, QQ: 501 and 502): no letter will go out until it is mended.
    rule(&[501, 502, 553], "MAIL FROM", Meaning::Stop),
    rule(&[501, 553], "SENDER", Meaning::Stop),
    // Too much at once.
    rule(&[451], "MI:SFQ", Meaning::After(15 * MINUTE)),
    rule(&[451, 450], "RP:QRC", Meaning::After(3 * HOUR)),
    rule(&[451, 450], "DT:SPM", Meaning::After(2 * MINUTE)),
    rule(&[421], "HL:", Meaning::After(15 * MINUTE)),
    // Too much for today.
    rule(&[550, 554, 451], "MI:STC", Meaning::Tomorrow),
    rule(&[550, 554, 451], "RP:TRC", Meaning::Tomorrow),
    rule(&[550, 554], "FREQUENCY LIMIT", Meaning::Tomorrow),
    rule(&[550, 552, 554], "SENDING LIMIT", Meaning::Tomorrow),
    // We ourselves are refused.
    rule(&[550, 554], "HL:ITC", Meaning::Stop),
    rule(&[550, 554], "HL:IHU", Meaning::Stop),
    rule(&[550, 554], "MI:SPB", Meaning::Stop),
    rule(&[550, 553, 554], "IP IS REJECTED", Meaning::Stop),
    // This letter is refused.
    rule(&[550, 554], "DT:SPM", Meaning::Hold),
    // This recipient is no more.
    rule(&[550, 551, 553, 554], "INVALID USER", Meaning::NoSuchRecipient),
    rule(&[550, 551, 553, 554], "USER SUSPENDED", Meaning::NoSuchRecipient),
    rule(&[550, 551, 553, 554], "USER NOT FOUND", Meaning::NoSuchRecipient),
    rule(&[550, 551, 553, 554], "USER UNKNOWN", Meaning::NoSuchRecipient),
    rule(&[550, 551, 553, 554], "UNKNOWN USER", Meaning::NoSuchRecipient),
    rule(&[550, 551, 553, 554], "NO SUCH", Meaning::NoSuchRecipient),
    rule(&[550, 551, 553, 554], "MAILBOX NOT FOUND", Meaning::NoSuchRecipient),
    rule(&[550, 551, 553, 554], "MAILBOX UNAVAILABLE", Meaning::NoSuchRecipient),
    rule(&[550, 551, 553, 554], "RECIPIENT ADDRESS REJECTED", Meaning::NoSuchRecipient),
    rule(&[550, 551, 553, 554], "UNROUTEABLE ADDRESS", Meaning::NoSuchRecipient),
    rule(&[], "5.1.1", Meaning::NoSuchRecipient),
    rule(&[], "5.1.2", Meaning::NoSuchRecipient),
    rule(&[], "5.1.3", Meaning::NoSuchRecipient),
    rule(&[], "5.1.10", Meaning::NoSuchRecipient),
];

/// At which command a reply came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Greeting,
    Login,
    /// MAIL FROM.
    Sender,
    /// RCPT TO.
    Recipient,
    /// DATA, and the answer to the final dot.
    Message,
}

/// Sorts a reply. `text` is the reply without its code, its lines joined; it may hold anything.
#[must_use]
pub fn classify(stage: Stage, code: u16, text: &str) -> Delivery {
    let reply = format!("{code} {}", crate::wire::printable(text.as_bytes()));
    let words = text.to_ascii_uppercase();
    if (200..300).contains(&code) {
        return Delivery::Accepted { reply };
    }
    // "Go on" is no word on a letter that is through: what became of it nobody knows.
    if (300..400).contains(&code) {
        return Delivery::Unknown { reply };
    }
    // 421 HL:ICC and its kind are about the moment, whatever stands beside them.
    let fits = |rule: &&Rule| (rule.codes.is_empty() || rule.codes.contains(&code)) && has_word(&words, rule.words);
    let meaning = RULES.iter().find(fits).map(|rule| rule.meaning).unwrap_or_else(|| by_number(stage, code));
    match meaning {
        Meaning::After(after_seconds) => Delivery::Retry { after_seconds, reply },
        Meaning::Tomorrow => Delivery::Tomorrow { reply },
        Meaning::Hold => Delivery::Hold { reply },
        Meaning::Stop => Delivery::Stop { reply },
        Meaning::Credentials => Delivery::Credentials { reply },
        Meaning::NoSuchRecipient => Delivery::NoSuchRecipient { reply },
    }
}

/// What a refusal means that no rule knows.
fn by_number(stage: Stage, code: u16) -> Meaning {
    match (stage, code) {
        // Not accepted at login means not this password, unless the server says "not now".
        (Stage::Login, 500..) => Meaning::Credentials,
        (_, 452) => Meaning::After(HOUR),
        (_, 400..500) => Meaning::After(PAUSE),
        (Stage::Greeting | Stage::Sender, _) => Meaning::Stop,
        // A full mailbox (552), a policy, a filter: not for a program to decide.
        (Stage::Recipient | Stage::Message | Stage::Login, _) => Meaning::Hold,
    }
}

/// Whether the words stand in the text and do not run on: `5.1.1` is not in `5.1.10`.
fn has_word(text: &str, words: &str) -> bool {
    words.is_empty()
        || text.match_indices(words).any(|(at, found)| {
            let behind = text.get(at + found.len()..).and_then(|rest| rest.chars().next());
            !found.ends_with(|end: char| end.is_ascii_digit()) || !behind.is_some_and(|next| next.is_ascii_digit())
        })
}

/// Of the outcomes for several recipients the one that needs most care, with the recipients it is about in its reply.
///
/// `Unknown` comes first, because sending again could double a letter; then what stops the account; then what a person
/// must see; then what waits. Only where all were accepted is the letter accepted.
#[must_use]
pub fn gravest(outcomes: Vec<(String, Delivery)>) -> Delivery {
    let whole = outcomes.len();
    let accepted = outcomes.iter().filter(|(_, outcome)| matches!(outcome, Delivery::Accepted { .. })).count();
    let worst = outcomes.into_iter().max_by_key(|(_, outcome)| gravity(outcome));
    let Some((recipient, mut worst)) = worst else {
        return Delivery::Hold { reply: "这封信没有收件人".to_owned() };
    };
    // Some have it and some do not: doing it all again would send twice to those who have it.
    if accepted > 0 && matches!(worst, Delivery::Retry { .. } | Delivery::NotReached { .. } | Delivery::Tomorrow { .. })
    {
        worst = Delivery::Hold { reply: worst.reply().to_owned() };
    }
    if whole > 1 && gravity(&worst) > 0 {
        let told = format!("{whole} 个收件人中 {accepted} 个已收下；{recipient}：{}", worst.reply());
        *reply_mut(&mut worst) = told;
    }
    worst
}

fn gravity(outcome: &Delivery) -> u8 {
    match outcome {
        Delivery::Accepted { .. } => 0,
        Delivery::NotReached { .. } => 1,
        Delivery::Retry { .. } => 2,
        Delivery::Tomorrow { .. } => 3,
        Delivery::NoSuchRecipient { .. } => 4,
        Delivery::Hold { .. } => 5,
        Delivery::Stop { .. } => 6,
        Delivery::Credentials { .. } => 7,
        Delivery::Unknown { .. } => 8,
    }
}

fn reply_mut(outcome: &mut Delivery) -> &mut String {
    match outcome {
        Delivery::Accepted { reply }
        | Delivery::Retry { reply, .. }
        | Delivery::Tomorrow { reply }
        | Delivery::Hold { reply }
        | Delivery::Stop { reply }
        | Delivery::Credentials { reply }
        | Delivery::NoSuchRecipient { reply }
        | Delivery::NotReached { reply }
        | Delivery::Unknown { reply } => reply,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(stage: Stage, code: u16, text: &str) -> String {
        match classify(stage, code, text) {
            Delivery::Accepted { .. } => "accepted".to_owned(),
            Delivery::Retry { after_seconds, .. } => format!("retry {after_seconds}"),
            Delivery::Tomorrow { .. } => "tomorrow".to_owned(),
            Delivery::Hold { .. } => "hold".to_owned(),
            Delivery::Stop { .. } => "stop".to_owned(),
            Delivery::Credentials { .. } => "credentials".to_owned(),
            Delivery::NoSuchRecipient { .. } => "nobody".to_owned(),
            Delivery::NotReached { .. } => "not reached".to_owned(),
            Delivery::Unknown { .. } => "unknown".to_owned(),
        }
    }

    #[test]
    fn every_line_of_the_table_of_replies() {
        use Stage::{Greeting, Login, Message, Recipient, Sender};
        for (stage, code, text, expected) in [
            (Message, 250, "Mail OK queued as smtp1", "accepted"),
            (Message, 354, "go on", "unknown"),
            (Greeting, 421, "HL:ICC 163 smtp1,AAAAA", "retry 900"),
            (Greeting, 421, "HL:REP 163 smtp1", "retry 900"),
            (Recipient, 450, "MI:CEL 163 smtp5", "retry 600"),
            (Recipient, 450, "Requested mail action not taken: too much", "retry 600"),
            (Sender, 451, "MI:SFQ 163 smtp1", "retry 900"),
            (Recipient, 451, "RP:QRC 163 smtp1", "retry 10800"),
            (Message, 451, "DT:SPM, please try again", "retry 120"),
            (Sender, 550, "MI:STC 163 smtp1", "tomorrow"),
            (Sender, 554, "MI:STC 163 smtp1", "tomorrow"),
            (Recipient, 550, "RP:TRC 163 smtp1", "tomorrow"),
            (Recipient, 554, "RP:TRC 163 smtp1", "tomorrow"),
            (Sender, 550, "Mailbox frequency limited: frequency limit exceeded", "tomorrow"),
            (Greeting, 554, "HL:ITC 163 smtp1", "stop"),
            (Greeting, 554, "HL:IHU 163 smtp1", "stop"),
            (Sender, 554, "MI:SPB 163 smtp1", "stop"),
            (Greeting, 554, "IP is rejected, smtp auth error limit exceed", "stop"),
            (Message, 554, "DT:SPM 163 smtp1,AAAAA http://mail.163.com/help", "hold"),
            (Message, 550, "DT:SPM mail is rejected", "hold"),
            (Login, 535, "Error: authentication failed", "credentials"),
            (Login, 535, "?????????", "credentials"),
            (Login, 550, "User has no permission", "credentials"),
            (Sender, 550, "User has no permission", "credentials"),
            (Login, 454, "Temporary authentication failure", "retry 600"),
            (Recipient, 550, "Invalid User: nobody@unit.example", "nobody"),
            (Recipient, 550, "User suspended: gone@unit.example", "nobody"),
            (Recipient, 550, "5.1.1 <nobody@unit.example>: who", "nobody"),
            (Recipient, 552, "5.2.2 mailbox full", "hold"),
            (Sender, 553, "Mail from must equal authorized user", "stop"),
            (Sender, 501, "mail from address must be same as authorization user.", "stop"),
        ] {
            assert_eq!(kind(stage, code, text), expected, "{code} {text}");
        }
    }

    #[test]
    fn enhanced_codes_do_not_run_on() {
        assert_eq!(kind(Stage::Recipient, 550, "5.1.10 null mx"), "nobody");
        assert_eq!(kind(Stage::Recipient, 550, "5.1.17 odd"), "hold");
    }

    fn accepted() -> Delivery {
        Delivery::Accepted { reply: "250 ok".to_owned() }
    }

    #[test]
    fn one_of_several_decides() {
        let several =
            |last| gravest(vec![("a@unit.example".to_owned(), accepted()), ("b@unit.example".to_owned(), last)]);
        assert_eq!(several(accepted()), accepted());
        let gone = several(Delivery::NoSuchRecipient { reply: "550 no".to_owned() });
        assert!(matches!(&gone, Delivery::NoSuchRecipient { reply } if reply.contains("b@unit.example")), "{gone:?}");
        // Half done is never simply done again.
        assert!(matches!(several(Delivery::NotReached { reply: String::new() }), Delivery::Hold { .. }));
        assert!(matches!(several(Delivery::Unknown { reply: String::new() }), Delivery::Unknown { .. }));
        assert!(matches!(gravest(Vec::new()), Delivery::Hold { .. }));
    }

    #[test]
    fn a_single_outcome_stays_as_it_is() {
        let only = Delivery::NotReached { reply: "refused".to_owned() };
        assert_eq!(gravest(vec![("a@unit.example".to_owned(), only.clone())]), only);
    }
}
