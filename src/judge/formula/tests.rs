//! Formulas on drawn grids, kept results true and false, circles, chains and floods.

use proptest::prelude::*;

use super::*;
use crate::judge::testing::grid;
use crate::model::grid::Formula;

fn book(first: &str, second: &str) -> Vec<Sheet> {
    let sheet = |name: &str, drawing: &str| Sheet { name: name.into(), hidden: false, grid: grid(drawing) };
    vec![sheet("统计表", first), sheet("1-附 表", second)]
}

/// What a formula in H9 of the first sheet comes to; nothing where it stays as it is.
fn value(formula: &str) -> Option<String> {
    let mut sheets = book(
        "12000 | 无 | 0.1 | =A1+C1
         22120.5 | '5 | 0.2 | =D2
         #DIV/0! | =SUM(A1:A2) | =B3/10000 | 3",
        "7 | 8\n=A1*'1-附 表'!B1 | 孝义市",
    );
    let mut cells = sheets[0].grid.cells().to_vec();
    cells.push(Cell { row: 8, column: 7, value: CellValue::Uncomputed(formula.into()) });
    sheets[0].grid = Grid::new(cells, Vec::new());
    match worked_out(&sheets)[0].grid.at(8, 7).map(|cell| cell.value.clone()) {
        Some(CellValue::Uncomputed(_)) => None,
        Some(value) => Some(value.shown()),
        None => Some(String::new()),
    }
}

#[test]
fn sums_and_rounding_are_exact() {
    for (formula, expected) in [
        ("SUM(A1:A2)", "34120.5"),
        ("=ROUND(SUM(A1:A2)/10000,1)", "3.4"),
        ("ROUND(C3, 2)", "3.41"),
        ("C1+C2", "0.3"),
        ("$A$1*2-(A2+1)", "1878.5"),
        ("SUM(A1,B1,C1:C2)+50%", "12000.8"),
        ("D1", "12000.1"),
        ("-ROUND(2.5,0)", "-3"),
        ("ROUND(A2,-2)", "22100"),
        ("ROUND(1/3,2)", "0.33"),
        ("SUM(C:C)", "3.71205"),
        ("sum($1:$1)", "24000.2"),
        ("PRODUCT(C1:C2,100)", "2"),
        ("MAX(A1:A2)-MIN(A1:A2)", "10120.5"),
        ("AVERAGE(A1:A2)", "17060.25"),
        ("B2+1", "6"),
        ("INT(C3)", "3"),
        ("Z99", "0"),
    ] {
        assert_eq!(value(formula).as_deref(), Some(expected), "{formula}");
    }
}

#[test]
fn other_sheets_conditions_and_words() {
    for (formula, expected) in [
        ("'1-附 表'!A2/10", "5.6"),
        ("SUM('1-附 表'!$A$1:$B$1)", "15"),
        ("统计表!C1", "0.1"),
        ("IF(A1>0,A1,\"\")", "12000"),
        ("IF(Z1=\"\",\"\",Z1+VLOOKUP(1,2,3))", ""),
        ("IFERROR(A1/0,0)", "0"),
        ("IFERROR(A3,5)", "5"),
        ("A3+1", "#VALUE!"),
        ("A1/0", "#VALUE!"),
        ("IF(AND(A1>1,OR(FALSE,C1<1)),1,2)", "1"),
        ("'1-附 表'!B2&\"双拥办\"", "孝义市双拥办"),
        ("CONCATENATE(\"共\",D3,\"人\")", "共3人"),
        ("_xlfn.CONCATENATE(\"a\"\"b\")", "a\"b"),
    ] {
        assert_eq!(value(formula).as_deref(), Some(expected), "{formula}");
    }
}

#[test]
fn what_cannot_be_known_is_not_guessed() {
    for formula in [
        "D2",
        "1/3",
        "B1+1",
        "Sheet2!A1",
        "VLOOKUP(A1,B1,2)",
        "SUM(A1",
        "1+",
        "",
        "A1 A2",
        "A1:A2",
        "C",
        "SUM(C)",
        "TODAY()",
        "[1]Sheet1!A1",
        "Sheet1:Sheet2!A1",
        "1E3",
        "SUM(A1:A2*2)",
        "{1}",
        "H9+1",
        "INT(1/3)",
        "A1:B2:C3",
        "总额",
    ] {
        assert_eq!(value(formula), None, "{formula}");
    }
}

