//! A campaign, mails and ledgers with fixed content, for the golden letters and the workbook.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Duration, FixedOffset, NaiveDate, NaiveTime};
use mailtally::model::campaign::{
    Campaign, Contact, FinalReport, ItemDue, ReportRules, ScanPolicy, TemplatePair, Templates,
};
use mailtally::model::decision::{Role, Understanding};
use mailtally::model::form::{Check, Column, ColumnKind, FindingCode, Form, MoneyUnit};
use mailtally::model::grid::cell_name;
use mailtally::model::ledger::{
    Filing, ItemLedger, ItemStatus, Nature, StandingFiling, UnitLedger, UnitStatus, Verdict,
};
use mailtally::model::letter::LetterKind;
use mailtally::model::mail::{Body, Content, Digest, Headers, Kind, Mail, Oddity, OddityCode, Piece};
use mailtally::model::returns::{Filled, Finding, Item, ReportReturn, Row, TableReturn, Totals, Value};
use mailtally::model::standing::{CampaignStanding, StandingTable, UnitStanding};
use mailtally::model::unit::{Roster, Unit, UnitCode};
use rust_decimal::Decimal;

pub const KEYS: [&str; 11] = [
    "veterans_visited",
    "veterans_gifts",
    "veterans_cost",
    "others_visited",
    "others_gifts",
    "others_cost",
    "troop_name",
    "troop_gifts",
    "troop_cost",
    "total_wan",
    "remarks",
];

pub fn at(text: &str) -> DateTime<FixedOffset> {
    DateTime::parse_from_rfc3339(text).unwrap()
}

pub fn form() -> Form {
    let yuan = ColumnKind::Money(MoneyUnit::Yuan);
    let headers = [
        ("慰问军队退役人员人数(人)", ColumnKind::Count),
        ("慰问形式及慰问品名称", ColumnKind::Text),
        ("慰问折算经费(元)", yuan),
        ("慰问其他优抚对象人数(人)", ColumnKind::Count),
        ("慰问形式及慰问品名称", ColumnKind::Text),
        ("慰问折算经费(元)", yuan),
        ("部队名称", ColumnKind::Text),
        ("慰问形式及慰问品名称", ColumnKind::Text),
        ("慰问折算经费(元)", yuan),
        ("合计“八一”期间走访慰问支出总额(万元)", ColumnKind::Money(MoneyUnit::TenThousandYuan)),
        ("备注", ColumnKind::Text),
    ];
    let column = |(index, (header, kind)): (usize, (&str, ColumnKind))| Column {
        key: KEYS[index].to_owned(),
        header: header.to_owned(),
        aliases: Vec::new(),
        group: match index {
            0..=5 => Some("本县(市、区)/单位慰问情况".to_owned()),
            6..=8 => Some("慰问部队情况".to_owned()),
            _ => None,
        },
        after: None,
        kind,
        compulsory: kind.is_number(),
    };
    let parts = ["veterans_cost", "others_cost", "troop_cost"].map(str::to_owned).to_vec();
    Form {
        id: "2021-bayi".to_owned(),
        title: "2021年“八一”期间走访慰问情况统计表".to_owned(),
        columns: headers.into_iter().enumerate().map(column).collect(),
        unit_labels: Vec::new(),
        filled_on_labels: Vec::new(),
        sum_words: Vec::new(),
        note_words: Vec::new(),
        zero_words: Vec::new(),
        checks: vec![Check::TotalAgrees { total: "total_wan".to_owned(), parts }],
        plausible_per_head: None,
        severities: BTreeMap::new(),
    }
}

pub fn unit(code: &str, name: &str, group: &str) -> Unit {
    let known = !code.ends_with('7');
    Unit {
        code: UnitCode::new(code),
        name: name.to_owned(),
        group: group.to_owned(),
        aliases: Vec::new(),
        emails: vec![format!("{}@unit.example", code.to_lowercase())],
        phone: known.then(|| format!("0358-555{code:0>4.4}")),
        contact: known.then(|| ["张玉兰", "李建国", "王志强"][code.len() % 3].to_owned()),
        superior: None,
    }
}

