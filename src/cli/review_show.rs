//! `review show`: one item that waits for a person, with all a person needs to decide about it.

use std::io::Write;
use std::panic::AssertUnwindSafe;
use std::path::Path;

use super::history::{act_in_chinese, one_line, told};
use super::review_evidence::{self as shown, SenderFacts};
use super::{Failure, files, review, setup};
use crate::config::Config;
use crate::judge::letters::labels;
use crate::judge::{newcomers, progress};
use crate::model::campaign::Campaign;
use crate::model::decision::{Returned, Understanding};
use crate::model::ledger::{Actor, Event, EventKind, ReviewReason, StandingFiling};
use crate::model::mail::Mail;
use crate::model::returns::{Item, TableReturn};
use crate::model::standing::ReviewLine;
use crate::model::unit::UnitCode;
use crate::read::{Limits, raw};
use crate::store::HistoryLine;
use crate::work::desk::Desk;

/// Lines of the mail's own words that are shown.
const MOST_LINES: usize = 60;

/// Prints it, and writes the mail's files where a folder is given.
pub(super) async fn show(config: &Config, id: i64, folder: Option<&Path>) -> Result<(), Failure> {
    let desk = setup::reading_desk(config).await?;
    let (line, settlement) = review::found(&desk.store, id).await?;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    why(&mut out, &line, settlement.as_ref())?;
    let purged = desk.store.purged_by(&line.mail).await?;
    let original = match &purged {
        Some(purged) => format!("已由{}于 {} 清除", one_line(&purged.name), purged.at.format("%Y-%m-%d")),
        None => desk.archive.path(&line.mail).display().to_string(),
    };
    writeln!(out, "  邮件编号：{}　原件：{original}", line.mail.short())?;
    let understanding = match crate::work::review::understood_today(&desk, &line.mail).await? {
        Ok(understanding) => {
            mail(&mut out, &desk, config, &line, &understanding).await?;
            Some(understanding)
        }
        Err(_) if purged.is_some() => None,
        Err(reason) => {
            writeln!(out, "\n现在仍不能判读：{}", one_line(&reason))?;
            None
        }
    };
    past(&mut out, &desk, &line).await?;
    writeln!(out, "\n可以：")?;
    match &settlement {
        Some(settlement) => {
            writeln!(out, "  mailtally review undo {id}　撤销上述处理（操作 {}），重新列为待办", settlement.act)?;
        }
        None => {
            for hint in hints(&line, understanding.as_ref()) {
                writeln!(out, "  {hint}")?;
            }
        }
    }
    if folder.is_none() && purged.is_none() {
        writeln!(out, "  mailtally review show {id} --files 文件夹　把原件和附件写到该文件夹")?;
    }
    out.flush()?;
    match (folder, purged) {
        (Some(_), Some(purged)) => Err(Failure::Wrong(format!("review {id}: no files can be written: {purged}"))),
        (Some(folder), None) => {
            write_files(&mut out, &desk, &line, folder)?;
            out.flush()?;
            Ok(())
        }
        (None, _) => Ok(()),
    }
}

/// What the mail says, and how it was understood.
async fn mail(
    out: &mut impl Write,
    desk: &Desk,
    config: &Config,
    line: &ReviewLine,
    understanding: &Understanding,
) -> Result<(), Failure> {
    let asked = desk.store.event(line.id).await?.map(|event| event.campaign);
    let named = understanding.campaign.as_ref().or(asked.as_ref());
    let campaign = config.campaigns.iter().find(|known| Some(&known.id) == named);
    let facts = sender_facts(desk, line, understanding).await?;
    shown::sender(out, understanding, &desk.register(), &facts)?;
    sender(out, desk, campaign, &understanding.mail).await?;
    own_words(out, &understanding.mail.body.own_text)?;
    shown::files(out, understanding)?;
    shown::evidence(out, understanding)?;
    let Some(campaign) = campaign else { return Ok(()) };
    shown::figures(out, campaign, understanding)?;
    beside(out, desk, campaign, line, understanding).await
}

