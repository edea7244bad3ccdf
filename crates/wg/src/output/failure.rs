//! How a failure is said: `error:`, `cause:`, `hint:` for people, an object for programs; on standard error.

use std::io::{self, Write};

use serde::Serialize;

use super::style::{Paint, Tone};
use super::{Form, json, text};
use crate::error::{Failure, Kind};

/// A failure as programs read it.
#[derive(Serialize)]
struct Said<'a> {
    error: Object<'a>,
}

#[derive(Serialize)]
struct Object<'a> {
    kind: Kind,
    exit: u8,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    hints: &'a [String],
}

/// Says a failure; one that is none ([`Kind::Closed`]) is not said.
pub fn say(to: &mut dyn Write, form: Form, failure: &Failure) -> io::Result<()> {
    if failure.kind == Kind::Closed {
        return Ok(());
    }
    if form.json {
        let object = Object {
            kind: failure.kind,
            exit: failure.kind.exit_code(),
            message: &failure.message,
            cause: failure.cause.as_deref(),
            hints: &failure.hints,
        };
        return json::write(to, &Said { error: object });
    }
    let paint = Paint { on: form.color };
    writeln!(to, "{} {}", paint.tone(Tone::Red, "error:"), text::block(&failure.message))?;
    if let Some(cause) = &failure.cause {
        writeln!(to, "{} {}", paint.tone(Tone::Yellow, "cause:"), text::block(cause))?;
    }
    for hint in &failure.hints {
        writeln!(to, "{} {}", paint.tone(Tone::Cyan, "hint:"), text::block(hint))?;
    }
    Ok(())
}
