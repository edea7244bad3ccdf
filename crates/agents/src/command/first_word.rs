//! The program that a command line starts. A shell's grammar is not followed further than that needs: where in
//! doubt there is no answer, and the shell itself is taken for the program.

/// What a shell runs by itself: these are found nowhere.
const OWN: &[&str] = &[
    "!", ".", ":", "[", "[[", "alias", "case", "cd", "command", "eval", "export", "false", "for", "function",
    "hash", "if", "local", "read", "readonly", "set", "shift", "source", "test", "time", "trap", "true",
    "type", "ulimit", "umask", "unset", "until", "wait", "while",
];

/// The word that names the program: the first one, but for assignments, `exec` and `env`.
pub(super) fn first_word(line: &str) -> Option<String> {
    let mut rest = line;
    loop {
        let (word, after) = word(rest)?;
        let passed_over = is_assignment(&word) || matches!(word.as_str(), "exec" | "env");
        if !passed_over {
            let named = !word.starts_with('-') && !OWN.contains(&word.as_str());
            return named.then_some(word);
        }
        rest = after;
    }
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

/// The next word without its quotes, and what comes after it. Nothing where there is none, or where it takes a
/// shell to know what it is.
fn word(line: &str) -> Option<(String, &str)> {
    let line = line.trim_start_matches([' ', '\t']);
    let mut word = String::new();
    let mut quote = None;
    let mut chars = line.char_indices();
    while let Some((at, c)) = chars.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some('\''), c) => word.push(c),
            (_, '$' | '`') => return None,
            (_, '\\') => word.push(chars.next()?.1),
            (Some(_), c) => word.push(c),
            (None, '\'' | '"') => quote = Some(c),
            (None, ' ' | '\t' | '\n' | ';' | '&' | '|' | '<' | '>') => {
                return (!word.is_empty()).then(|| (word, &line[at..]));
            }
            (None, '(' | ')' | '{' | '}' | '*' | '?' | '#' | '~') => return None,
            (None, c) => word.push(c),
        }
    }
    (quote.is_none() && !word.is_empty()).then_some((word, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_found_where_it_can_be_read() {
        let cases = [
            ("python3 -u bot.py", Some("python3")),
            ("  ./bot", Some("./bot")),
            ("exec /opt/bot --fast", Some("/opt/bot")),
            ("LANG=C A_1='x y' bot", Some("bot")),
            ("exec env A=1 bot; true", Some("bot")),
            ("'/my bots/one' x", Some("/my bots/one")),
            ("\"/my bots\"/'two'", Some("/my bots/two")),
            ("/my\\ bots/three", Some("/my bots/three")),
            ("bot|tee log", Some("bot")),
            ("bot>log", Some("bot")),
            ("=x", Some("=x")),
        ];
        for (line, expected) in cases {
            assert_eq!(first_word(line).as_deref(), expected, "{line}");
        }
    }

    #[test]
    fn where_it_takes_a_shell_there_is_no_answer() {
        for line in [
            "",
            "   ",
            "A=1",
            "$BOT",
            "\"$HOME\"/bot",
            "`which bot`",
            "~/bot",
            "(bot)",
            "{ bot; }",
            "cd bots && ./bot",
            "while true; do bot; done",
            "env -i bot",
            "exec",
            "'open",
            "bot\\",
            "\nbot",
            "; bot",
            "# bot",
        ] {
            assert_eq!(first_word(line), None, "{line:?}");
        }
    }
}
