//! `docs/config.md`, written from the settings.

use std::fmt::Write;

use super::settings::ALL;

const HEAD: &str = "# Configuration

Written by `wg __docs config`; do not edit.

A value is looked for in four places, and the later wins:

1. the default,
2. the user's file, `~/.config/wg/config.toml` (or below `XDG_CONFIG_HOME`),
3. the graph's file, `.wg/config.toml`,
4. the environment, in the setting's variable.

`wg config list` shows what holds and where it came from, `wg config explain KEY` shows every layer, and
`wg config set KEY VALUE` writes into the graph's file (`--user`: the user's). A key that is not in this table is
an error. A running dispatcher takes changes over with `wg service reload`.

| key | takes | default | variable | |
|---|---|---|---|---|
";

/// The page.
#[must_use]
pub fn page() -> String {
    let mut page = HEAD.to_owned();
    for setting in ALL {
        let default = setting.default.filter(|text| !text.is_empty());
        let default = default.map_or("nothing".to_owned(), |text| format!("`{text}`"));
        writeln!(
            page,
            "| `{}` | {} | {default} | `{}` | {} |",
            setting.key,
            setting.kind,
            setting.variable(),
            setting.doc
        )
        .expect("a String takes everything");
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stored_page_is_what_the_settings_say() {
        let stored = include_str!("../../../../docs/config.md");
        assert!(stored == page(), "stale: run 'cargo xtask docs'");
    }
}
