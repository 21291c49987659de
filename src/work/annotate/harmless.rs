//! Whether a workbook may go out under the office's name: only parts and relations that are known to do nothing, no
//! formula that reaches outside the workbook.

use std::collections::BTreeMap;

use quick_xml::events::Event;

use super::Unfit;
use super::markup::{own_attribute, walk};
use super::parts::{Parts, TYPES};
use crate::read::workbook::xml;

/// Types of parts that do nothing, behind `application/vnd.openxmlformats-officedocument.`; macros, embedded objects,
/// connections, queries, pivot caches, controls and external workbooks are not among them.
const OFFICE_TYPES: [&str; 19] = [
    "spreadsheetml.sheet.main+xml",
    "spreadsheetml.worksheet+xml",
    "spreadsheetml.styles+xml",
    "spreadsheetml.sharedStrings+xml",
    "spreadsheetml.calcChain+xml",
    "spreadsheetml.comments+xml",
    "spreadsheetml.printerSettings",
    "spreadsheetml.table+xml",
    "spreadsheetml.sheetMetadata+xml",
    "theme+xml",
    "themeOverride+xml",
    "drawing+xml",
    "vmlDrawing",
    "drawingml.chart+xml",
    "drawingml.chartshapes+xml",
    "extended-properties+xml",
    "custom-properties+xml",
    "customXmlProperties+xml",
    "spreadsheetml.customProperty",
];

/// Other types that do nothing.
const OTHER_TYPES: [&str; 12] = [
    "application/vnd.openxmlformats-package.relationships+xml",
    "application/vnd.openxmlformats-package.core-properties+xml",
    "application/vnd.ms-office.chartstyle+xml",
    "application/vnd.ms-office.chartcolorstyle+xml",
    "application/vnd.ms-office.classificationlabels+xml",
    "application/xml",
    "text/xml",
    "image/png",
    "image/jpeg",
    "image/jpg",
    "image/gif",
    "image/bmp",
];

/// The last words of the types of relations that do nothing.
const RELATIONS: [&str; 30] = [
    "officeDocument",
    "core-properties",
    "extended-properties",
    "custom-properties",
    "thumbnail",
    "worksheet",
    "styles",
    "sharedStrings",
    "calcChain",
    "comments",
    "vmlDrawing",
    "drawing",
    "image",
    "printerSettings",
    "table",
    "sheetMetadata",
    "theme",
    "themeOverride",
    "chart",
    "chartUserShapes",
    "chartStyle",
    "chartColorStyle",
    "customXml",
    "customXmlProps",
    "customProperty",
    "classificationlabels",
    // WPS: pictures in cells, and what it notes of its own.
    "cellImage",
    "customStorage",
    "woinfos",
    "hyperlink",
];

/// Functions that fetch, call or lead somewhere. `_xlfn.` and the like may stand before them.
const REACHING: [&str; 22] = [
    "HYPERLINK",
    "WEBSERVICE",
    "FILTERXML",
    "ENCODEURL",
    "IMAGE",
    "RTD",
    "DDE",
    "CALL",
    "REGISTER",
    "EXEC",
    "EVALUATE",
    "RUN",
    "SQL",
    "QUERYSTRING",
    "STOCKHISTORY",
    "FIELDVALUE",
    "PY",
    "IMPORTDATA",
    "IMPORTXML",
    "IMPORTHTML",
    "IMPORTRANGE",
    "IMPORTFEED",
];

/// Elements whose text is a formula (ECMA-376 part 1, 18; `f` and `formula…` of extensions too).
const FORMULAS: [&str; 7] =
    ["f", "formula", "formula1", "formula2", "definedName", "calculatedColumnFormula", "totalsRowFormula"];

/// Refuses what acts, and what is not known.
///
/// # Errors
/// The first such thing.
pub(super) fn check(parts: &Parts<'_>) -> Result<(), Unfit> {
    let types = Types::read(parts)?;
    for name in parts.names() {
        if name == TYPES {
            continue;
        }
        let media_type = types.of(name).ok_or(Unfit("a part of no type"))?;
        let harmless = OTHER_TYPES.contains(&media_type)
            // What WPS adds as XML is looked through like any other, and what refers to it is known.
            || (media_type.starts_with("application/vnd.wps-officedocument.") && media_type.ends_with("+xml"))
            || media_type
                .strip_prefix("application/vnd.openxmlformats-officedocument.")
                .is_some_and(|of_office| OFFICE_TYPES.contains(&of_office));
        if !harmless {
            return Err(Unfit("a part that may act, or of an unknown type"));
        }
        if media_type.ends_with("vmlDrawing") {
            shapes(parts.octets(name).unwrap_or_default())?;
        } else if media_type.ends_with("xml") {
            document(parts.text(name)?)?;
        }
        if name.ends_with(".rels") {
            relations(parts, name)?;
        }
    }
    Ok(())
}

fn relations(parts: &Parts<'_>, list: &str) -> Result<(), Unfit> {
    let of = list.replacen("_rels/", "", 1);
    let of = of.strip_suffix(".rels").unwrap_or_default();
    for relation in parts.relations(of)? {
        if relation.strict {
            return Err(Unfit("the strict form of OOXML"));
        }
        if !RELATIONS.contains(&relation.kind.as_str()) {
            return Err(Unfit("a relation that may act, or of an unknown kind"));
        }
        let mail = relation.kind == "hyperlink" && relation.target.to_ascii_lowercase().starts_with("mailto:");
        if relation.external && !mail {
            return Err(Unfit("a relation that leads outside"));
        }
        if !relation.external && !parts.has(&relation.target) {
            return Err(Unfit("a relation that leads nowhere"));
        }
    }
    Ok(())
}