fn roster() -> Roster {
    let counties = [
        "离石区",
        "文水县",
        "交城县",
        "兴县",
        "临县",
        "柳林县",
        "石楼县",
        "岚县",
        "方山县",
        "中阳县",
        "交口县",
        "孝义市",
        "汾阳市",
    ];
    let offices = ["财政局", "教育局", "民政局", "水利局", "审计局", "统计局", "林业局", "体育局", "档案馆", "气象局"];
    let county = |(index, name): (usize, &&str)| unit(&format!("1411{:02}", index + 2), name, "县市区");
    let office = |(index, name): (usize, &&str)| unit(&format!("S{:02}", index + 1), &format!("市{name}"), "市直");
    let troop = |index: usize| unit(&format!("B{index:02}"), &format!("驻吕某部{index}队"), "驻吕部队");
    let mut units: Vec<Unit> = counties.iter().enumerate().map(county).collect();
    units.extend(offices.iter().enumerate().map(office));
    units.extend((1..=3).map(troop));
    Roster::new(units)
}

/// The shipped templates.
pub fn templates() -> Templates {
    macro_rules! pair {
        ($name:literal) => {
            TemplatePair {
                text: include_str!(concat!("../../config/campaigns/2021-bayi/", $name, ".txt")).to_owned(),
                html: include_str!(concat!("../../config/campaigns/2021-bayi/", $name, ".html")).to_owned(),
            }
        };
    }
    let letters = BTreeMap::from([
        (LetterKind::Ack, pair!("ack")),
        (LetterKind::Reminder, pair!("reminder")),
        (LetterKind::Digest, pair!("digest")),
        (LetterKind::Alert, pair!("alert")),
    ]);
    Templates { letters, ..Templates::default() }
}

pub fn campaign() -> Campaign {
    let item = |item, title: &str| ItemDue { item, title: title.to_owned() };
    Campaign {
        id: "2021-bayi".to_owned(),
        title: "2021年“八一”走访慰问情况报送".to_owned(),
        notice_number: "吕拥办发〔2021〕3号".to_owned(),
        notice_title: "关于扎实做好“八一”期间双拥工作的通知".to_owned(),
        office: "吕梁市双拥工作领导小组办公室".to_owned(),
        contact: Contact { phone: "0358-5550101".to_owned(), email: "office@collect.example".to_owned() },
        opens: at("2021-07-22T00:00:00+08:00"),
        deadline: at("2021-08-10T23:59:59+08:00"),
        year: 2021,
        items: vec![item(Item::Table, "统计表"), item(Item::Report, "专题报告")],
        reminders: Vec::new(),
        office_hours: (NaiveTime::MIN, NaiveTime::from_hms_opt(17, 30, 0).unwrap()),
        calendar: Arc::default(),
        digest_times: vec![NaiveTime::from_hms_opt(8, 0, 0).unwrap()],
        last_digest: NaiveDate::from_ymd_opt(2021, 8, 20).unwrap(),
        final_report: Some(FinalReport { days_after: 1, time: NaiveTime::from_hms_opt(8, 0, 0).unwrap() }),
        form: form(),
        reports: ReportRules { words: Vec::new(), scans: ScanPolicy::Accept },
        roster: roster(),
        templates: templates(),
    }
}

/// A row as it stands in the given sheet row; `-` is an empty cell, `?…` one that could not be read.
pub fn row(sheet_row: u32, values: [&str; 11]) -> Row {
    let form = form();
    let filled = |(index, text): (usize, &str)| {
        let cell = Some(cell_name(sheet_row - 1, u32::try_from(index).unwrap()));
        let kind = form.columns[index].kind;
        let (value, written) = match text {
            "-" => (None, None),
            _ if text.starts_with('?') => (None, Some(text[1..].to_owned())),
            _ if kind.is_number() => (Some(Value::Figure(text.parse().unwrap())), None),
            _ => (Some(Value::Words(text.to_owned())), None),
        };
        (KEYS[index].to_owned(), Filled { value, cell, written })
    };
    Row(values.into_iter().enumerate().map(filled).collect())
}

