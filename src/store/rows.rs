//! Rows inserted many at a time: one statement costs hardly more for fifty rows than for one.

use sqlx::query_builder::Separated;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use super::StoreError;

/// Rows in one statement: their values must fit into what SQLite takes at once (32,766).
pub(super) const MOST_ROWS: usize = 500;

/// Statements that insert rows of values, many each.
pub(super) fn insertions<R>(
    start: &str,
    end: &str,
    rows: impl Iterator<Item = R>,
    push: impl Fn(&mut Separated<'_, Sqlite, &'static str>, R) -> Result<(), StoreError>,
) -> Result<Vec<QueryBuilder<Sqlite>>, StoreError> {
    let mut statements = Vec::new();
    let mut rows = rows.peekable();
    while rows.peek().is_some() {
        let mut failed = None;
        let mut statement = QueryBuilder::<Sqlite>::new(start);
        statement.push_values(rows.by_ref().take(MOST_ROWS), |mut values, row| {
            if let Err(error) = push(&mut values, row) {
                failed = Some(error);
            }
        });
        if let Some(error) = failed {
            return Err(error);
        }
        statement.push(end);
        statements.push(statement);
    }
    Ok(statements)
}

/// Runs such statements, and returns how many rows are new. They are not kept for another time: each number of rows makes
/// another.
pub(super) async fn run(
    write: &mut SqliteConnection,
    statements: Vec<QueryBuilder<Sqlite>>,
) -> Result<u64, StoreError> {
    let mut new = 0;
    for mut statement in statements {
        new += statement.build().persistent(false).execute(&mut *write).await?.rows_affected();
    }
    Ok(new)
}