/// A grid with 3 and 4 in A1 and B1 and, in C1, a kept result beside its formula.
fn kept(result: CellValue, formula: &str) -> CellValue {
    let mut cells = grid("3 | 4").cells().to_vec();
    cells.push(Cell { row: 0, column: 2, value: result });
    let formula = Formula { row: 0, column: 2, text: formula.into() };
    let sheet = Sheet { grid: Grid::new(cells, Vec::new()).with_formulas(vec![formula]), ..Sheet::default() };
    worked_out(&[sheet])[0].grid.at(0, 2).unwrap().value.clone()
}

#[test]
fn kept_results_are_held_against_their_formulas() {
    let number = |text: &str| CellValue::Number(text.parse().unwrap());
    let text = |text: &str| CellValue::Text(text.into());
    let failed = CellValue::Failed(CONTRADICTED.into());
    for (result, formula, expected) in [
        (number("7"), "A1+B1", number("7")),
        (number("0"), "A1+B1", number("7")),
        (number("0"), "A1-3", number("0")),
        (number("8"), "A1+B1", failed.clone()),
        (number("0.0002999999998"), "A1/10000", number("0.0003")),
        (number("1.33333333333333"), "B1/3", number("1.33333333333333")),
        (number("2"), "B1/3", failed.clone()),
        (number("9"), "VLOOKUP(A1,B1,1)", number("9")),
        (number("0"), "A9", number("0")),
        (number("0"), "\"共\"&A1", text("共3")),
        (text("共3"), "\"共\"&A1", text("共3")),
        (text("7"), "A1+B1", number("7")),
        (text("无"), "A1+B1", failed),
        (CellValue::Failed("#REF!".into()), "A1+B1", CellValue::Failed("#REF!".into())),
    ] {
        assert_eq!(kept(result.clone(), formula), expected, "{result:?} {formula}");
    }
}

#[test]
fn what_rests_on_a_contradiction_keeps_its_own_result() {
    let mut cells = grid("3 | 4").cells().to_vec();
    let formulas = [(2, "A1+B1", 8), (3, "C1*2", 16)].map(|(column, text, result)| {
        cells.push(Cell { row: 0, column, value: CellValue::Number(result.into()) });
        Formula { row: 0, column, text: text.into() }
    });
    let sheet = Sheet { grid: Grid::new(cells, Vec::new()).with_formulas(formulas.to_vec()), ..Sheet::default() };
    let sheets = [sheet];
    let found = worked_out(&sheets);
    assert_eq!(found[0].grid.at(0, 3).unwrap().value, CellValue::Number(16.into()));
}

#[test]
fn long_chains_either_way_and_floods_end() {
    let started = std::time::Instant::now();
    for up in [true, false] {
        let rows: Vec<String> = (1..=20_000)
            .map(|row| match (up, row) {
                (true, 1) | (false, 20_000) => "1".to_owned(),
                (true, row) => format!("=A{}+1", row - 1),
                (false, row) => format!("=A{}+1", row + 1),
            })
            .collect();
        let sheets = book(&rows.join("\n"), "");
        let found = worked_out(&sheets);
        let far = if up { 19_999 } else { 0 };
        assert_eq!(found[0].grid.at(far, 0).unwrap().value, CellValue::Number(20_000.into()));
    }
    let sums: Vec<String> = (1..=20_000).map(|_| "1 | =SUM(A1:A20000)".to_owned()).collect();
    let _ = worked_out(&book(&sums.join("\n"), ""));
    let circle = book("=B1 | =C1 | =A1+1", "");
    assert!(matches!(worked_out(&circle)[0].grid.at(0, 2).unwrap().value, CellValue::Uncomputed(_)));
    for formula in ["(".repeat(1900), "-".repeat(1900), "1+".repeat(1900) + "1", "IF(1,".repeat(300)] {
        assert_eq!(value(&formula), None);
    }
    let doubled: Vec<String> =
        (1..=60).map(|row| if row == 1 { "1".into() } else { format!("=A{0}+A{0}", row - 1) }).collect();
    let sheets = book(&doubled.join("\n"), "");
    let found = worked_out(&sheets);
    assert_eq!(found[0].grid.at(59, 0).unwrap().value.shown(), 2_u64.pow(59).to_string());
    assert!(started.elapsed().as_secs() < 20);
}

proptest! {
    #[test]
    fn any_formula_is_taken(formula in "[-+*/%&=<>(),:!'\"$A-C1-3 .IFSUMROUND表]{0,60}") {
        let _ = value(&formula);
    }
}
