//! `review accept`, `assign`, `return`, `dismiss`, `raise`, `undo`: a person's word, and what it came to.

use std::io::Write;

use super::history::{act_in_chinese, one_line};
use super::review::unit_name;
use super::setup::{self, Call};
use super::{Failure, person};
use crate::config::Config;
use crate::judge::letters::labels;
use crate::model::campaign::Campaign;
use crate::model::ledger::{EventKind, Filing};
use crate::model::returns::Item;
use crate::model::unit::UnitCode;
use crate::store::{Store, StoreError};
use crate::work::desk::Desk;
use crate::work::review::{self, ActError, Acted, Letter, Person};

/// Whose word it is.
#[derive(clap::Args)]
pub(super) struct ByArg {
    /// Stands in the history beside the act [default: the login name]
    #[arg(id = "by", long = "by", value_name = "NAME")]
    pub name: Option<String>,
}

/// Whose word it is, and whether the letter that follows waits.
#[derive(clap::Args)]
pub(super) struct WordArgs {
    #[command(flatten)]
    pub by: ByArg,
    /// Holds the letter that follows; `mailtally letters list` shows it
    #[arg(long)]
    pub quiet: bool,
}

impl From<ByArg> for WordArgs {
    fn from(by: ByArg) -> Self {
        Self { by, quiet: false }
    }
}

/// What is done about which review or mail.
pub(super) enum Deed {
    Accept { id: i64 },
    Assign { id: i64, unit: String, remember: bool },
    Return { id: i64, item: Option<Item>, reason: String },
    Dismiss { id: i64 },
    Raise { mail: String, campaign: Option<String>, reason: Option<String> },
    Undo { number: i64, reason: String },
}

impl From<ActError> for Failure {
    fn from(error: ActError) -> Self {
        match error {
            ActError::Work(error) => error.into(),
            ActError::Refused(words) => Self::Wrong(words),
            busy @ ActError::Overtaken => Self::World(busy.into()),
        }
    }
}

/// Does it, and says what was done.
pub(super) async fn act(call: &Call, config: &Config, deed: Deed, word: &WordArgs) -> Result<(), Failure> {
    let name = person::name(word.by.name.as_deref())?;
    must_exist(config).await?;
    let desk = setup::desk(config).await?;
    let person = Person { name: &name, now: call.clock().now(config.offset), quiet: word.quiet };
    let done = done(&desk, config, &deed, person).await;
    desk.store.close().await;
    tell(config, &deed, &done?)
}

async fn done(desk: &Desk, config: &Config, deed: &Deed, person: Person<'_>) -> Result<Acted, Failure> {
    Ok(match deed {
        Deed::Accept { id } => review::accept(desk, *id, person).await?,
        Deed::Assign { id, unit, remember } => {
            let code = UnitCode::new(unit);
            let campaign = campaign_of(&desk.store, config, *id).await?;
            let unit = campaign.roster.unit(&code).ok_or_else(|| no_such_unit(&code, campaign))?;
            review::assign(desk, *id, unit, *remember, person).await?
        }
        Deed::Return { id, item, reason } => {
            let reason = said("--reason", "say what the unit is asked to mend", reason)?;
            review::give_back(desk, *id, *item, &reason, person).await?
        }
        Deed::Dismiss { id } => review::dismiss(desk, *id, person).await?,
        Deed::Raise { mail, campaign, reason } => {
            let record = review::found_mail(&desk.store, mail).await?;
            let named = record.campaign.as_deref().or(campaign.as_deref());
            let campaign = setup::campaign(&config.campaigns, named)?;
            let reason = reason.as_deref().map(one_line).filter(|reason| !reason.is_empty());
            review::raise(desk, &record, &campaign.id, reason.as_deref(), person).await?
        }
        Deed::Undo { number, reason } => {
            let reason = said("--reason", "say why", reason)?;
            review::undo(desk, *number, &reason, person).await?
        }
    })
}

/// The words given, on one line; refused where there are none.
pub(super) fn said(option: &str, wanted: &str, text: &str) -> Result<String, Failure> {
    let text = one_line(text);
    if text.is_empty() { Err(Failure::Wrong(format!("{option}: {wanted}"))) } else { Ok(text) }
}

pub(super) fn no_such_unit(code: &UnitCode, campaign: &Campaign) -> Failure {
    Failure::Wrong(format!("there is no unit {} on the roster of {}", one_line(code.as_str()), campaign.id))
}

