//! An act as it grows: the events it will append, and what has to be judged again because of them, before any of it is
//! recorded.

use std::collections::BTreeSet;

use super::{ActError, Acted, Letter, Person, understood};
use crate::judge::decide::{Times, decide};
use crate::judge::said::Said;
use crate::judge::undoing;
use crate::model::decision::Decision;
use crate::model::ledger::{Actor, Event, EventKind, ReviewReason, in_force};
use crate::model::mail::Digest;
use crate::model::returns::Item;
use crate::model::unit::UnitCode;
use crate::store::{Act, StoreError};
use crate::work::desk::{Desk, Supposed};

/// Events that are not recorded yet count up from here, behind all that are.
const FIRST: i64 = 1 << 62;

/// What a person is about to do.
pub(super) struct Change<'d> {
    pub desk: &'d Desk,
    pub person: Person<'d>,
    campaign: String,
    next: i64,
    pub act: Act,
    pub letter: Letter,
}

impl<'d> Change<'d> {
    pub async fn begin(desk: &'d Desk, campaign: &str, person: Person<'d>) -> Result<Self, ActError> {
        let held = person.quiet.then(|| format!("按{}的要求暂不发送", person.name));
        let act = Act { seen: desk.store.last_event().await?, held, ..Act::default() };
        Ok(Self { desk, person, campaign: campaign.to_owned(), next: FIRST, act, letter: Letter::None })
    }

    /// An event that is this person's word.
    pub fn add(&mut self, unit: Option<&UnitCode>, mail: Option<&Digest>, kind: EventKind) {
        let by = Actor::Person(self.person.name.to_owned());
        let (campaign, at) = (self.campaign.clone(), self.person.now);
        self.append(Event { id: 0, act: 0, at, campaign, unit: unit.cloned(), mail: mail.cloned(), by, kind });
    }

    /// An event the judges made, of a mail that was judged again.
    pub fn append(&mut self, mut event: Event) {
        event.id = self.next;
        self.next += 1;
        self.act.units.extend(event.unit.clone());
        self.act.mails.extend(event.mail.clone());
        self.act.events.push(event);
    }

    /// Undoes an event. What undoes it stands with the same unit and mail, so that their histories tell of it.
    pub fn undo(&mut self, event: &Event, reason: &str) {
        if event.id >= FIRST {
            self.act.events.retain(|pending| pending.id != event.id);
            return;
        }
        let kind = EventKind::Undone { event_id: event.id, reason: reason.to_owned() };
        let campaign = std::mem::replace(&mut self.campaign, event.campaign.clone());
        self.add(event.unit.as_ref(), event.mail.as_ref(), kind);
        self.campaign = campaign;
    }

    /// All events of this unit, those to come included.
    pub async fn of_unit(&mut self, unit: &UnitCode) -> Result<Vec<Event>, ActError> {
        self.act.units.insert(unit.clone());
        let mut events = self.desk.store.events_of(&self.campaign, unit).await?;
        let campaign = &self.campaign;
        let ours = |event: &&Event| event.unit.as_ref() == Some(unit) && &event.campaign == campaign;
        events.extend(self.act.events.iter().filter(ours).cloned());
        Ok(events)
    }

    /// All events of this mail, those to come included.
    pub async fn of_mail(&mut self, mail: &Digest) -> Result<Vec<Event>, ActError> {
        self.act.mails.insert(mail.clone());
        let mut events = self.desk.store.events_of_mail(mail).await?;
        events.extend(self.act.events.iter().filter(|event| event.mail.as_ref() == Some(mail)).cloned());
        Ok(events)
    }

    /// The mail's events in force.
    pub async fn standing(&mut self, mail: &Digest) -> Result<Vec<Event>, ActError> {
        Ok(in_force(&self.of_mail(mail).await?).cloned().collect())
    }

    /// The numbers of the mail's reviews that wait.
    pub async fn waiting(&mut self, mail: &Digest) -> Result<Vec<Event>, ActError> {
        let standing = self.standing(mail).await?;
        let settled = |id: i64| {
            standing.iter().any(|event| matches!(event.kind, EventKind::ReviewSettled { review, .. } if review == id))
        };
        let asked = standing.iter().filter(|event| matches!(event.kind, EventKind::ReviewAsked { .. }));
        Ok(asked.filter(|event| !settled(event.id)).cloned().collect())
    }

    /// Settles a review, unless this act has settled it already.
    pub fn settle(&mut self, review: &Event, act: &str) {
        if review.id >= FIRST {
            self.act.events.retain(|pending| pending.id != review.id);
            return;
        }
        let done = |event: &Event| matches!(event.kind, EventKind::ReviewSettled { review: id, .. } if id == review.id);
        if !self.act.events.iter().any(done) {
            let kind = EventKind::ReviewSettled { review: review.id, act: act.to_owned() };
            self.add(review.unit.as_ref(), review.mail.as_ref(), kind);
        }
    }

