//! A command line by words. No shell reads it: quotes keep words together, a backslash keeps a character, and
//! nothing else means anything.

/// The words of a command line, or why it has none.
pub(super) fn words(line: &str) -> Result<Vec<String>, &'static str> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (_, '\0') => return Err("it has a NUL character in it"),
            (Some(open), c) if c == open => quote = None,
            (Some('\''), c) => word.get_or_insert_default().push(c),
            (_, '\\') => {
                let kept = chars.next().ok_or("it ends in a backslash")?;
                word.get_or_insert_default().push(kept);
            }
            (Some(_), c) => word.get_or_insert_default().push(c),
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (None, c) => word.get_or_insert_default().push(c),
        }
    }
    if quote.is_some() {
        return Err("a quote is not closed");
    }
    words.extend(word);
    match words.first() {
        Some(program) if !program.is_empty() => Ok(words),
        _ => Err("it names no program"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_kept_together_by_quotes_and_nothing_else_means_anything() {
        for (line, expected) in [
            ("goose acp", &["goose", "acp"][..]),
            ("  npx  -y @a/b@1 ", &["npx", "-y", "@a/b@1"]),
            ("'/my agents/one' --say \"it's\" ''", &["/my agents/one", "--say", "it's", ""]),
            ("a\\ b\tc\\\"d 'x\\y' \"x\\\"y\"", &["a b", "c\"d", "x\\y", "x\"y"]),
            ("a $HOME ; b | c > d * ~", &["a", "$HOME", ";", "b", "|", "c", ">", "d", "*", "~"]),
        ] {
            assert_eq!(
                words(line).as_deref(),
                Ok(&expected.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>()[..]),
                "{line}"
            );
        }
        for line in ["", "  ", "''", "'open", "a \"b", "a\\", "a\0b"] {
            assert!(words(line).is_err(), "{line:?}");
        }
    }
}