fn why(out: &mut impl Write, line: &ReviewLine, settlement: Option<&Event>) -> std::io::Result<()> {
    writeln!(out, "待办 {}：{}", line.id, labels::reason(line.reason))?;
    writeln!(out, "  {}", one_line(&line.text))?;
    writeln!(out, "  来信到达：{}", line.received_at.format("%Y-%m-%d %H:%M"))?;
    if let Some(Event { at, by, kind: EventKind::ReviewSettled { act, .. }, .. }) = settlement {
        let by = match by {
            Actor::Machine => "程序",
            Actor::Person(name) => name,
        };
        writeln!(out, "  已处理：{}（{}，{}）", act_in_chinese(act), one_line(by), at.format("%Y-%m-%d %H:%M"))?;
    }
    Ok(())
}

async fn sender_facts(desk: &Desk, line: &ReviewLine, understanding: &Understanding) -> Result<SenderFacts, Failure> {
    let Some(from) = understanding.mail.headers.from.first() else {
        return Ok(SenderFacts { mails_before: 0, of_unit_before: 0, taught: None });
    };
    let mut mails = desk.store.mails(None, None, Some(line.received_at)).await?;
    mails.retain(|mail| {
        mail.sha256 != line.mail
            && mail.from_address.as_ref().is_some_and(|address| address.eq_ignore_ascii_case(&from.address))
    });
    let of_unit = mails.iter().filter(|mail| line.unit.is_some() && mail.unit == line.unit).count();
    let lessons = desk.store.lessons().await?;
    let taught = crate::model::ledger::in_force(&lessons).find_map(|event| match (&event.kind, &event.unit) {
        (EventKind::AddressTaught { address }, Some(unit)) if address.eq_ignore_ascii_case(&from.address) => {
            let by = match &event.by {
                Actor::Machine => "程序",
                Actor::Person(name) => name,
            };
            Some(format!("{by}于{}指明该地址属 {unit}", event.at.format("%Y-%m-%d %H:%M")))
        }
        _ => None,
    });
    Ok(SenderFacts { mails_before: mails.len(), of_unit_before: of_unit, taught })
}

/// Whether From may be believed.
async fn sender(out: &mut impl Write, desk: &Desk, campaign: Option<&Campaign>, mail: &Mail) -> Result<(), Failure> {
    let Some(campaign) = campaign else { return Ok(()) };
    let filed = desk.store.filed_from(&campaign.id).await?;
    for sentence in newcomers::sender_in_words(mail, &campaign.roster, &filed) {
        writeln!(out, "  来源：{}", one_line(&sentence))?;
    }
    Ok(())
}

fn own_words(out: &mut impl Write, text: &str) -> std::io::Result<()> {
    let lines: Vec<String> = text.lines().map(one_line).filter(|line| !line.is_empty()).collect();
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n正文：")?;
    for line in lines.iter().take(MOST_LINES) {
        writeln!(out, "  | {line}")?;
    }
    if lines.len() > MOST_LINES {
        writeln!(out, "  | ……（共 {} 行）", lines.len())?;
    }
    Ok(())
}

/// Each table beside the one that stands for its unit from another mail.
async fn beside(
    out: &mut impl Write,
    desk: &Desk,
    campaign: &Campaign,
    line: &ReviewLine,
    understanding: &Understanding,
) -> Result<(), Failure> {
    for table in understanding.tables.iter().filter(|table| !table.hidden) {
        let claimed = understanding.unit.as_ref().map(|claim| &claim.code);
        let Some(unit) = line.unit.as_ref().or(claimed).or(table.unit.as_ref()) else { continue };
        let ledger = progress::fold(&desk.store.events_of(&campaign.id, unit).await?);
        let filings = ledger.items.get(&Item::Table).map(|item| item.earlier.as_slice()).unwrap_or_default();
        let Some(standing) = filings.iter().rev().find(|filed| filed.mail != line.mail) else { continue };
        let before = read_table(desk, standing, unit).await?;
        shown::beside_standing(out, campaign, table, standing, before.as_ref())?;
    }
    Ok(())
}

/// The table behind a filing, as it was read.
pub(super) async fn read_table(
    desk: &Desk,
    filed: &StandingFiling,
    unit: &UnitCode,
) -> Result<Option<TableReturn>, Failure> {
    let wanted = [(filed.mail.clone(), Item::Table, filed.filing.piece.clone())];
    let readings = desk.store.readings_of_many(&wanted).await?;
    Ok(readings.into_iter().find_map(|reading| match reading.returned {
        Returned::Table(table)
            if reading.unit.as_ref() == Some(unit) && Some(&table.totals) == filed.filing.totals.as_ref() =>
        {
            Some(table)
        }
        Returned::Table(_) | Returned::Report(_) => None,
    }))
}

