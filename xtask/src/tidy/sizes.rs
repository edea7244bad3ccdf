//! How long the Rust files are: median, 95th percentile, longest.

use anyhow::Result;

use super::Violation;
use crate::tree::Tree;

/// Lines that half of the files may have at most.
const MEDIAN: usize = 200;
/// Lines that 95 of 100 files may have at most.
const NINETY_FIFTH: usize = 600;
/// Lines that no file may exceed.
const LONGEST: usize = 1000;

/// Violations of the file budget over all Rust files.
pub fn violations(tree: &Tree) -> Result<Vec<Violation>> {
    let mut lengths = Vec::new();
    for path in tree.ending_in(".rs") {
        let bytes = tree.bytes(path)?;
        lengths.push((bytes.iter().filter(|&&byte| byte == b'\n').count(), path.to_owned()));
    }
    Ok(judged(lengths))
}

fn judged(mut lengths: Vec<(usize, String)>) -> Vec<Violation> {
    lengths.sort();
    let mut found = Vec::new();
    for (lines, path) in lengths.iter().filter(|(lines, _)| *lines > LONGEST) {
        found.push(Violation::of("file-lines", path, format!("{lines} lines, at most {LONGEST}")));
    }
    for (rank, bound) in [(50, MEDIAN), (95, NINETY_FIFTH)] {
        // Nearest rank: the smallest length that at least `rank` of 100 files do not exceed.
        let Some(index) = (lengths.len() * rank).div_ceil(100).checked_sub(1) else { continue };
        let (lines, _) = &lengths[index];
        if *lines > bound {
            let what = format!("percentile {rank} of the files has {lines} lines, at most {bound}");
            found.push(Violation::of("file-percentile", "*.rs", what));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::judged;
    use crate::tree::scratch;

    fn files(lengths: &[usize]) -> Vec<(usize, String)> {
        lengths.iter().enumerate().map(|(index, lines)| (*lines, format!("{index}.rs"))).collect()
    }

    #[test]
    fn the_bounds_themselves_pass() {
        assert!(judged(vec![]).is_empty());
        let mut lengths = vec![200; 60];
        lengths.extend([600; 38]);
        lengths.extend([1000; 2]);
        assert!(judged(files(&lengths)).is_empty());
    }

    #[test]
    fn one_file_over_a_thousand_lines_is_named() {
        let mut lengths = vec![10; 40];
        lengths.push(1001);
        let found = judged(files(&lengths));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].to_string(), "40.rs: 1001 lines, at most 1000 [file-lines]");
    }

    #[test]
    fn a_long_median_and_a_long_tail_are_caught() {
        let median: Vec<String> = judged(files(&[10, 201, 201])).iter().map(ToString::to_string).collect();
        assert_eq!(median, ["*.rs: percentile 50 of the files has 201 lines, at most 200 [file-percentile]"]);
        let mut lengths = vec![10; 18];
        lengths.extend([601; 2]);
        assert!(judged(files(&lengths))[0].what.starts_with("percentile 95"));
    }

    #[test]
    fn lines_are_counted_in_the_files() {
        let long = "// line\n".repeat(1001);
        let (_folder, tree) = scratch::tree(&[("a.rs", &long), ("b.md", &long)]);
        let found = super::violations(&tree).expect("readable");
        assert!(found.iter().any(|violation| violation.rule == "file-lines" && violation.place == "a.rs"));
        assert!(!found.iter().any(|violation| violation.place == "b.md"));
    }
}
