//! The merged areas of a grid, made quick to look up: a hostile sheet may have as many of them as cells.

use std::collections::HashMap;

use crate::model::grid::{Cell, Grid, Span};

/// An index over a grid's merged areas.
pub struct Spans {
    anchors: HashMap<(u32, u32), Span>,
    /// For the columns asked for: the areas over them, from the top.
    over: HashMap<u32, Vec<Span>>,
}

impl Spans {
    /// Indexes all areas by their top left cell, and those over these columns.
    #[must_use]
    pub fn of(grid: &Grid, columns: impl Iterator<Item = u32>) -> Self {
        let anchors = grid.merges().iter().rev().map(|span| ((span.top, span.left), *span)).collect();
        let over = columns
            .map(|column| {
                let covers = |span: &&Span| (span.left..=span.right).contains(&column);
                let mut spans: Vec<Span> = grid.merges().iter().filter(covers).copied().collect();
                spans.sort_by_key(|span| span.top);
                (column, spans)
            })
            .collect();
        Self { anchors, over }
    }

    /// The area whose top left cell stands here.
    #[must_use]
    pub fn anchored(&self, row: u32, column: u32) -> Option<Span> {
        self.anchors.get(&(row, column)).copied()
    }

    /// The area over a place in one of the indexed columns.
    #[must_use]
    pub fn over(&self, row: u32, column: u32) -> Option<Span> {
        let spans = self.over.get(&column)?;
        let below = spans.partition_point(|span| span.top <= row);
        spans.get(below.checked_sub(1)?).filter(|span| span.covers(row, column)).copied()
    }

    /// The cell seen at a place in one of the indexed columns.
    #[must_use]
    pub fn seen<'g>(&self, grid: &'g Grid, row: u32, column: u32) -> Option<&'g Cell> {
        match self.over(row, column) {
            Some(span) => grid.at(span.top, span.left),
            None => grid.at(row, column),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::testing::grid;

    #[test]
    fn the_index_says_what_the_grid_says() {
        let grid = grid("a | < | b\n^ | ^ | ^\nc | d | e\n^ | f | g");
        let spans = Spans::of(&grid, 0..3);
        for row in 0..5 {
            for column in 0..3 {
                assert_eq!(spans.over(row, column).as_ref(), grid.span_at(row, column), "{row} {column}");
                assert_eq!(spans.seen(&grid, row, column), grid.seen_at(row, column), "{row} {column}");
            }
        }
        assert_eq!(spans.anchored(0, 0).map(|span| (span.bottom, span.right)), Some((1, 1)));
        assert_eq!(spans.anchored(1, 0), None);
    }
}
