//! A page as it is drawn, before it is a PDF or an OFD file: words and lines at their places.

use mailtally::demo::build::form::{GROUPS, HEADERS, TITLE};

/// Lengths in points, from the top left corner; A4 lying.
pub const WIDTH: f64 = 842.0;
pub const HEIGHT: f64 = 595.0;
/// Where the columns of the form part.
const XS: [f64; 12] = [31.0, 101.0, 181.0, 251.0, 321.0, 401.0, 471.0, 541.0, 611.0, 681.0, 761.0, 811.0];
/// The size of the words in the form.
const SIZE: f64 = 9.0;

/// What is drawn, in this order.
#[derive(Clone)]
pub enum Mark {
    /// Words on a baseline.
    Words {
        text: String,
        x: f64,
        y: f64,
        size: f64,
    },
    /// Words that are not painted, as a scanner lays them under its picture.
    Unseen {
        text: String,
        x: f64,
        y: f64,
        size: f64,
    },
    Line {
        from: (f64, f64),
        to: (f64, f64),
    },
    /// A white box.
    White {
        x: f64,
        y: f64,
        width: f64,
        height: f64,
    },
    /// A picture over the whole page.
    Picture,
}

/// A page.
#[derive(Clone, Default)]
pub struct Page {
    pub marks: Vec<Mark>,
}

/// A row of the form, column by column.
pub type Row = [&'static str; 11];

/// How wide words are: Chinese fills a square, the rest half of one.
pub fn reach(text: &str, size: f64) -> f64 {
    text.chars().map(|letter| if letter.is_ascii() { size / 2.0 } else { size }).sum()
}

impl Page {
    pub fn words(&mut self, text: &str, x: f64, y: f64, size: f64) {
        self.marks.push(Mark::Words { text: text.to_owned(), x, y, size });
    }

    pub fn line(&mut self, from: (f64, f64), to: (f64, f64)) {
        self.marks.push(Mark::Line { from, to });
    }

    /// The title, and who filled the form and when.
    pub fn heading(&mut self, unit: &str, day: &str) {
        self.words(TITLE, (WIDTH - reach(TITLE, 18.0)) / 2.0, 60.0, 18.0);
        self.words(&format!("县(市、区)/单位名称：{unit}"), 40.0, 90.0, 12.0);
        self.words(&format!("填报时间：{day}"), 600.0, 90.0, 12.0);
    }

    /// The two rows of headers from this height on; where they end. `sides`: the outer uprights are drawn.
    pub fn header(&mut self, top: f64, sides: bool) -> f64 {
        let (middle, bottom) = (top + 24.0, top + 90.0);
        self.line((XS[0], top), (XS[11], top));
        self.line((XS[0], middle), (XS[9], middle));
        for (group, (left, right)) in GROUPS.iter().zip([(0, 6), (6, 9)]) {
            self.cell(group, XS[left], XS[right], (top, middle));
        }
        for (index, header) in HEADERS.iter().enumerate() {
            let from = if index < 9 { middle } else { top };
            self.cell(header, XS[index], XS[index + 1], (from, bottom));
        }
        for (index, x) in XS.iter().enumerate().filter(|(index, _)| sides || (1..11).contains(index)) {
            let from = if matches!(index, 0 | 6 | 9 | 10 | 11) { top } else { middle };
            self.line((*x, from), (*x, bottom));
        }
        self.line((XS[0], bottom), (XS[11], bottom));
        bottom
    }

    /// Rows of 40 points each; where they end.
    pub fn rows(&mut self, rows: &[Row], top: f64, sides: bool) -> f64 {
        let mut from = top;
        for row in rows {
            let to = from + 40.0;
            for (index, text) in row.iter().enumerate() {
                self.cell(text, XS[index], XS[index + 1], (from, to));
            }
            for (_, x) in XS.iter().enumerate().filter(|(index, _)| sides || (1..11).contains(index)) {
                self.line((*x, from), (*x, to));
            }
            self.line((XS[0], to), (XS[11], to));
            from = to;
        }
        from
    }

    /// Words broken to fit, in the middle of a cell; numbers to its right.
    fn cell(&mut self, text: &str, left: f64, right: f64, (top, bottom): (f64, f64)) {
        let mut lines: Vec<String> = vec![String::new()];
        for letter in text.chars() {
            let line = lines.last().cloned().unwrap_or_default();
            if reach(&line, SIZE) + SIZE > right - left - 6.0 {
                lines.push(String::new());
            }
            lines.last_mut().unwrap().push(letter);
        }
        let pitch = SIZE * 1.3;
        let mut y = (top + bottom) / 2.0 - pitch * (lines.len() as f64) / 2.0 + SIZE;
        for line in lines.iter().filter(|line| !line.is_empty()) {
            let is_number = line.chars().all(|letter| letter.is_ascii_digit() || ",.-".contains(letter));
            let free = right - left - reach(line, SIZE);
            let x = if is_number { right - 3.0 - reach(line, SIZE) } else { left + free / 2.0 };
            self.words(line, x, y, SIZE);
            y += pitch;
        }
    }
}

/// A filled form on one page.
pub fn form(unit: &str, day: &str, rows: &[Row], sides: bool) -> Page {
    let mut page = Page::default();
    page.heading(unit, day);
    let top = page.header(110.0, sides);
    page.rows(rows, top, sides);
    page
}

/// A report of one page, upright on a lying sheet.
pub fn report() -> Page {
    let mut page = Page::default();
    let title = "离石区关于2021年“八一”期间走访慰问活动情况的报告";
    page.words("离双拥办〔2021〕5号", 350.0, 60.0, 14.0);
    page.words(title, (WIDTH - reach(title, 20.0)) / 2.0, 100.0, 20.0);
    for (index, line) in [
        "吕梁市双拥工作领导小组办公室：",
        "　　按照通知要求，我区高度重视，周密部署，扎实开展“八一”期间走访慰问活动，现将有关情况报告如下：",
        "　　一、共走访慰问军队退役人员120人，送去慰问品和慰问金，把党和政府的关怀送到他们身边。",
        "　　二、走访慰问驻军部队两个，与官兵座谈交流，了解实际困难，研究解决办法。",
        "　　三、走访慰问其他优抚对象30人，发放米面油等慰问品。",
    ]
    .iter()
    .enumerate()
    {
        page.words(line, 60.0, 150.0 + 28.0 * index as f64, 14.0);
    }
    page.words("离石区双拥工作领导小组办公室", 520.0, 320.0, 14.0);
    page.words("2021年8月5日", 580.0, 348.0, 14.0);
    page
}
