//! The text of a formula → what it says. Only what sums on a form are made of is understood.

use rust_decimal::Decimal;

use crate::judge::numerals::plain_decimal;

/// No formula typed into a form is longer (Excel's own limit is 8192).
const LONGEST: usize = 4000;

/// How deep brackets and calls may nest.
const DEEPEST: u32 = 48;

/// A part of a formula.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expression {
    Number(Decimal),
    Text(String),
    Flag(bool),
    Area(Area),
    Negative(Box<Expression>),
    Percent(Box<Expression>),
    Operation(Operator, Box<Expression>, Box<Expression>),
    /// A function by its name in capitals.
    Call(String, Vec<Expression>),
    /// An argument left out: `IF(A1,,2)`.
    Omitted,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Join,
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    More,
    MoreOrEqual,
}

/// A cell or a rectangle of cells, bounds inclusive and from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Area {
    /// The sheet's name, where the formula names one.
    pub(super) sheet: Option<String>,
    pub(super) top: u32,
    pub(super) left: u32,
    pub(super) bottom: u32,
    pub(super) right: u32,
}

impl Area {
    pub(super) fn is_cell(&self) -> bool {
        self.top == self.bottom && self.left == self.right
    }
}

/// Reads a formula, with or without its `=`; `None` for anything that is not understood whole.
pub(super) fn parse(formula: &str) -> Option<Expression> {
    if formula.len() > LONGEST {
        return None;
    }
    let formula = formula.trim();
    let mut parser = Parser { rest: formula.strip_prefix('=').unwrap_or(formula), depth: 0 };
    let whole = parser.comparison()?;
    parser.skip_space();
    parser.rest.is_empty().then_some(whole)
}

struct Parser<'t> {
    rest: &'t str,
    depth: u32,
}

