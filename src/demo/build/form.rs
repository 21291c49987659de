//! The statistics table as a unit fills it: its figures first, then the cells as they are written.

use rust_decimal::{Decimal, RoundingStrategy};

/// Columns of the paper form, in order, with the keys of the interface.
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

/// The leaf headers as printed.
pub const HEADERS: [&str; 11] = [
    "慰问军队退役人员人数(人)",
    "慰问形式及慰问品名称",
    "慰问折算经费(元)",
    "慰问其他优抚对象人数(人)",
    "慰问形式及慰问品名称",
    "慰问折算经费(元)",
    "部队名称",
    "慰问形式及慰问品名称",
    "慰问折算经费(元)",
    "合计“八一”期间走访慰问支出总额(万元)",
    "备注",
];

/// The printed title.
pub const TITLE: &str = "2021年“八一”期间走访慰问情况统计表";
/// Group headers over columns 1–6 and 7–9.
pub const GROUPS: [&str; 2] = ["本县(市、区)/单位慰问情况", "慰问部队情况"];

/// A cell as it is written.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    Blank,
    Number(Decimal),
    Text(String),
    /// A formula of a workbook with the result Excel left beside it.
    Formula(String, Decimal),
}

impl Cell {
    #[must_use]
    pub fn text(words: &str) -> Self {
        if words.is_empty() { Self::Blank } else { Self::Text(words.to_owned()) }
    }

    /// As a document shows it.
    #[must_use]
    pub fn shown(&self) -> String {
        match self {
            Self::Blank => String::new(),
            Self::Number(number) | Self::Formula(_, number) => number.normalize().to_string(),
            Self::Text(text) => text.clone(),
        }
    }
}

/// People visited, with what and for how much (元).
#[derive(Clone, Debug, PartialEq)]
pub struct Visit {
    pub people: u32,
    pub gifts: String,
    pub cost: Decimal,
}

/// Troops visited, with what and for how much (元).
#[derive(Clone, Debug, PartialEq)]
pub struct Troop {
    pub name: String,
    pub gifts: String,
    pub cost: Decimal,
}

/// What a unit did, in true figures.
#[derive(Clone, Debug, PartialEq)]
pub struct Figures {
    pub veterans: Visit,
    pub others: Visit,
    /// Empty where it visited no troops.
    pub troops: Vec<Troop>,
    pub remarks: String,
}

impl Figures {
    /// What was spent in all, 元.
    #[must_use]
    pub fn spent(&self) -> Decimal {
        self.veterans.cost + self.others.cost + self.troops.iter().map(|troop| troop.cost).sum::<Decimal>()
    }

    /// What was spent in all, 万元, rounded half up to so many decimals.
    #[must_use]
    pub fn total_wan(&self, decimals: u32) -> Decimal {
        (self.spent() / Decimal::from(10_000)).round_dp_with_strategy(decimals, RoundingStrategy::MidpointAwayFromZero)
    }
}

/// How numbers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writing {
    /// Numbers as numbers.
    Plain,
    /// As text with thousands separators: `178,000`.
    Separated,
    /// As text in full-width digits: `１７８０００`.
    FullWidth,
    /// The total is a formula with its result.
    Formula,
    /// The costs in 万元, in columns headed 元.
    CostsInWan,
    /// The total in 元, in a column headed 万元.
    TotalInYuan,
}

impl Writing {
    fn number(self, number: Decimal) -> Cell {
        let number = number.normalize();
        match self {
            Self::Plain | Self::Formula | Self::CostsInWan | Self::TotalInYuan => Cell::Number(number),
            Self::Separated => Cell::Text(separated(&number.to_string())),
            Self::FullWidth => Cell::Text(number.to_string().chars().map(full_width).collect()),
        }
    }
}

fn full_width(character: char) -> char {
    match character {
        '!'..='~' => char::from_u32(u32::from(character) + 0xFEE0).unwrap_or(character),
        _ => character,
    }
}

