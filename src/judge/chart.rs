//! The progress of a collection as a picture: a column a day, the whole as a line, the deadline marked, the forecast as
//! a band. Made of rectangles alone, without fonts: words stand around it in the letter. The same days always give the
//! same bytes.

use chrono::{Days, NaiveDate};

use crate::model::calendar::WorkCalendar;
use crate::model::standing::DayCount;

/// Pixels; shown at half that size, so that it is sharp on a telephone.
pub const WIDTH: u32 = 1_372;
pub const HEIGHT: u32 = 340;
/// Space above the line of the whole, in pixels.
const HEAD: u32 = 8;
/// The ground line's height.
const FOOT: u32 = 3;
/// Columns at most: thinner ones cannot be told apart.
const MOST_DAYS: usize = 180;

/// One after the other: paper, days off, quarters, line of the whole, columns, forecast, deadline.
const PALETTE: [[u8; 3]; 7] = [
    [0xff, 0xff, 0xff],
    [0xf5, 0xf2, 0xee],
    [0xe5, 0xe0, 0xda],
    [0x8a, 0x80, 0x75],
    [0x9b, 0x1c, 0x1c],
    [0xe0, 0xae, 0xa6],
    [0x2b, 0x26, 0x22],
];

#[derive(Clone, Copy)]
enum Ink {
    Paper,
    DayOff,
    Quarter,
    Whole,
    Column,
    Forecast,
    Deadline,
}

impl Ink {
    fn index(self) -> u8 {
        match self {
            Self::Paper => 0,
            Self::DayOff => 1,
            Self::Quarter => 2,
            Self::Whole => 3,
            Self::Column => 4,
            Self::Forecast => 5,
            Self::Deadline => 6,
        }
    }
}

/// What is drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Days that follow each other; the last is today.
    pub days: Vec<DayCount>,
    pub total: usize,
    pub deadline: NaiveDate,
    /// The ends of the forecast, drawn on the day of the deadline.
    pub expected: Option<(usize, usize)>,
}

impl Progress {
    /// Every day of the picture: from the first that is known to the deadline, or to today where that is later.
    #[must_use]
    pub fn span(&self) -> Vec<NaiveDate> {
        let (Some(first), Some(today)) = (self.days.first(), self.days.last()) else { return Vec::new() };
        let last = today.day.max(self.deadline);
        let earliest = last.checked_sub_days(Days::new(MOST_DAYS as u64 - 1)).unwrap_or(first.day);
        first.day.max(earliest).iter_days().take_while(|day| *day <= last).collect()
    }

    /// How far from the left the deadline's day ends, in percent of the width; `None` where it is not in the picture.
    #[must_use]
    pub fn deadline_percent(&self) -> Option<usize> {
        let span = self.span();
        let place = span.iter().position(|day| *day == self.deadline)?;
        (place + 1).saturating_mul(100).checked_div(span.len())
    }

    /// The picture as PNG; `None` where there is no day or no unit to draw.
    #[must_use]
    pub fn png(&self, calendar: &WorkCalendar) -> Option<Vec<u8>> {
        let span = self.span();
        if span.is_empty() || self.total == 0 {
            return None;
        }
        let mut canvas = Canvas::new();
        let places = u32::try_from(span.len()).ok()?;
        let edge = |place: u32| place.saturating_mul(WIDTH) / places;
        for (place, day) in (0..).zip(&span).filter(|(_, day)| !calendar.is_worked(**day)) {
            let _ = day;
            canvas.fill(edge(place), edge(place + 1), 0, HEIGHT, Ink::DayOff);
        }
        for quarter in 1..=3 {
            let y = self.y(self.total * quarter, 4);
            canvas.fill(0, WIDTH, y, y + 2, Ink::Quarter);
        }
        for (place, day) in (0..).zip(&span) {
            let (left, right) = (edge(place), edge(place + 1));
            let gap = (right - left) / 8;
            let done = self.days.iter().find(|count| count.day == *day).map_or(0, |count| count.done);
            if let Some((low, high)) = self.expected.filter(|_| *day == self.deadline) {
                let (top, bottom) = (self.y(high, 1), self.y(low, 1).max(self.y(high, 1) + 4));
                canvas.fill(left + gap, right - gap, top, bottom, Ink::Forecast);
            }
            canvas.fill(left + gap, right - gap, self.y(done, 1), HEIGHT, Ink::Column);
        }
        canvas.fill(0, WIDTH, HEAD, HEAD + 3, Ink::Whole);
        canvas.fill(0, WIDTH, HEIGHT - FOOT, HEIGHT, Ink::Whole);
        if let Some(place) = span.iter().position(|day| *day == self.deadline) {
            let right = edge(u32::try_from(place + 1).ok()?).min(WIDTH - 2);
            for dash in (0..HEIGHT).step_by(16) {
                canvas.fill(right.saturating_sub(2), right + 2, dash, dash + 10, Ink::Deadline);
            }
        }
        canvas.png()
    }

