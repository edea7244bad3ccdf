//! Gemini's `streamGenerateContent`. The counts are those of the other forms, but for what a cache took in, which
//! this one has no place for: 1,200 tokens that no cache held, 100 that one held, 34 of output.

use serde_json::{Value, json};

use super::{Asked, Call, conversation};

/// The names of shell tools.
const SHELLS: [&str; 1] = ["run_shell_command"];

pub(super) fn answer(call: &Call<'_>) -> std::io::Result<()> {
    let shell = call.shell(&SHELLS);
    let asked = Asked::of(conversation(call.body), |content| {
        content["parts"].as_array().into_iter().flatten().any(|part| part["functionResponse"].is_object())
    });
    if let Some(status) = asked.status() {
        let error = json!({"code": status, "message": format!("scripted {status}"), "status": name(status)});
        return call.send(status, &json!({"error": error}));
    }
    call.begin()?;
    match (shell, asked.command()) {
        (Some(shell), Some(command)) => {
            let arguments = json!({"command": command, "description": "scripted"});
            let part = json!({"functionCall": {"name": shell, "args": arguments}});
            call.data(&chunk(&part, Some("STOP")))
        }
        _ => {
            let answer = asked.answer();
            let mut words = answer.split_inclusive(' ').peekable();
            let mut waits = asked.is_slow();
            while let Some(word) = words.next() {
                let finish = words.peek().is_none().then_some("STOP");
                call.data(&chunk(&json!({"text": word}), finish))?;
                if std::mem::take(&mut waits) {
                    // What the form has no place for would make the program ask again.
                    call.wait(|call| call.data(&chunk(&json!({"text": ""}), None)))?;
                }
            }
            Ok(())
        }
    }
}

fn chunk(part: &Value, finish: Option<&str>) -> Value {
    let content = json!({"role": "model", "parts": [part]});
    let mut candidate = json!({"index": 0, "content": content});
    if let Some(finish) = finish {
        candidate["finishReason"] = finish.into();
    }
    json!({"candidates": [candidate], "modelVersion": "scripted",
        "usageMetadata": {"promptTokenCount": 1300, "cachedContentTokenCount": 100, "candidatesTokenCount": 34,
            "totalTokenCount": 1334}})
}

fn name(status: u16) -> &'static str {
    match status {
        400 => "INVALID_ARGUMENT",
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        429 => "RESOURCE_EXHAUSTED",
        503 => "UNAVAILABLE",
        _ => "INTERNAL",
    }
}