    /// What the mail is decided to be now, under the words in force, as if nothing had come of it before.
    pub async fn decide(&mut self, mail: &Digest) -> Result<Decision, ActError> {
        let said = Said::of(&self.standing(mail).await?);
        let record = self.desk.store.mail(mail).await?.ok_or_else(|| StoreError::NoSuchMail(mail.clone()))?;
        let understanding = understood(self.desk, mail, &said)
            .await?
            .map_err(|why| ActError::Refused(format!("the mail {} could not be read again: {why}", mail.short())))?;
        let supposed = Supposed { without: Some(mail), also: &self.act.events };
        let past = self.desk.past_if(&understanding, supposed, self.person.now).await?;
        let times = Times { received_at: record.received_at, now: self.person.now };
        self.act.units.extend(past.ledgers.keys().cloned());
        Ok(decide(&understanding, &self.desk.register, &past, times))
    }

    /// Judges a mail again: what it is, whose, and what is read of it become what they are now; what it leads to is
    /// added, what it does not lead to any more is undone.
    pub async fn rejudge(&mut self, mail: &Digest, reason: &str) -> Result<Decision, ActError> {
        let decision = self.decide(mail).await?;
        self.keep_reading(&decision);
        let standing = self.standing(mail).await?;
        let (missing, surplus) = undoing::differences(&standing, &decision.events);
        let missing: Vec<Event> = missing.into_iter().cloned().collect();
        for event in surplus {
            self.undo(event, reason);
        }
        for event in missing {
            self.append_once(event);
        }
        Ok(decision)
    }

    /// A settlement of another mail's review is added only where nothing in this act settles it already.
    pub fn append_once(&mut self, event: Event) {
        if let EventKind::ReviewSettled { review, .. } = event.kind {
            let done =
                |other: &Event| matches!(other.kind, EventKind::ReviewSettled { review: id, .. } if id == review);
            if self.act.events.iter().any(done) {
                return;
            }
        }
        self.append(event);
    }

    pub fn keep_reading(&mut self, decision: &Decision) {
        let mail = &decision.record.sha256;
        self.act.reread.retain(|(record, _)| &record.sha256 != mail);
        self.act.reread.push((decision.record.clone(), decision.readings.clone()));
    }

    /// The units whose filings this act touches.
    pub fn touched_units(&self) -> BTreeSet<UnitCode> {
        self.act.events.iter().filter_map(|event| event.unit.clone()).collect()
    }

    /// Judges the repetitions again whose original counts no more: their mails hold the content still.
    pub async fn adopt_orphans(&mut self, units: BTreeSet<UnitCode>) -> Result<(), ActError> {
        for unit in units {
            let events = self.of_unit(&unit).await?;
            let mut orphans: Vec<Event> = undoing::orphans(&events).into_iter().cloned().collect();
            orphans.sort_by_key(|event| match &event.kind {
                EventKind::Duplicated { received_at, .. } => *received_at,
                _ => None,
            });
            for orphan in orphans {
                self.adopt(&unit, &orphan).await?;
            }
        }
        Ok(())
    }

    async fn adopt(&mut self, unit: &UnitCode, orphan: &Event) -> Result<(), ActError> {
        let (EventKind::Duplicated { item, .. }, Some(mail)) = (&orphan.kind, &orphan.mail) else { return Ok(()) };
        self.undo(orphan, "所重复的原件已不再计入");
        let about = |event: &Event| {
            event.unit.as_ref() == Some(unit)
                && match &event.kind {
                    EventKind::Filed(filing) => filing.item == *item,
                    EventKind::Duplicated { item: of, .. } => of == item,
                    EventKind::ReviewAsked { item: of, .. } => *of == Some(*item),
                    _ => false,
                }
        };
        let events = match self.decide(mail).await {
            Ok(decision) => decision.events,
            Err(ActError::Refused(_)) => Vec::new(),
            Err(error) => return Err(error),
        };
        let found: Vec<Event> = events.into_iter().filter(about).collect();
        if found.is_empty() {
            self.raise_orphan(unit, mail, *item);
        }
        for event in found {
            self.append(event);
        }
        Ok(())
    }

    /// Nothing may be lost that a mail once brought: where judging it again gives nothing, a person looks.
    fn raise_orphan(&mut self, unit: &UnitCode, mail: &Digest, item: Item) {
        let text = "此件曾按重复报送登记，所重复的原件已不再计入，重新判读又未得出结果，请核对。".to_owned();
        let kind = EventKind::ReviewAsked { reason: ReviewReason::RaisedByPerson, item: Some(item), text };
        self.add(Some(unit), Some(mail), kind);
    }

    /// Records it all, and says what it came to.
    pub async fn done(self) -> Result<Acted, ActError> {
        let Self { desk, person, campaign, act, letter, .. } = self;
        let ids = desk.store.act(&act, &desk.sender_domain, person.now).await?;
        Ok(Acted::of(&campaign, &act, &ids, letter))
    }
}
