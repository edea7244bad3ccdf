//! The fields of one object: taken by name with the type that the format gives them; what is left over is
//! kept as text. Absent, `null`, empty, zero and false are the same: the other programs leave defaults out.

use serde_json::{Map, Value};
use wg_core::time::Timestamp;

use super::problem::{Unreadable, shown};

/// What a JSON value is, for people.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// A value as a note: a text is itself, anything else is compact JSON.
pub(super) fn told(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

fn is_default(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(flag) => !flag,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(object) => object.is_empty(),
    }
}

/// The fields of an object that are not taken yet.
pub(super) struct Fields(pub Map<String, Value>);

impl Fields {
    /// Any value that says something.
    pub fn value(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name).filter(|value| !is_default(value))
    }

    /// A number or a word: also zero, which says something here.
    pub fn raw(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name).filter(|value| !value.is_null())
    }

    /// A text.
    pub fn text(&mut self, name: &str) -> Result<Option<String>, Unreadable> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(wrong(name, "a text", &other)),
        }
    }

    /// A list of texts.
    pub fn texts(&mut self, name: &str) -> Result<Vec<String>, Unreadable> {
        let mut texts = Vec::new();
        for value in self.list(name)? {
            match value {
                Value::String(text) => texts.push(text),
                other => return Err(wrong(name, "a list of texts", &other)),
            }
        }
        Ok(texts)
    }

    /// A list of objects.
    pub fn objects(&mut self, name: &str) -> Result<Vec<Fields>, Unreadable> {
        let mut objects = Vec::new();
        for value in self.list(name)? {
            match value {
                Value::Object(object) => objects.push(Fields(object)),
                other => return Err(wrong(name, "a list of objects", &other)),
            }
        }
        Ok(objects)
    }

    /// An object.
    pub fn object(&mut self, name: &str) -> Result<Option<Fields>, Unreadable> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Object(object)) => Ok(Some(Fields(object))),
            Some(other) => Err(wrong(name, "an object", &other)),
        }
    }

    fn list(&mut self, name: &str) -> Result<Vec<Value>, Unreadable> {
        match self.value(name) {
            None => Ok(Vec::new()),
            Some(Value::Array(list)) => Ok(list),
            Some(other) => Err(wrong(name, "a list", &other)),
        }
    }

    /// A time.
    pub fn time(&mut self, name: &str) -> Result<Option<Timestamp>, Unreadable> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        text.parse().map(Some).map_err(|e: wg_core::time::BadTime| Unreadable::time(name, &e))
    }

    /// True or false.
    pub fn flag(&mut self, name: &str) -> Result<bool, Unreadable> {
        match self.value(name) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(flag),
            Some(other) => Err(wrong(name, "true or false", &other)),
        }
    }

    /// A whole number from zero; zero says something here.
    pub fn count(&mut self, name: &str) -> Result<Option<u64>, Unreadable> {
        match self.raw(name) {
            None => Ok(None),
            Some(value) => whole(&value).map(Some).ok_or_else(|| wrong(name, "a whole number", &value)),
        }
    }

    /// Everything that was not taken and says something, as notes.
    pub fn rest(self) -> impl Iterator<Item = (String, String)> {
        self.0.into_iter().filter(|(_, value)| !is_default(value)).map(|(name, value)| (name, told(value)))
    }
}

/// The whole number from zero that a value is, also where it was written with a fraction of zero.
pub(super) fn whole(value: &Value) -> Option<u64> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be whole and in range"
    )]
    let from_float = |f: f64| (f.fract() == 0.0 && (0.0..9e15).contains(&f)).then_some(f as u64);
    value.as_u64().or_else(|| value.as_f64().and_then(from_float))
}

/// A field is of another type than it should be.
pub(super) fn wrong(field: &str, wanted: &'static str, found: &Value) -> Unreadable {
    Unreadable::Type { field: shown(field), wanted, found: kind(found) }
}
