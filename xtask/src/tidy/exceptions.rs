//! The list of exceptions: one `RULE PLACE` a line, `#` begins a comment.
//!
//! It may only become less: an exception that nothing needs any more is itself a violation, and so is a list
//! longer than [`MOST`], which is lowered with it.

use super::Violation;

/// Where the list stands.
pub const FILE: &str = "xtask/tidy-exceptions.txt";

/// The length that the list may have at most. Lower it when one goes; never raise it.
const MOST: usize = 0;

/// Takes away what the list excepts and adds what is wrong with the list.
pub fn apply(list: &str, violations: Vec<Violation>) -> Vec<Violation> {
    apply_with(MOST, list, violations)
}

fn apply_with(most: usize, list: &str, violations: Vec<Violation>) -> Vec<Violation> {
    let entries = entries(list);
    let mut used = vec![false; entries.len()];
    let mut left = Vec::new();
    for violation in violations {
        let listed =
            entries.iter().position(|(_, rule, place)| *rule == violation.rule && *place == violation.place);
        match listed {
            Some(index) => used[index] = true,
            None => left.push(violation),
        }
    }
    for ((line, rule, place), used) in entries.iter().zip(used) {
        if !used {
            let what = format!("'{rule} {place}' excepts nothing; remove it");
            left.push(Violation::of("exceptions", FILE, what).at(*line));
        }
    }
    if entries.len() > most {
        let what = format!("{} exceptions, at most {most}: the list may only become less", entries.len());
        left.push(Violation::of("exceptions", FILE, what));
    } else if entries.len() < most {
        let what = format!("{} exceptions left: lower MOST in exceptions.rs to that", entries.len());
        left.push(Violation::of("exceptions", FILE, what));
    }
    left
}

fn entries(list: &str) -> Vec<(usize, &str, &str)> {
    list.lines()
        .enumerate()
        .filter_map(|(index, line)| {
            let line = line.split('#').next().expect("split gives at least one piece").trim();
            let (rule, place) = line.split_once(char::is_whitespace)?;
            Some((index + 1, rule, place.trim()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Violation, apply_with};

    fn long(place: &str) -> Violation {
        Violation::of("file-lines", place, "too long")
    }

    #[test]
    fn a_listed_violation_is_excepted_and_no_other() {
        let list = "# reasons\nfile-lines a.rs  # a table\n";
        assert_eq!(apply_with(1, list, vec![long("a.rs"), long("b.rs")]), [long("b.rs")]);
    }

    #[test]
    fn an_exception_that_nothing_needs_is_a_violation() {
        let left = apply_with(1, "file-lines a.rs\n", vec![]);
        assert_eq!(left.len(), 1);
        assert_eq!(left[0].line, Some(1));
        assert!(left[0].what.contains("excepts nothing"), "{}", left[0]);
    }

    #[test]
    fn the_list_may_not_grow_and_its_bound_sinks_with_it() {
        let grown = apply_with(0, "file-lines a.rs\n", vec![long("a.rs")]);
        assert!(grown[0].what.contains("may only become less"), "{}", grown[0]);
        let shrunk = apply_with(1, "", vec![]);
        assert!(shrunk[0].what.contains("lower MOST"), "{}", shrunk[0]);
    }
}