/// An act on a review makes no database: without one there is nothing to act on.
async fn must_exist(config: &Config) -> Result<(), Failure> {
    match Store::open_reading(&config.storage_dir, config.offset).await {
        Ok(store) => {
            store.close().await;
            Ok(())
        }
        Err(absent @ StoreError::Absent { .. }) => Err(absent.into()),
        // Opening it for writing brings it up to date, or says what is wrong.
        Err(_) => Ok(()),
    }
}

/// The campaign a review belongs to. A mail nobody could read has none.
async fn campaign_of<'a>(store: &Store, config: &'a Config, id: i64) -> Result<&'a Campaign, Failure> {
    let event = store.event(id).await?;
    let asked = event.filter(|event| matches!(event.kind, EventKind::ReviewAsked { .. }));
    let Some(event) = asked else { return Err(ActError::from(StoreError::NoSuchReview(id)).into()) };
    let known = config.campaigns.iter().find(|campaign| campaign.id == event.campaign);
    known.ok_or_else(|| match event.campaign.as_str() {
        "" => Failure::Wrong(format!("review {id}: its mail belongs to no campaign; once dealt with: dismiss")),
        gone => Failure::Wrong(format!("review {id}: its campaign {gone} is not configured")),
    })
}

/// Says what was done.
fn tell(config: &Config, deed: &Deed, acted: &Acted) -> Result<(), Failure> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let id = match deed {
        Deed::Accept { id } => told(&mut out, *id, "accept")?,
        Deed::Assign { id, unit, .. } => told(&mut out, *id, &format!("assign {unit}"))?,
        Deed::Return { id, .. } => told(&mut out, *id, "return")?,
        Deed::Dismiss { id } => told(&mut out, *id, "dismiss")?,
        Deed::Raise { .. } => {
            writeln!(out, "已列为待办，请工作人员复核")?;
            None
        }
        Deed::Undo { number, .. } => {
            writeln!(out, "已撤销 {number}，共 {} 条", acted.undone.len())?;
            None
        }
    };
    results(&mut out, config, acted, id)?;
    if let Deed::Assign { remember: true, .. } = deed {
        writeln!(out, "  已记住发件地址；撤销本操作即不再记住")?;
    }
    writeln!(out, "  撤销本操作：mailtally review undo {}", acted.act)?;
    out.flush()?;
    Ok(())
}

fn told(out: &mut impl Write, id: i64, act: &str) -> std::io::Result<Option<i64>> {
    writeln!(out, "待办 {id} 已处理：{}", act_in_chinese(act))?;
    Ok(Some(id))
}

/// What an act came to: filings, reviews, letters. `id` is the review it was about.
pub(super) fn results(out: &mut impl Write, config: &Config, acted: &Acted, id: Option<i64>) -> std::io::Result<()> {
    let campaign = config.campaigns.iter().find(|campaign| campaign.id == acted.campaign);
    let title = |item: Item| campaign.map_or(item.as_str(), |campaign| campaign.item_title(item));
    for (unit, Filing { verdict, item, piece, .. }) in &acted.filed {
        let name = unit_name(config, unit).unwrap_or_default();
        writeln!(out, "  {unit} {name}　{}（附件 {piece}）：{}", title(*item), labels::verdict(*verdict))?;
    }
    for item in &acted.known_already {
        writeln!(out, "  {}与已收的相同，未作变动", title(*item))?;
    }
    for (asked, text) in &acted.asked {
        writeln!(out, "  新的待办 {asked}：{}", one_line(text))?;
    }
    for other in acted.settled.iter().filter(|other| Some(**other) != id) {
        writeln!(out, "  待办 {other} 一并处理")?;
    }
    if acted.withdrawn > 0 {
        writeln!(out, "  {} 封尚未发出的信件不再发送", acted.withdrawn)?;
    }
    match &acted.letter {
        Letter::None => Ok(()),
        Letter::Owed { held: false, .. } => writeln!(out, "  回执已列入待发"),
        Letter::Owed { key, held: true } => {
            writeln!(out, "  回执已写好，暂不发送；要发送：mailtally letters release {}", key.text())
        }
        Letter::NotPossible(why) => writeln!(out, "  没有发出信件：{why}"),
    }
}