/// The types of parts, by their names or by their extensions.
struct Types {
    defaults: BTreeMap<String, String>,
    overrides: BTreeMap<String, String>,
}

impl Types {
    fn read(parts: &Parts<'_>) -> Result<Self, Unfit> {
        let mut types = Self { defaults: BTreeMap::new(), overrides: BTreeMap::new() };
        walk(parts.text(TYPES)?, |seen| {
            let Some((tag, _)) = seen.opened() else { return Ok(()) };
            let media_type = own_attribute(tag, "ContentType").unwrap_or_default();
            if let Some(extension) = own_attribute(tag, "Extension").filter(|_| seen.opens("Default")) {
                types.defaults.insert(extension.to_ascii_lowercase(), media_type);
            } else if let Some(part) = own_attribute(tag, "PartName").filter(|_| seen.opens("Override")) {
                types.overrides.insert(part.trim_start_matches('/').to_ascii_lowercase(), media_type);
            }
            Ok(())
        })?;
        Ok(types)
    }

    fn of(&self, part: &str) -> Option<&str> {
        let part = part.to_ascii_lowercase();
        let by_extension = || self.defaults.get(part.rsplit_once('.')?.1);
        self.overrides.get(&part).or_else(by_extension).map(String::as_str)
    }
}

/// Shapes with a macro or a link behind them. This markup is often not well-formed, so it is searched as text.
fn shapes(octets: &[u8]) -> Result<(), Unfit> {
    let text = String::from_utf8_lossy(octets).to_ascii_lowercase();
    let acts = ["fmlamacro", "href", "<script", "macro=", "javascript:", "<!doctype", "<!entity", "oleobject"];
    if acts.iter().any(|word| text.contains(word)) { Err(Unfit("a shape that may act")) } else { Ok(()) }
}

/// Elements and formulas that act, in any part.
fn document(text: &str) -> Result<(), Unfit> {
    let mut formula = String::new();
    walk(text, |seen| {
        if let Some((tag, _)) = seen.opened() {
            let named =
                |name: &str| xml::attribute(tag, name).is_some_and(|value| !matches!(value.trim(), "" | "0" | "false"));
            if named("macro") {
                return Err(Unfit("a shape that may act"));
            }
            if seen.opens("definedName") {
                let name = own_attribute(tag, "name").unwrap_or_default().to_ascii_lowercase();
                let runs = ["auto_", "_xlnm.auto", "_xlnm.auto_"].iter().any(|start| name.starts_with(start));
                if runs || ["function", "vbProcedure", "xlm"].iter().any(|name| named(name)) {
                    return Err(Unfit("a name that may act"));
                }
            }
        }
        match seen.event {
            Event::Start(_) => formula.clear(),
            Event::Text(words) => formula.push_str(words.as_ref()),
            Event::CData(words) => formula.push_str(words.as_ref()),
            Event::GeneralRef(reference) => xml::push_reference(reference, &mut formula),
            Event::End(tag) => {
                if FORMULAS.contains(&tag.local_name().as_ref()) && reaches_out(&formula) {
                    return Err(Unfit("a formula that reaches outside"));
                }
                formula.clear();
            }
            _ => {}
        }
        Ok(())
    })
}

/// Whether a formula names another workbook, a server of another program (DDE), or a function that fetches or leads
/// somewhere. What stands between double quotes is only text.
fn reaches_out(formula: &str) -> bool {
    let mut bare = String::new();
    let mut quoted = false;
    for character in formula.chars() {
        if character == '"' {
            quoted = !quoted;
            bare.push(' ');
        } else if !quoted {
            bare.push(character.to_ascii_uppercase());
        }
    }
    if quoted || bare.contains(['|', '[', '\\']) || bare.contains("://") {
        return true;
    }
    bare.split(|character: char| !(character.is_alphanumeric() || character == '_')).any(|word| {
        REACHING.contains(&word)
            || word.starts_with("CUBE")
            || word.starts_with("_XLUDF")
            || word.starts_with("_XLDUDF")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formula_that_stays_in_its_workbook_is_told_from_one_that_does_not() {
        for formula in [
            "ROUND((C6+F6+SUM(I6:I8))/10000,2)",
            "SUM(表1!C1:C3)",
            "'八一 统计'!$A$1",
            "IF(A1=\"[无]|http://x\",0,1)",
            "TEXT(A1,\"[=0]0;0\")",
            "_xlfn.IFS(A1>0,1)",
            "",
        ] {
            assert!(!reaches_out(formula), "{formula}");
        }
        for formula in [
            "[1]Sheet1!A1",
            "cmd|'/c calc'!A1",
            "HYPERLINK(\"http://evil.example\",\"x\")",
            "_xlfn.WEBSERVICE(A1)",
            "'\\\\evil.example\\share\\[x.xlsx]S'!A1",
            "'file:///x'#$S.A1",
            "DDE(\"soffice\",A1,A2)",
            "_xlfn.IMAGE(A1)",
            "\"open",
            "cubevalue(1)",
        ] {
            assert!(reaches_out(formula), "{formula}");
        }
    }
}
