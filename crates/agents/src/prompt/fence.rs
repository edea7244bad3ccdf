//! Keeping what the graph says apart from what workgraph says: the marks around a text, and how a template
//! prints a value.

use minijinja::value::ValueKind;
use minijinja::{Error, Output, Value};

use super::text::one_line;
use super::view::View;
use crate::program::Fingerprint;

/// The name of the marks around texts of this view: no text in it contains it, in whatever letter case.
pub(super) fn mark(view: &View) -> String {
    let texts = serde_json::to_string(view).unwrap_or_default().to_ascii_lowercase();
    let mut seed = Fingerprint::default().with(texts.as_bytes()).value();
    loop {
        let mark = format!("data-{:08x}", seed & 0xffff_ffff);
        if !texts.contains(&mark) {
            return mark;
        }
        // As many texts as there are marks fit into no view.
        seed = seed.wrapping_add(1);
    }
}

/// How a template prints a value: on one line, so that none begins a line that looks like the template's own.
/// What has been fenced or quoted is printed as it is.
pub(super) fn print(out: &mut Output<'_>, value: &Value) -> Result<(), Error> {
    if value.is_undefined() {
        return Err(Error::new(minijinja::ErrorKind::UndefinedError, "there is no such value"));
    }
    let text = value.to_string();
    let printed = if value.is_safe() { out.write_str(&text) } else { out.write_str(&one_line(&text)) };
    printed.map_err(|_| Error::new(minijinja::ErrorKind::WriteFailure, "the prompt can't be written"))
}

/// Filter `fence`: the text between two marks, each on a line of its own; of a list, a line for each item.
pub(super) fn fence(mark: &str, value: &Value) -> Result<Value, Error> {
    let text = match value.kind() {
        ValueKind::Seq | ValueKind::Iterable => {
            value.try_iter()?.map(|item| format!("- {}\n", one_line(&item.to_string()))).collect()
        }
        _ => format!("{}\n", value.to_string().trim_end_matches('\n')),
    };
    Ok(Value::from_safe_string(format!("<{mark}>\n{text}</{mark}>")))
}

/// Filter `quote`: a text in quotes; of a list, its items in quotes with commas between them.
pub(super) fn quote(value: &Value) -> Result<Value, Error> {
    let quoted = |value: &Value| {
        let text = one_line(&value.to_string()).replace('\\', "\\\\").replace('"', "\\\"");
        format!("\"{text}\"")
    };
    let text = match value.kind() {
        ValueKind::Seq | ValueKind::Iterable => {
            value.try_iter()?.map(|item| quoted(&item)).collect::<Vec<_>>().join(", ")
        }
        _ => quoted(value),
    };
    Ok(Value::from_safe_string(text))
}
