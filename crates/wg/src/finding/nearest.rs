//! Did you mean: the word that is nearest to one that was not found.

/// The candidate nearest to `word`, where one is near enough to be meant: few changes for its length, or
/// one contains the other.
pub fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let bound = 1 + word.chars().count() / 4;
    candidates
        .filter_map(|candidate| {
            let distance = distance(word, candidate, bound).or_else(|| beginning(word, candidate, bound));
            let contained = word.len() >= 3 && candidate.contains(word);
            match (distance, contained) {
                (Some(distance), _) => Some((distance, candidate)),
                (None, true) => Some((bound + 1 + candidate.len() - word.len(), candidate)),
                (None, false) => None,
            }
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// As [`distance`], of the beginning of the candidate: ids may be shortened, and so is what was mistyped. It
/// counts for more than a whole word that is as near.
fn beginning(word: &str, candidate: &str, bound: usize) -> Option<usize> {
    let length = word.chars().count();
    if length < 4 {
        return None;
    }
    let ends = candidate.char_indices().map(|(at, _)| at).skip(length).take(2);
    ends.filter_map(|end| distance(word, &candidate[..end], bound)).min().map(|distance| distance + 1)
}

/// Letters to change, add, drop or swap with their neighbour; absent where it is more than `bound`.
fn distance(a: &str, b: &str, bound: usize) -> Option<usize> {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().abs_diff(b.len()) > bound {
        return None;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let changed = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = changed.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut last, row);
    }
    Some(last[b.len()]).filter(|distance| *distance <= bound)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn slips_of_the_finger_are_understood() {
        let words = ["port-the-parser", "write-docs", "release"];
        for (given, meant) in [
            ("port-the-praser", Some("port-the-parser")),
            ("relase", Some("release")),
            ("parser", Some("port-the-parser")),
            ("prot-the", Some("port-the-parser")),
            ("wrote-docs", Some("write-docs")),
            ("x", None),
            ("completely-other", None),
        ] {
            assert_eq!(nearest(given, words.into_iter()), meant, "{given}");
        }
    }
}
