//! `unit import`: an office's own list of units, as a workbook or a text file, becomes `units.csv`.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::history::one_line;
use super::setup::{self, Call};
use super::{CampaignArg, Failure};
use crate::config::{self, Config, Line, RosterChange};
use crate::judge::progress;
use crate::model::campaign::Campaign;
use crate::model::grid::{CellValue, Sheet};
use crate::model::mail::{Content, Opened};
use crate::model::unit::Roster;
use crate::store::{Store, StoreError};
use crate::work::opener::Opener;

#[derive(clap::Args)]
pub(super) struct ImportArgs {
    /// .xlsx, .xls, .ods or .csv; its columns are called 代码, 单位名称, 分组, 别名, 邮箱, 电话, 联系人
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Where it is written [default: the campaign's units.csv]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Writes it; the old file is kept beside it
    #[arg(long)]
    apply: bool,
    #[command(flatten)]
    campaign: CampaignArg,
}

/// Reads the list, says what is different in it, and writes it where that is asked.
pub(super) async fn import(call: &Call, config: &Config, arguments: ImportArgs) -> Result<(), Failure> {
    let ImportArgs { file, out, apply, campaign } = arguments;
    let campaign = setup::campaign_now(&config.campaigns, campaign.id.as_deref(), call.clock().now(config.offset))?;
    let rows = rows_of(&file)?;
    let (roster, warnings) = config::import_roster(&file, &rows, Some(&campaign.roster))?;
    let change = RosterChange::between(&campaign.roster, &roster);
    let target = out.unwrap_or_else(|| config.campaigns_dir.join(&campaign.id).join("units.csv"));
    let filed = filed_units(config, campaign).await?;
    let mut said = std::io::BufWriter::new(std::io::stdout().lock());
    for warning in &warnings {
        writeln!(said, "WARN {warning}")?;
    }
    print(&mut said, &change, &filed)?;
    let units = roster.units().len();
    if !apply {
        writeln!(said, "共 {units} 个单位；尚未写入，确认无误后加 --apply 写入 {}", target.display())?;
    } else if change.is_empty() && target.exists() && same(&target, &roster) {
        writeln!(said, "{} 已是这份名册，未改动", target.display())?;
    } else {
        let stamp = call.clock().now(config.offset).format("%Y%m%d-%H%M%S").to_string();
        if let Some(kept) = replace(&target, &config::roster_csv(&roster), &stamp)? {
            writeln!(said, "原名册已另存为 {}", kept.display())?;
        }
        writeln!(said, "已写入 {}，共 {units} 个单位", target.display())?;
        if !change.is_empty() {
            writeln!(said, "名册有变化，请执行 mailtally reread 查看已收邮件是否需要重新归属")?;
        }
    }
    said.flush()?;
    Ok(())
}

fn same(target: &Path, roster: &Roster) -> bool {
    std::fs::read(target).is_ok_and(|bytes| bytes == config::roster_csv(roster))
}

/// Writes a file in one step; the old one is kept under another name, which is returned.
pub(super) fn replace(target: &Path, bytes: &[u8], stamp: &str) -> Result<Option<PathBuf>, Failure> {
    let beside = |ending: &str| {
        let mut name = target.file_name().unwrap_or_default().to_os_string();
        name.push(ending);
        target.with_file_name(name)
    };
    let mut kept = None;
    if target.exists() {
        let copy = (0..1000)
            .map(|number| if number == 0 { format!(".{stamp}.bak") } else { format!(".{stamp}-{number}.bak") })
            .map(|ending| beside(&ending))
            .find(|path| !path.exists())
            .ok_or_else(|| anyhow::anyhow!("{}: there are too many copies of it", target.display()))?;
        std::fs::copy(target, &copy).with_context(|| copy.display().to_string())?;
        kept = Some(copy);
    }
    let new = beside(".new");
    std::fs::write(&new, bytes).with_context(|| new.display().to_string())?;
    std::fs::rename(&new, target).with_context(|| target.display().to_string())?;
    Ok(kept)
}

/// The units that have filed something, with a unit's removal in mind.
async fn filed_units(config: &Config, campaign: &Campaign) -> Result<Vec<String>, Failure> {
    let store = match Store::open_reading(&config.storage_dir, config.offset).await {
        Ok(store) => store,
        Err(StoreError::Absent { .. }) => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let ledgers = progress::ledgers(&store.events(&campaign.id).await?);
    store.close().await;
    Ok(ledgers.into_iter().filter(|(_, ledger)| ledger.version > 0).map(|(code, _)| code.to_string()).collect())
}

fn print(out: &mut impl Write, change: &RosterChange, filed: &[String]) -> std::io::Result<()> {
    for unit in &change.added {
        writeln!(out, "新增 {} {}（{}）", unit.code, one_line(&unit.name), one_line(&unit.group))?;
    }
    for unit in &change.removed {
        let warns = filed.iter().any(|code| code == unit.code.as_str());
        let note = if warns { "　注意：该单位已有报送，删除后其报送不再计入" } else { "" };
        writeln!(out, "删除 {} {}{note}", unit.code, one_line(&unit.name))?;
    }
    for difference in &change.changed {
        writeln!(out, "修改 {} {}", difference.unit.code, one_line(&difference.unit.name))?;
        for (field, before, after) in &difference.fields {
            let shown = |text: &str| if text.is_empty() { "（空）".to_owned() } else { one_line(text) };
            writeln!(out, "  {field}：{} → {}", shown(before), shown(after))?;
        }
    }
    if change.is_empty() {
        writeln!(out, "与现有名册一致")?;
    } else {
        let (added, removed, changed) = (change.added.len(), change.removed.len(), change.changed.len());
        writeln!(out, "新增 {added}，删除 {removed}，修改 {changed}")?;
    }
    Ok(())
}

/// The rows of the list: of a workbook those of the first visible sheet that names the columns.
fn rows_of(file: &Path) -> Result<Vec<Line>, Failure> {
    let bytes = std::fs::read(file).with_context(|| file.display().to_string())?;
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let is_text = [".csv", ".txt", ".tsv"].iter().any(|ending| name.to_lowercase().ends_with(ending));
    if is_text {
        return Ok(config::roster_rows(file, &bytes)?);
    }
    let opened = Opener::for_a_look().open(&bytes, Some(&name));
    let pieces = match opened {
        Ok(Opened::Bare { pieces, .. }) => pieces,
        Ok(Opened::Mail(_)) => Vec::new(),
        Err(error) => return Err(Failure::Wrong(format!("{}: {error}", file.display()))),
    };
    let mut sheets: Vec<Vec<Line>> = Vec::new();
    for piece in &pieces {
        if let Content::Workbook(found) = &piece.content {
            sheets.extend(found.iter().filter(|sheet| !sheet.hidden).map(lines));
        }
    }
    let first = sheets.iter().position(|rows| config::names_the_columns(rows)).unwrap_or(0);
    match sheets.into_iter().nth(first) {
        Some(rows) => Ok(rows),
        None => {
            let why = pieces.iter().flat_map(|piece| &piece.oddities).map(|oddity| oddity.text.as_str()).next();
            let why = why.unwrap_or("is no workbook; save the list as .xlsx or .csv");
            Err(Failure::Wrong(format!("{}: {why}", file.display())))
        }
    }
}

fn lines(sheet: &Sheet) -> Vec<Line> {
    let grid = &sheet.grid;
    let last = grid.cells().iter().map(|cell| cell.column).max().unwrap_or(0);
    let rows = grid.used_rows(0, grid.last_row().map_or(0, |row| row + 1));
    let line = |row: u32| -> Line {
        // A group that is merged over its units is every unit's.
        let cells =
            (0..=last).map(|column| grid.seen_at(row, column).map(|cell| words(&cell.value)).unwrap_or_default());
        (usize::try_from(row).unwrap_or(0) + 1, cells.collect())
    };
    rows.map(line).filter(|(_, cells)| cells.iter().any(|cell| !cell.is_empty())).collect()
}

fn words(value: &CellValue) -> String {
    match value {
        CellValue::Text(text) => text.trim().to_owned(),
        CellValue::Number(number) => number.normalize().to_string(),
        CellValue::Date(date) => date.to_string(),
        CellValue::Flag(flag) => flag.to_string(),
        CellValue::Failed(text) | CellValue::Uncomputed(text) => text.clone(),
    }
}