pub fn totals(rows: &[Row]) -> Totals {
    let sum = |key: &str| {
        let unread = rows.iter().any(|row| row.0[key].value.is_none() && row.0[key].written.is_some());
        let figures: Vec<Decimal> = rows.iter().filter_map(|row| row.figure(key)).collect();
        (!unread && !figures.is_empty()).then(|| figures.into_iter().sum())
    };
    form().number_columns().map(|column| (column.key.clone(), sum(&column.key))).collect()
}

pub fn table(unit_name: &str, rows: Vec<Row>, findings: Vec<Finding>) -> TableReturn {
    TableReturn {
        piece: "1".to_owned(),
        sheet: "Sheet1".to_owned(),
        form: "2021-bayi".to_owned(),
        unit_name: Some(unit_name.to_owned()),
        unit: None,
        filled_on: NaiveDate::from_ymd_opt(2021, 8, 5),
        totals: totals(&rows),
        rows,
        findings,
        hidden: false,
    }
}

pub fn finding(code: FindingCode, cell: &str, text: &str) -> Finding {
    Finding {
        severity: code.severity(),
        code,
        sheet: Some("Sheet1".to_owned()),
        cell: Some(cell.to_owned()),
        text: text.to_owned(),
        suggested: None,
    }
}

pub fn piece(path: &str, name: &str, kind: Kind, codes: &[OddityCode]) -> Piece {
    Piece {
        path: path.to_owned(),
        name: name.to_owned(),
        kind,
        media_type: "application/octet-stream".to_owned(),
        size: 23_040,
        sha256: Digest::of(name.as_bytes()),
        inside: None,
        inline: false,
        oddities: codes.iter().map(|code| Oddity::new(*code, "")).collect(),
        content: Content::Nothing,
    }
}

pub fn report() -> ReportReturn {
    ReportReturn {
        piece: "2".to_owned(),
        format: Kind::Docx,
        unit: None,
        title: Some("离石区关于2021年“八一”期间走访慰问活动开展情况的报告".to_owned()),
        document_number: Some("离双拥办〔2021〕5号".to_owned()),
        issuer: Some("离石区双拥工作领导小组办公室".to_owned()),
        dated: NaiveDate::from_ymd_opt(2021, 8, 4),
        pages: Some(3),
        has_text: true,
        findings: Vec::new(),
    }
}

pub fn understanding(subject: &str, pieces: Vec<Piece>, roles: &[Role]) -> Understanding {
    Understanding {
        roles: pieces.iter().map(|piece| piece.path.clone()).zip(roles.iter().copied()).collect(),
        mail: Mail {
            sha256: Digest::of(subject.as_bytes()),
            size: 40_000,
            headers: Headers { subject: Some(subject.to_owned()), ..Headers::default() },
            body: Body::default(),
            pieces,
            oddities: Vec::new(),
            machine_report: None,
        },
        nature: Nature::Submission,
        campaign: Some("2021-bayi".to_owned()),
        unit: None,
        candidates: Vec::new(),
        tables: Vec::new(),
        reports: Vec::new(),
    }
}

pub fn filed(item: Item, mail: &Digest, received_at: &str, verdict: Verdict, totals: Option<Totals>) -> ItemLedger {
    let filing =
        Filing { item, piece: "1".to_owned(), verdict, received_at: at(received_at), content: mail.clone(), totals };
    ItemLedger {
        current: Some(StandingFiling { mail: mail.clone(), filing: Arc::new(filing) }),
        first_received_at: Some(at(received_at)),
        ..ItemLedger::default()
    }
}

pub fn ledger(items: Vec<(Item, ItemLedger)>) -> UnitLedger {
    UnitLedger { items: items.into_iter().collect(), ..UnitLedger::default() }
}

