//! Rules as they are configured: as words, `docs=claude:haiku`, and as tables of a file.

use std::fmt;

use toml_edit::{Array, InlineTable, Item, TableLike, Value as Toml};
use wg_core::policy::Rule;

const TAG: &str = "tag";
const ADAPTER: &str = "adapter";
const MODEL: &str = "model";

/// Reads `TAG=ADAPTER`, `TAG=ADAPTER:MODEL` and `TAG=:MODEL`, with commas between them.
pub(super) fn parse(text: &str) -> Result<Vec<Rule>, String> {
    let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
    words
        .map(|word| {
            let wrong = || format!("{word:?} is no rule: TAG=ADAPTER, TAG=ADAPTER:MODEL or TAG=:MODEL");
            let (tag, what) = word.split_once('=').ok_or_else(wrong)?;
            let (adapter, model) = what.split_once(':').unwrap_or((what, ""));
            let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
            rule(given(tag), given(adapter), given(model)).ok_or_else(wrong)
        })
        .collect()
}

/// Reads `[[rules]]`, or a list of inline tables.
pub(super) fn from_toml(item: &Item) -> Result<Vec<Rule>, String> {
    let wanted = || "it takes a list of tables: [[rules]] with tag, adapter and model".to_owned();
    let tables: Vec<&dyn TableLike> = match item {
        Item::ArrayOfTables(tables) => tables.iter().map(|table| table as &dyn TableLike).collect(),
        Item::Value(Toml::Array(array)) => array
            .iter()
            .map(|value| value.as_inline_table().map(|table| table as &dyn TableLike))
            .collect::<Option<_>>()
            .ok_or_else(wanted)?,
        _ => return Err(wanted()),
    };
    let told =
        |(n, table): (usize, &dyn TableLike)| of_table(table).map_err(|why| format!("rule {}: {why}", n + 1));
    tables.into_iter().enumerate().map(told).collect()
}

fn of_table(table: &dyn TableLike) -> Result<Rule, String> {
    let (mut tag, mut adapter, mut model) = (None, None, None);
    for (key, item) in table.iter() {
        let place = match key {
            TAG => &mut tag,
            ADAPTER => &mut adapter,
            MODEL => &mut model,
            other => return Err(format!("there is no key {other:?}, but tag, adapter and model")),
        };
        let text = item.as_str().map(str::trim).filter(|text| !text.is_empty());
        *place = Some(text.ok_or_else(|| format!("{key} takes a text"))?.to_owned());
    }
    rule(tag, adapter, model).ok_or_else(|| "it needs a tag, and an adapter or a model".to_owned())
}

fn rule(tag: Option<String>, adapter: Option<String>, model: Option<String>) -> Option<Rule> {
    let tag = tag?;
    (adapter.is_some() || model.is_some()).then_some(Rule { tag, adapter, model })
}

pub(super) fn to_toml(rules: &[Rule]) -> Toml {
    let table = |rule: &Rule| {
        let mut table = InlineTable::new();
        table.insert(TAG, rule.tag.as_str().into());
        for (key, text) in [(ADAPTER, &rule.adapter), (MODEL, &rule.model)] {
            if let Some(text) = text {
                table.insert(key, text.as_str().into());
            }
        }
        table
    };
    Toml::Array(rules.iter().map(table).collect::<Array>())
}

/// Writes them as [`parse`] reads them.
pub(super) fn write(rules: &[Rule], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (n, Rule { tag, adapter, model }) in rules.iter().enumerate() {
        let comma = if n > 0 { "," } else { "" };
        write!(f, "{comma}{tag}={}", adapter.as_deref().unwrap_or_default())?;
        if let Some(model) = model {
            write!(f, ":{model}")?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use toml_edit::Document;

    use super::*;

    fn read(text: &str) -> Result<Vec<Rule>, String> {
        let document = Document::parse(text).unwrap();
        from_toml(document.get("rules").unwrap())
    }

    #[test]
    fn both_forms_of_a_file_say_what_the_words_say() {
        let rules = parse("docs=claude:haiku,hard=:opus,x=codex").unwrap();
        let inline = format!("rules = {}", to_toml(&rules));
        assert_eq!(read(&inline), Ok(rules.clone()), "{inline}");
        let tables = "[[rules]]\ntag = \"docs\"\nadapter = \"claude\"\nmodel = \"haiku\"\n\
                      [[rules]]\ntag = \"hard\"\nmodel = \"opus\"\n\
                      [[rules]]\ntag = \"x\"\nadapter = \"codex\"\n";
        assert_eq!(read(tables), Ok(rules));
    }

    #[test]
    fn what_is_no_rule_is_refused_with_its_number() {
        for (text, why) in [
            ("rules = 1", "it takes a list of tables"),
            ("rules = [1]", "it takes a list of tables"),
            (
                "rules = [{ tag = 'a', adapter = 'x' }, { tag = 'a', adaptor = 'x' }]",
                "rule 2: there is no key \"adaptor\"",
            ),
            ("rules = [{ tag = 'a' }]", "rule 1: it needs a tag, and"),
            ("rules = [{ adapter = 'a' }]", "rule 1: it needs a tag, and"),
            ("[[rules]]\ntag = ''\nadapter = 'a'", "rule 1: tag takes a text"),
            ("[[rules]]\ntag = 3\nadapter = 'a'", "rule 1: tag takes a text"),
        ] {
            let said = read(text).unwrap_err();
            assert!(said.starts_with(why), "{text}: {said}");
        }
    }
}
