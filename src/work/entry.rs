//! `unit record`: a return on paper or by fax, entered by hand. It becomes a mail of our own, so that it is kept, read,
//! judged, shown and judged again like every other.

use chrono::{DateTime, FixedOffset};

use super::WorkError;
use super::desk::Desk;
use super::review::{ActError, Acted, Letter, Person};
use crate::judge::decide::{Times, decide};
use crate::judge::letters::clean;
use crate::judge::said::Said;
use crate::model::campaign::Campaign;
use crate::model::decision::{Origin, Reading};
use crate::model::ledger::{Actor, Event, EventKind};
use crate::model::mail::{Address, Digest};
use crate::model::returns::Item;
use crate::model::unit::Unit;
use crate::post::entry::{self, Entry};

/// Longest note, in characters: it stands in the subject, where lists show it.
pub const LONGEST_NOTE: usize = 200;

/// What a person enters.
#[derive(Clone, Debug)]
pub struct Paper {
    /// The item each file is, its name, its bytes.
    pub files: Vec<(Item, String, Vec<u8>)>,
    pub note: String,
    /// The time that counts against the deadline.
    pub received_at: DateTime<FixedOffset>,
    /// The office's own address: such a mail is from the office to itself.
    pub office: Address,
}

/// What came of an entry.
#[derive(Clone, Debug)]
pub struct Entered {
    pub mail: Digest,
    pub acted: Acted,
    /// What was read of the files.
    pub readings: Vec<Reading>,
}

/// Records the return. No letter follows.
///
/// # Errors
/// [`ActError::Refused`] where it was entered before, or came before the collection opened.
pub async fn record(
    desk: &Desk,
    campaign: &Campaign,
    unit: &Unit,
    paper: &Paper,
    person: Person<'_>,
) -> Result<Entered, ActError> {
    if paper.received_at < campaign.opens {
        return Err(ActError::Refused(format!("the collection {} opened after that", campaign.id)));
    }
    if paper.received_at > person.now {
        return Err(ActError::Refused("it cannot have come later than now".to_owned()));
    }
    let bytes = written(desk, campaign, unit, paper, person);
    let mail = Digest::of(&bytes);
    if desk.store.is_recorded(&mail).await? {
        return Err(ActError::Refused(format!("this very entry was made before: mail {}", mail.short())));
    }
    desk.archive.put(&bytes).map_err(WorkError::from)?;
    let said = Said { unit: Some((campaign.id.clone(), unit.code.clone())), by_hand: true };
    let understanding = desk
        .understand_as_said(bytes, &said)
        .await?
        .map_err(|why| ActError::Refused(format!("the files could not be read: {why}")))?;
    let past = desk.past(&understanding, person.now).await?;
    let times = Times { received_at: paper.received_at, now: person.now };
    let mut decision = decide(&understanding, &desk.register, &past, times);
    decision.letters.clear();
    let by = Actor::Person(person.name.to_owned());
    for event in decision.events.iter_mut().filter(|event| matches!(event.kind, EventKind::MailRecorded { .. })) {
        // That a person entered it is what makes it more than a mail that anybody could have written.
        event.by = by.clone();
    }
    let assigned = Event {
        id: 0,
        act: 0,
        at: person.now,
        campaign: campaign.id.clone(),
        unit: Some(unit.code.clone()),
        mail: Some(mail.clone()),
        by,
        kind: EventKind::AssignedByPerson,
    };
    decision.events.insert(decision.events.len().min(1), assigned);
    let origin = Origin::File { path: "unit record".to_owned() };
    let recorded = desk.store.record(&decision, &origin, &desk.sender_domain, person.now).await?;
    if !recorded.new {
        return Err(ActError::Refused(format!("this very entry was made before: mail {}", mail.short())));
    }
    let acted = Acted::of_events(&campaign.id, &decision.events, &recorded.event_ids, Letter::None);
    Ok(Entered { mail, acted, readings: decision.readings })
}

/// The mail it is kept as.
fn written(desk: &Desk, campaign: &Campaign, unit: &Unit, paper: &Paper, person: Person<'_>) -> Vec<u8> {
    let note = clean(&paper.note, LONGEST_NOTE);
    let files = paper.files.iter().map(|(item, name, bytes)| {
        let (title, name) = (campaign.item_title(*item), clean(name, 80));
        // The name tells what the file is, where its content alone does not: a scan, a photograph.
        let name = if name.contains(title) { name } else { format!("{title}-{name}") };
        (name, bytes.clone())
    });
    entry::compose(&Entry {
        office: paper.office.clone(),
        subject: format!("【手工登记】{} {note}", unit.name),
        text: format!(
            "{}（{}）\r\n{}\r\n到达时间：{}\r\n登记人：{}\r\n",
            campaign.title,
            campaign.notice_number,
            unit.name,
            paper.received_at.format("%Y-%m-%d %H:%M"),
            clean(person.name, 60),
        ),
        date: paper.received_at,
        domain: desk.sender_domain.clone(),
        files: files.collect(),
    })
}