/// Every unit in one of the states, by its place on the roster, with the tables that stand.
pub fn standing(campaign: &Campaign, now: &str) -> (CampaignStanding, Vec<StandingTable>) {
    let mut tables = Vec::new();
    let mut units = Vec::new();
    let mut sums: Totals = form().number_columns().map(|column| (column.key.clone(), None)).collect();
    for (index, unit) in campaign.roster.units().iter().enumerate() {
        let status = match index % 8 {
            0..=3 => UnitStatus::Complete,
            4 => UnitStatus::Partial,
            5 if index % 3 == 2 => UnitStatus::NeedsReview,
            5 => UnitStatus::NeedsCorrection,
            _ => UnitStatus::Missing,
        };
        let mut row_totals = None;
        let received_at = at("2021-08-03T09:12:00+08:00") + Duration::hours(i64::try_from(index).unwrap());
        if status != UnitStatus::Missing {
            let rows = standing_rows(index);
            let findings = match status {
                UnitStatus::NeedsCorrection => {
                    vec![finding(FindingCode::TotalMismatch, "J6", "总额与各项经费之和不一致，请核对后更正。")]
                }
                _ => Vec::new(),
            };
            let table = table(&unit.name, rows, findings);
            if matches!(status, UnitStatus::Complete | UnitStatus::Partial) {
                for (key, total) in &table.totals {
                    let sum = sums.get_mut(key).unwrap();
                    *sum = total.map(|total| sum.unwrap_or_default() + total).or(*sum);
                }
                row_totals = Some(table.totals.clone());
            }
            let mail = Digest::of(unit.name.as_bytes());
            let file_name = format!("{}统计表.xlsx", unit.name);
            tables.push(StandingTable { unit: unit.code.clone(), mail, received_at, file_name, table });
        }
        let (of_table, of_report) = match status {
            UnitStatus::Complete => (ItemStatus::Accepted, ItemStatus::Accepted),
            UnitStatus::Partial => (ItemStatus::Accepted, ItemStatus::Missing),
            UnitStatus::NeedsCorrection => (ItemStatus::NeedsCorrection, ItemStatus::Accepted),
            UnitStatus::NeedsReview => (ItemStatus::NeedsReview, ItemStatus::Accepted),
            _ => (ItemStatus::Missing, ItemStatus::Missing),
        };
        units.push(UnitStanding {
            unit: unit.clone(),
            status,
            late: index == 16,
            extended_until: (index == 6 || index == 8).then(|| at("2021-08-15T23:59:59+08:00")),
            items: BTreeMap::from([(Item::Table, of_table), (Item::Report, of_report)]),
            first_received_at: row_totals.is_some().then_some(received_at),
            last_received_at: row_totals.is_some().then_some(received_at),
            version: 1,
            reminders_sent: u32::from(status == UnitStatus::Missing),
            address: unit.emails.first().cloned(),
            undeliverable: index == 6 || index == 15,
            row: row_totals,
        });
    }
    let standing = CampaignStanding {
        campaign: campaign.id.clone(),
        title: campaign.title.clone(),
        as_of: at(now),
        deadline: campaign.deadline,
        units,
        totals: sums,
    };
    (standing, tables)
}

fn standing_rows(index: usize) -> Vec<Row> {
    let visited = (index * 7 + 12).to_string();
    let cost = format!("{}.50", index * 1_130 + 6_000);
    let first = row(
        6,
        [&visited, "慰问金、米面油", &cost, "8", "慰问金", "4000", "驻离某连", "冰箱、洗衣机", "12000.25", "2.2", "-"],
    );
    match index % 3 {
        0 => vec![first],
        1 => vec![first, row(7, ["-", "-", "-", "-", "-", "-", "武警某中队", "空调2台", "8600", "-", "-"])],
        _ => vec![row(6, [&visited, "座谈会", "0", "-", "-", "-", "-", "-", "-", "0", "疫情期间以座谈为主"])],
    }
}
