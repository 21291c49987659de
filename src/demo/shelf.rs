//! The demo's output folder: mails and letters as files, and a line for the page about each.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use chrono::{DateTime, FixedOffset};

use super::SampleMail;
use super::index::{DemoArrival, DemoLetter, Tone};
use crate::judge::due;
use crate::model::campaign::Campaign;
use crate::model::ledger::{EventKind, Nature, Verdict};
use crate::model::letter::{Letter, LetterKey, LetterKind};
use crate::post::compose;
use crate::store::Store;
use crate::work::desk::TakenIn;

/// Where the demo puts its files.
pub(super) struct Shelf {
    out: PathBuf,
    /// Code and name of each unit, titles of the items.
    campaign: Campaign,
    bounced: bool,
    letters: usize,
}

impl Shelf {
    pub(super) fn new(out: &Path, campaign: &Campaign) -> Result<Self> {
        for folder in ["letters", "digests", "mails"] {
            let path = out.join(folder);
            std::fs::create_dir_all(&path).with_context(|| path.display().to_string())?;
        }
        Ok(Self { out: out.to_path_buf(), campaign: campaign.clone(), bounced: false, letters: 0 })
    }

    pub(super) fn note_bounce(&mut self) {
        self.bounced = true;
    }

    pub(super) fn saw_bounce(&self) -> bool {
        self.bounced
    }

    pub(super) fn keep_mail(&self, mail: &SampleMail) -> Result<()> {
        let name = format!("mails/{}-{}.eml", mail.received_at.format("%m%d-%H%M"), mail.name);
        self.write(&name, &mail.bytes)
    }

    /// Whether this is the final report: nothing else has its Message-ID.
    pub(super) fn is_final(&self, letter: &Letter, sender_domain: &str) -> bool {
        let key = LetterKey::Digest { campaign: self.campaign.id.clone(), slot: due::final_slot(&self.campaign) };
        letter.message_id == key.message_id(sender_domain)
    }

    /// Writes a letter as .eml and as a page of its own, pictures included.
    pub(super) fn keep_letter(&mut self, letter: &Letter, is_final: bool, bytes: &[u8]) -> Result<DemoLetter> {
        self.letters += 1;
        let unit = letter.unit.as_ref().map_or("office", |unit| unit.as_str());
        let stem = match letter.kind {
            LetterKind::Digest if is_final => format!("digests/{}-final", letter.date.format("%Y-%m-%d")),
            LetterKind::Digest => format!("digests/{}", letter.date.format("%Y-%m-%d")),
            LetterKind::Ack | LetterKind::Reminder | LetterKind::Alert => {
                format!("letters/{}-{}-{unit}-{:03}", letter.date.format("%m%d"), letter.kind.as_str(), self.letters)
            }
        };
        let (file_html, file_eml) = (format!("{stem}.html"), format!("{stem}.eml"));
        self.write(&file_html, compose::page(letter).as_bytes())?;
        self.write(&file_eml, bytes)?;
        Ok(DemoLetter {
            file_html,
            file_eml,
            kind: letter.kind,
            to_unit: self.unit_name(letter.unit.as_ref().map(|unit| unit.as_str())).unwrap_or("办公室").to_owned(),
            subject: letter.subject.clone(),
        })
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let path = self.out.join(name);
        std::fs::write(&path, bytes).with_context(|| path.display().to_string())
    }

    fn unit_name(&self, code: Option<&str>) -> Option<&str> {
        let units = self.campaign.roster.units();
        units.iter().find(|unit| Some(unit.code.as_str()) == code).map(|unit| unit.name.as_str())
    }

    /// The page's line about a mail that came in.
    pub(super) async fn arrival(
        &self,
        store: &Store,
        taken: &TakenIn,
        received_at: DateTime<FixedOffset>,
    ) -> Result<DemoArrival> {
        let record = store.mail(&taken.mail).await?.context("a mail just taken in")?;
        let events = store.events_of_mail(&taken.mail).await?;
        let unit = self.unit_name(record.unit.as_ref().map(|unit| unit.as_str()));
        let sender = record.from_name.or(record.from_address).unwrap_or_default();
        let (outcome, tone) = if taken.new {
            self.outcome(record.nature, events.into_iter().map(|event| event.kind))
        } else {
            ("同一封邮件，已收过".to_owned(), Tone::Quiet)
        };
        Ok(DemoArrival {
            time: received_at.time(),
            from: unit.map_or(sender, str::to_owned),
            subject: record.subject.unwrap_or_else(|| "（无主题）".to_owned()),
            outcome,
            tone,
        })
    }

    fn outcome(&self, nature: Nature, events: impl Iterator<Item = EventKind>) -> (String, Tone) {
        let (mut words, mut tone): (Vec<String>, Tone) = (Vec::new(), Tone::Quiet);
        for event in events {
            match event {
                EventKind::Filed(filing) => {
                    let title = self.campaign.item_title(filing.item);
                    let (word, filed) = match filing.verdict {
                        Verdict::Accepted => ("已收下", Tone::Good),
                        Verdict::NeedsCorrection => ("请单位更正", Tone::Correct),
                        Verdict::NeedsReview => ("待人工核定", Tone::Review),
                    };
                    words.push(format!("{title}{word}"));
                    tone = graver(tone, filed);
                }
                EventKind::Duplicated { item, .. } => {
                    words.push(format!("{}与已收的相同", self.campaign.item_title(item)))
                }
                EventKind::ReviewAsked { .. } => tone = graver(tone, Tone::Review),
                EventKind::Bounced { .. } => words.push("退信，列入电话催办".to_owned()),
                EventKind::MailRecorded { .. }
                | EventKind::ReviewSettled { .. }
                | EventKind::AssignedByPerson
                | EventKind::AcceptedByPerson { .. }
                | EventKind::Waived { .. }
                | EventKind::ReturnedByPerson { .. }
                | EventKind::DeadlineExtended { .. }
                | EventKind::AddressTaught { .. }
                | EventKind::NameTaught { .. }
                | EventKind::Undone { .. }
                | EventKind::LetterRuled { .. }
                | EventKind::OriginalsPurged { .. }
                | EventKind::LetterSent { .. } => {}
            }
        }
        if words.is_empty() {
            words.push(
                match nature {
                    Nature::Submission if tone == Tone::Review => "请人工处理",
                    Nature::Submission => "仅存档",
                    Nature::Question => "咨询，请人工答复",
                    Nature::AutoReply => "自动回复，不答",
                    Nature::Bounce => "退信",
                    Nature::Receipt => "已读回执",
                    Nature::List => "群发邮件，不答",
                    Nature::Foreign => "无关邮件，不答",
                    Nature::Unreadable => "无法解析，请人工查看",
                }
                .to_owned(),
            );
        }
        (words.join("，"), tone)
    }
}

/// Of two tones the one that asks for more attention.
fn graver(one: Tone, other: Tone) -> Tone {
    let weight = |tone: Tone| match tone {
        Tone::Quiet => 0,
        Tone::Good => 1,
        Tone::Correct => 2,
        Tone::Review => 3,
    };
    if weight(other) > weight(one) { other } else { one }
}