impl Parser<'_> {
    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn eat(&mut self, wanted: &str) -> bool {
        self.skip_space();
        match self.rest.strip_prefix(wanted) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn comparison(&mut self) -> Option<Expression> {
        const SIGNS: [(&str, Operator); 6] = [
            ("<>", Operator::Unequal),
            ("<=", Operator::LessOrEqual),
            (">=", Operator::MoreOrEqual),
            ("=", Operator::Equal),
            ("<", Operator::Less),
            (">", Operator::More),
        ];
        self.chain(&SIGNS, Self::joined)
    }

    fn joined(&mut self) -> Option<Expression> {
        self.chain(&[("&", Operator::Join)], Self::sum)
    }

    fn sum(&mut self) -> Option<Expression> {
        self.chain(&[("+", Operator::Add), ("-", Operator::Subtract)], Self::product)
    }

    fn product(&mut self) -> Option<Expression> {
        self.chain(&[("*", Operator::Multiply), ("/", Operator::Divide)], Self::factor)
    }

    /// Operands joined by operators of one rank, from the left.
    fn chain(
        &mut self,
        signs: &[(&str, Operator)],
        operand: fn(&mut Self) -> Option<Expression>,
    ) -> Option<Expression> {
        let mut left = operand(self)?;
        let mut links = 0_u32;
        while let Some((_, operator)) = signs.iter().find(|(sign, _)| self.eat(sign)) {
            // A long chain is a tree as deep as it is long.
            links += 1;
            if links > 400 {
                return None;
            }
            left = Expression::Operation(*operator, Box::new(left), Box::new(operand(self)?));
        }
        Some(left)
    }

    fn factor(&mut self) -> Option<Expression> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        let mut value = if self.eat("-") {
            Expression::Negative(Box::new(self.factor()?))
        } else if self.eat("+") {
            self.factor()?
        } else if self.eat("(") {
            let inner = self.comparison()?;
            self.eat(")").then_some(inner)?
        } else {
            self.operand()?
        };
        self.depth -= 1;
        while self.eat("%") {
            value = Expression::Percent(Box::new(value));
        }
        Some(value)
    }

    fn operand(&mut self) -> Option<Expression> {
        self.skip_space();
        if let Some(rest) = self.rest.strip_prefix('"') {
            self.rest = rest;
            return self.quoted('"').map(Expression::Text);
        }
        if let Some(rest) = self.rest.strip_prefix('\'') {
            self.rest = rest;
            let sheet = self.quoted('\'')?;
            return self.eat("!").then_some(()).and_then(|()| self.area(Some(sheet)));
        }
        if self.rest.starts_with(|character: char| character.is_ascii_digit() || character == '.')
            && !self.rest.trim_start_matches(|character: char| character.is_ascii_digit()).starts_with(':')
        {
            return self.number();
        }
        let start = self.rest;
        let word = self.word();
        if self.rest.starts_with('!') {
            self.eat("!");
            return if word.is_empty() { None } else { self.area(Some(word)) };
        }
        if self.eat("(") {
            let name = word.to_ascii_uppercase();
            return self
                .arguments()
                .map(|arguments| Expression::Call(name.trim_start_matches("_XLFN.").to_owned(), arguments));
        }
        match word.to_ascii_uppercase().as_str() {
            "TRUE" => return Some(Expression::Flag(true)),
            "FALSE" => return Some(Expression::Flag(false)),
            _ => self.rest = start,
        }
        self.area(None)
    }

    /// Up to the closing quote; a doubled one stands for itself.
    fn quoted(&mut self, quote: char) -> Option<String> {
        let mut text = String::new();
        loop {
            let (front, rest) = self.rest.split_once(quote)?;
            text.push_str(front);
            match rest.strip_prefix(quote) {
                Some(more) => {
                    text.push(quote);
                    self.rest = more;
                }
                None => {
                    self.rest = rest;
                    return Some(text);
                }
            }
        }
    }

    fn number(&mut self) -> Option<Expression> {
        let digits = self.take_while(|character| character.is_ascii_digit() || character == '.');
        // 1E4 is written by nobody in a form.
        if self.rest.starts_with(['e', 'E']) {
            return None;
        }
        plain_decimal(&digits).map(Expression::Number)
    }

    fn word(&mut self) -> String {
        self.take_while(|character| character.is_alphanumeric() || matches!(character, '_' | '.' | '$'))
    }

    fn take_while(&mut self, fits: impl Fn(char) -> bool) -> String {
        let taken: String = self.rest.chars().take_while(|character| fits(*character)).collect();
        self.rest = self.rest.get(taken.len()..).unwrap_or_default();
        taken
    }

    fn arguments(&mut self) -> Option<Vec<Expression>> {
        let mut arguments = Vec::new();
        if self.eat(")") {
            return Some(arguments);
        }
        loop {
            self.skip_space();
            let omitted = self.rest.starts_with([',', ')']);
            arguments.push(if omitted { Expression::Omitted } else { self.comparison()? });
            if self.eat(")") {
                return Some(arguments);
            }
            self.eat(",").then_some(())?;
        }
    }

    fn area(&mut self, sheet: Option<String>) -> Option<Expression> {
        let from = Corner::of(&self.word())?;
        let to = match (self.eat(":"), from) {
            (true, _) => Corner::of(&self.word())?,
            (false, Corner::Cell(..)) => from,
            // A name: `=C`.
            (false, _) => return None,
        };
        // A name, a sheet on both sides, or two areas that cut each other.
        if self.rest.starts_with(['!', ':', '[', '(']) {
            return None;
        }
        let (rows, columns) = match (from, to) {
            (Corner::Cell(row, column), Corner::Cell(other, wide)) => ((row, other), (column, wide)),
            (Corner::Column(column), Corner::Column(wide)) => ((0, u32::MAX), (column, wide)),
            (Corner::Row(row), Corner::Row(other)) => ((row, other), (0, u32::MAX)),
            _ => return None,
        };
        let ordered = |(one, other): (u32, u32)| (one.min(other), one.max(other));
        let ((top, bottom), (left, right)) = (ordered(rows), ordered(columns));
        Some(Expression::Area(Area { sheet, top, left, bottom, right }))
    }
}

/// One end of an area: `$C$5`, `C` of `C:C`, `5` of `5:5`.
#[derive(Clone, Copy)]
enum Corner {
    Cell(u32, u32),
    Column(u32),
    Row(u32),
}

impl Corner {
    fn of(word: &str) -> Option<Self> {
        let bare: String = word.chars().filter(|character| *character != '$').collect();
        let letters: String = bare.chars().take_while(char::is_ascii_alphabetic).collect();
        let digits = bare.get(letters.len()..)?;
        if letters.len() > 3 || digits.len() > 7 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let column = letters
            .bytes()
            .fold(0_u32, |column, letter| column * 26 + u32::from(letter.to_ascii_uppercase().saturating_sub(b'A')) + 1)
            .checked_sub(1);
        let row = if digits.is_empty() { None } else { Some(digits.parse::<u32>().ok()?.checked_sub(1)?) };
        match (row, column) {
            (Some(row), Some(column)) => Some(Self::Cell(row, column)),
            (None, Some(column)) => Some(Self::Column(column)),
            (Some(row), None) => Some(Self::Row(row)),
            (None, None) => None,
        }
    }
}