    /// The height of `count / of` units, from above.
    fn y(&self, count: usize, of: usize) -> u32 {
        let room = u64::from(HEIGHT - HEAD - FOOT);
        let whole = (self.total * of).max(1) as u64;
        let part = (count as u64).min(whole) * room / whole;
        HEIGHT - FOOT - u32::try_from(part).unwrap_or(0)
    }
}

/// A field of colours, row after row.
struct Canvas(Vec<u8>);

impl Canvas {
    fn new() -> Self {
        Self(vec![Ink::Paper.index(); (WIDTH * HEIGHT) as usize])
    }

    /// Fills a rectangle; what lies outside the canvas is left out.
    fn fill(&mut self, left: u32, right: u32, top: u32, bottom: u32, ink: Ink) {
        let (left, right) = (left.min(WIDTH) as usize, right.min(WIDTH) as usize);
        let rows = self.0.chunks_exact_mut(WIDTH as usize).take(bottom as usize).skip(top as usize);
        for row in rows {
            for point in row.iter_mut().take(right).skip(left) {
                *point = ink.index();
            }
        }
    }

    fn png(&self) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, WIDTH, HEIGHT);
        encoder.set_color(png::ColorType::Indexed);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_palette(PALETTE.concat());
        encoder.set_compression(png::Compression::High);
        encoder.set_filter(png::Filter::NoFilter);
        encoder.write_header().and_then(|mut writer| writer.write_image_data(&self.0)).ok()?;
        Some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(done: &[usize], expected: Option<(usize, usize)>) -> Progress {
        let first = NaiveDate::from_ymd_opt(2021, 7, 22).unwrap();
        let days = first.iter_days().zip(done).map(|(day, done)| DayCount { day, done: *done }).collect();
        Progress { days, total: 110, deadline: NaiveDate::from_ymd_opt(2021, 8, 10).unwrap(), expected }
    }

    /// The colour at a place, by its number in the palette.
    fn pixels(bytes: &[u8]) -> Vec<u8> {
        let mut decoder = png::Decoder::new(std::io::Cursor::new(bytes));
        decoder.set_transformations(png::Transformations::IDENTITY);
        let mut reader = decoder.read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert_eq!((info.width, info.height), (WIDTH, HEIGHT));
        pixels
    }

    fn column(pixels: &[u8], x: u32, ink: Ink) -> usize {
        (0..HEIGHT).filter(|y| pixels[(y * WIDTH + x) as usize] == ink.index()).count()
    }

    #[test]
    fn columns_are_as_high_as_their_days_and_the_forecast_stands_on_the_deadline() {
        let calendar = WorkCalendar::default();
        let picture = progress(&[0, 0, 0, 0, 11, 22, 55], Some((66, 88)));
        assert_eq!(picture.span().len(), 20, "to the deadline");
        assert_eq!(picture.deadline_percent(), Some(100));
        let bytes = picture.png(&calendar).unwrap();
        assert_eq!(bytes, picture.png(&calendar).unwrap());
        assert!(bytes.len() < 4_000, "{}", bytes.len());
        let pixels = pixels(&bytes);
        let slot = WIDTH / 20;
        let height = |day: u32, ink| column(&pixels, day * slot + slot / 2, ink);
        assert_eq!(height(0, Ink::Column), 0);
        let half = (HEIGHT - HEAD - FOOT) as usize / 2;
        assert!(height(6, Ink::Column).abs_diff(half) <= FOOT as usize, "{}", height(6, Ink::Column));
        assert!(height(19, Ink::Forecast).abs_diff(half * 2 / 5) <= 4, "{}", height(19, Ink::Forecast));
        assert!(height(2, Ink::DayOff) > 200, "July 24th is a Saturday");
    }

    #[test]
    fn after_the_deadline_the_days_go_on() {
        let picture = progress(&[5; 23], None);
        assert_eq!((picture.span().len(), picture.deadline_percent()), (23, Some(86)));
        assert!(picture.png(&WorkCalendar::default()).is_some());
    }

    #[test]
    fn nothing_to_draw_is_no_picture_and_a_long_collection_shows_its_end() {
        assert_eq!(progress(&[], None).png(&WorkCalendar::default()), None);
        let mut empty = progress(&[0], None);
        empty.total = 0;
        assert_eq!(empty.png(&WorkCalendar::default()), None);
        let long = progress(&[3; 700], Some((200, 900)));
        assert_eq!((long.span().len(), long.deadline_percent()), (MOST_DAYS, None));
        assert!(long.png(&WorkCalendar::default()).is_some());
    }
}