/// What has come of the mail so far.
async fn past(out: &mut impl Write, desk: &Desk, line: &ReviewLine) -> Result<(), Failure> {
    let events = desk.store.events_of_mail(&line.mail).await?;
    let undone = desk.store.undone().await?;
    writeln!(out, "\n这封邮件的经过：")?;
    for event in events {
        let unit = event.unit.as_ref().map_or("-", |unit| unit.as_str()).to_owned();
        let at = event.at.format("%Y-%m-%d %H:%M:%S");
        let history =
            HistoryLine { event: event.clone(), subject: Some(line.subject.clone()), from: Some(line.from.clone()) };
        writeln!(out, "  {at}  {unit}  {}", told(&history, &undone))?;
    }
    for letter in desk.store.letters_about(&line.mail).await? {
        let at = letter.sent_at.unwrap_or(letter.owed_at).format("%Y-%m-%d %H:%M:%S");
        let unit = letter.order.unit.as_ref().map_or("-", |unit| unit.as_str()).to_owned();
        writeln!(out, "  {at}  {unit}  信件 {}：{}", letter.order.key.text(), labels::letter_state(letter.state))?;
    }
    Ok(())
}

/// The commands that decide about it, with their numbers.
fn hints(line: &ReviewLine, understanding: Option<&Understanding>) -> Vec<String> {
    let (id, short) = (line.id, line.mail.short());
    let accept = || format!("mailtally review accept {id}　按读出的内容采用，并告知单位");
    let give_back = || format!("mailtally review return {id} --reason 原因　退回单位更正，并发信说明");
    let raise = || format!("mailtally review raise {short}　来信不是这个单位的，重新指定");
    let assign = || {
        let claims = understanding.into_iter().flat_map(|found| found.unit.iter().chain(&found.candidates));
        let mut assigns: Vec<String> =
            claims.map(|claim| format!("mailtally review assign {id} {}　指定为{}", claim.code, claim.name)).collect();
        assigns.push(format!("mailtally review assign {id} 单位代码　指定报送单位；加 --remember 记住发件地址"));
        assigns
    };
    let mut hints = match line.reason {
        ReviewReason::UnitUnknown | ReviewReason::UnitConflict => assign(),
        ReviewReason::ItemNeedsReview | ReviewReason::SenderDoubtful => vec![accept(), give_back(), raise()],
        ReviewReason::FileUnread => vec![give_back(), raise()],
        ReviewReason::RaisedByPerson if line.unit.is_some() => {
            let mut hints = assign();
            hints.extend([accept(), give_back()]);
            hints
        }
        ReviewReason::RaisedByPerson => assign(),
        ReviewReason::TimeDoubtful | ReviewReason::OtherCampaign | ReviewReason::Question | ReviewReason::SetAside => {
            Vec::new()
        }
    };
    hints.push(format!("mailtally review dismiss {id}　不作处理"));
    let writes = matches!(line.reason, ReviewReason::TimeDoubtful | ReviewReason::Question | ReviewReason::SetAside);
    if !writes {
        hints.push("以上命令加 --quiet 则所附信件暂不发送，加 --by 姓名 注明处理人".to_owned());
    }
    hints
}

fn write_files(out: &mut impl Write, desk: &Desk, line: &ReviewLine, folder: &Path) -> Result<(), Failure> {
    let bytes = desk.archive.get(&line.mail)?;
    let opened = std::panic::catch_unwind(AssertUnwindSafe(|| raw::pieces(&bytes, &Limits::default())));
    let written = match &opened {
        Ok((mail, pieces)) => files::write(folder, &bytes, &mail.sha256, &mail.pieces, pieces)?,
        // A mail that breaks its reader is still one that another program may open.
        Err(_) => files::write(folder, &bytes, &line.mail, &[], &std::collections::BTreeMap::new())?,
    };
    writeln!(out, "\n已写出：")?;
    for file in &written.files {
        writeln!(out, "  {}", file.display())?;
    }
    for name in &written.missing {
        writeln!(out, "  附件 {} 没有单独写出，见上面的 .eml", one_line(name))?;
    }
    writeln!(out, "  附件来自外部，打开前请先查毒；不要启用宏。")?;
    Ok(())
}
