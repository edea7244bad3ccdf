//! Changing a configuration file: one value, with every comment and blank line left as it is.

use std::fs;
use std::io;
use std::path::Path;

use toml_edit::{DocumentMut, Item, Table};

use super::settings::Setting;
use super::value::Value;
use crate::error::{Failure, Result};

/// Sets a value in a file, which is made where there is none.
pub fn set(path: &Path, setting: &Setting, value: &Value) -> Result<()> {
    let mut document = read(path)?;
    let (table, key) = place(document.as_table_mut(), setting.key);
    match table.get_mut(key).and_then(Item::as_value_mut) {
        Some(old) => {
            let decor = old.decor().clone();
            *old = value.to_toml();
            *old.decor_mut() = decor;
        }
        None => {
            table.insert(key, Item::Value(value.to_toml()));
        }
    }
    write(path, &document)
}

/// Takes a value out of a file; says whether it was there.
pub fn unset(path: &Path, setting: &Setting) -> Result<bool> {
    let mut document = read(path)?;
    let (table, key) = place(document.as_table_mut(), setting.key);
    let removed = table.remove(key).is_some();
    if removed {
        write(path, &document)?;
    }
    Ok(removed)
}

fn place<'a, 'k>(table: &'a mut Table, key: &'k str) -> (&'a mut Table, &'k str) {
    match key.split_once('.') {
        None => (table, key),
        Some((name, rest)) => {
            let inner = table.entry(name).or_insert_with(|| Item::Table(Table::new()));
            if let Some(inline) = inner.as_inline_table() {
                *inner = Item::Table(inline.clone().into_table());
            }
            place(inner.as_table_mut().expect("the file was read before: settings stand in tables"), rest)
        }
    }
}

fn read(path: &Path) -> Result<DocumentMut> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(Failure::file("read", path, &error)),
    };
    text.parse().map_err(|error: toml_edit::TomlError| {
        Failure::usage(format!("{} is no TOML", path.display())).because(error.message())
    })
}

/// Whole or not at all: a reader never sees half a file.
fn write(path: &Path, document: &DocumentMut) -> Result<()> {
    let fail = |error: io::Error| Failure::file("write", path, &error);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(fail)?;
    }
    let fresh = path.with_extension("toml.new");
    fs::write(&fresh, document.to_string()).map_err(fail)?;
    fs::rename(&fresh, path).map_err(fail)
}

#[cfg(test)]
mod tests {
    use super::super::settings::{MAX_AGENTS, RETENTION_AGE};
    use super::super::value::Kind;
    use super::*;

    #[test]
    fn comments_stay_and_tables_are_made() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        fs::write(&path, "# mine\nmax_agents = 8 # not more\n").unwrap();
        set(&path, &MAX_AGENTS, &Value::Count(2)).unwrap();
        set(&path, &RETENTION_AGE, &Value::parse(Kind::Span, "7d").unwrap()).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text, "# mine\nmax_agents = 2 # not more\n\n[retention]\nage = \"7d\"\n");
        assert_eq!(unset(&path, &MAX_AGENTS), Ok(true));
        assert_eq!(unset(&path, &MAX_AGENTS), Ok(false));
    }
}
