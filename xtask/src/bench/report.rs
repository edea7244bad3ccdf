//! The table in `docs/performance.md`, between two marks.

use std::path::Path;

use anyhow::{Context, Result};

use super::row::{HEAD, Row};

const PAGE: &str = "docs/performance.md";
const BEGIN: &str = "<!-- measured: begin -->";
const END: &str = "<!-- measured: end -->";

/// Replaces what was measured. A `whole` run replaces the table; a part replaces or adds its own rows and
/// says of the machine only that part of the rows is newer.
pub fn store(root: &Path, machine: &str, rows: &[Row], whole: bool) -> Result<()> {
    let path = root.join(PAGE);
    let page = std::fs::read_to_string(&path).with_context(|| format!("reading {PAGE}"))?;
    let page = replaced(&page, machine, rows, whole).with_context(|| format!("{PAGE} has lost its marks"))?;
    std::fs::write(&path, page).with_context(|| format!("writing {PAGE}"))?;
    eprintln!("wrote {PAGE}");
    Ok(())
}

fn replaced(page: &str, machine: &str, rows: &[Row], whole: bool) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (old, after) = rest.split_once(END)?;
    let mut lines: Vec<String> = if whole { Vec::new() } else { rows_of(old) };
    for row in rows {
        match lines.iter_mut().find(|line| label(line) == Some(row.label())) {
            Some(line) => *line = row.markdown(),
            None => lines.push(row.markdown()),
        }
    }
    Some(format!("{before}{BEGIN}\n{machine}\n\n{HEAD}\n{}\n{END}{after}", lines.join("\n")))
}

/// The rows of a stored table, without its two lines of head.
fn rows_of(table: &str) -> Vec<String> {
    table.lines().filter(|line| line.starts_with('|')).skip(2).map(str::to_owned).collect()
}

fn label(line: &str) -> Option<&str> {
    line.strip_prefix("| ")?.split_once(" |").map(|(label, _)| label)
}

#[cfg(test)]
mod tests {
    use super::super::row::{Bound, Row, Unit};
    use super::{BEGIN, END, replaced};

    fn row(label: &str, value: f64) -> Row {
        Row::of_one(label, Unit::Count, Bound::AtMost(9.0), value)
    }

    #[test]
    fn a_whole_run_replaces_the_table_and_a_part_only_its_rows() {
        let page = format!("# P\n\n{BEGIN}\n{END}\n\nend\n");
        let first =
            replaced(&page, "machine 1", &[row("a", 1.0), row("b", 2.0)], true).expect("it has marks");
        assert!(first.starts_with("# P\n") && first.ends_with("\n\nend\n"), "{first}");
        let second = replaced(&first, "machine 2", &[row("b", 3.0), row("c", 4.0)], false).expect("marks");
        let rows: Vec<&str> = second.lines().filter(|line| line.contains("≤")).collect();
        assert_eq!(
            rows,
            ["| a | ≤ 9 | 1 |  | 1 | yes |", "| b | ≤ 9 | 3 |  | 1 | yes |", "| c | ≤ 9 | 4 |  | 1 | yes |"]
        );
        assert!(second.contains("machine 2") && !second.contains("machine 1"));
        let third = replaced(&second, "machine 3", &[row("z", 1.0)], true).expect("it has marks");
        assert_eq!(third.lines().filter(|line| line.contains("≤")).count(), 1);
    }

    #[test]
    fn a_page_without_marks_is_left_alone() {
        assert!(replaced("# P\n", "machine", &[], true).is_none());
    }
}