fn separated(number: &str) -> String {
    let (whole, rest) = number.split_once('.').map_or((number, None), |(whole, rest)| (whole, Some(rest)));
    let mut out = String::new();
    for (position, digit) in whole.chars().enumerate() {
        if position > 0 && (whole.len() - position).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    rest.map_or(out.clone(), |rest| format!("{out}.{rest}"))
}

/// A filled form, ready to be written as a workbook, a document or a web page.
#[derive(Clone, Debug)]
pub struct FilledForm {
    pub unit_name: String,
    pub filled_on: String,
    /// Cells by row, in the order of [`KEYS`].
    pub rows: Vec<Vec<Cell>>,
    /// A row that begins with 合计, if the unit made one.
    pub sum_row: Option<Vec<Cell>>,
    /// Lines below the table.
    pub notes: Vec<String>,
}

impl FilledForm {
    /// The form with these figures; the total with so many decimals.
    #[must_use]
    pub fn new(unit_name: &str, filled_on: &str, figures: &Figures, writing: Writing, decimals: u32) -> Self {
        let cost = |cost: Decimal| match writing {
            Writing::CostsInWan => writing.number(cost / Decimal::from(10_000)),
            _ => writing.number(cost),
        };
        let total = match writing {
            Writing::TotalInYuan => writing.number(figures.spent()),
            Writing::Formula => {
                let last = 4 + figures.troops.len().max(1);
                let sum = format!("=ROUND((C5+F5+SUM(I5:I{last}))/10000,{decimals})");
                Cell::Formula(sum, figures.total_wan(decimals))
            }
            _ => writing.number(figures.total_wan(decimals)),
        };
        let visit =
            |visit: &Visit| [writing.number(Decimal::from(visit.people)), Cell::text(&visit.gifts), cost(visit.cost)];
        let mut troops = figures.troops.iter();
        let troop = |troop: Option<&Troop>| {
            troop.map_or([Cell::Blank, Cell::Blank, Cell::Blank], |troop| {
                [Cell::text(&troop.name), Cell::text(&troop.gifts), cost(troop.cost)]
            })
        };
        let first: Vec<Cell> = visit(&figures.veterans)
            .into_iter()
            .chain(visit(&figures.others))
            .chain(troop(troops.next()))
            .chain([total, Cell::text(&figures.remarks)])
            .collect();
        let mut rows = vec![first];
        for further in troops {
            let mut row = vec![Cell::Blank; 6];
            row.extend(troop(Some(further)));
            row.extend([Cell::Blank, Cell::Blank]);
            rows.push(row);
        }
        let notes = vec!["填表人：办公室    联系电话：0358-8200000".to_owned()];
        Self { unit_name: unit_name.to_owned(), filled_on: filled_on.to_owned(), rows, sum_row: None, notes }
    }

    /// The form with nothing but name and date.
    #[must_use]
    pub fn blank(unit_name: &str, filled_on: &str) -> Self {
        let rows = vec![vec![Cell::Blank; KEYS.len()]; 3];
        Self { unit_name: unit_name.to_owned(), filled_on: filled_on.to_owned(), rows, sum_row: None, notes: vec![] }
    }

    /// Writes something else into one cell of a data row.
    #[must_use]
    pub fn with(mut self, row: usize, key: &str, cell: Cell) -> Self {
        let column = KEYS.iter().position(|known| *known == key);
        if let Some(place) = column.and_then(|column| self.rows.get_mut(row)?.get_mut(column)) {
            *place = cell;
        }
        self
    }

    /// Adds a 合计 row with these figures under these keys.
    #[must_use]
    pub fn with_sum_row(mut self, sums: &[(&str, Decimal)]) -> Self {
        let mut row = vec![Cell::Blank; KEYS.len()];
        for (key, sum) in sums {
            if let Some(place) = KEYS.iter().position(|known| known == key).and_then(|at| row.get_mut(at)) {
                *place = Cell::Number(sum.normalize());
            }
        }
        // The form has no column for a label; units put it where words stand.
        if let Some(label) = row.get_mut(6) {
            *label = Cell::Text("合计".to_owned());
        }
        self.sum_row = Some(row);
        self
    }
}
