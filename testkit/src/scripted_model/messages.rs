//! Anthropic Messages.

use serde_json::{Value, json};

use super::{Asked, Call, conversation};

/// The names of shell tools.
const SHELLS: [&str; 2] = ["Bash", "bash"];

pub(super) fn answer(call: &Call<'_>) -> std::io::Result<()> {
    let shell = call.shell(&SHELLS);
    let asked = Asked::of(conversation(call.body), |message| {
        message["content"].as_array().into_iter().flatten().any(|block| block["type"] == "tool_result")
    });
    if let Some(status) = asked.status() {
        let error = json!({"type": "error", "error": {"type": kind(status), "message": format!("scripted {status}")}});
        return call.send(status, &error);
    }
    let answer = Answer { call };
    if call.body["stream"] != true {
        return call.send(200, &answer.message(&json!([{"type": "text", "text": "short"}])));
    }
    match (shell, asked.command()) {
        (Some(shell), Some(command)) => {
            let id = format!("toolu_{}_{}", conversation(call.body).len(), asked.done);
            let block = json!({"type": "tool_use", "id": id, "name": shell, "input": {}});
            let input = json!({"command": command, "description": "scripted"}).to_string();
            let delta = json!({"type": "input_json_delta", "partial_json": input});
            answer.stream(&block, &[delta], "tool_use", false)
        }
        _ => {
            let words = asked.answer();
            let deltas: Vec<Value> =
                words.split_inclusive(' ').map(|word| json!({"type": "text_delta", "text": word})).collect();
            answer.stream(&json!({"type": "text", "text": ""}), &deltas, "end_turn", asked.is_slow())
        }
    }
}

fn kind(status: u16) -> &'static str {
    match status {
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        429 => "rate_limit_error",
        529 => "overloaded_error",
        _ => "api_error",
    }
}

struct Answer<'a> {
    call: &'a Call<'a>,
}

impl Answer<'_> {
    fn message(&self, content: &Value) -> Value {
        let usage = json!({"input_tokens": 1200, "output_tokens": 34, "cache_read_input_tokens": 100, "cache_creation_input_tokens": 7});
        let id = format!("msg_{}", self.call.number());
        json!({"id": id, "type": "message", "role": "assistant", "model": self.call.body["model"], "content": content,
            "stop_reason": null, "stop_sequence": null, "usage": usage})
    }

    fn stream(&self, block: &Value, deltas: &[Value], stop: &str, slow: bool) -> std::io::Result<()> {
        let call = self.call;
        call.begin()?;
        call.event("message_start", json!({"message": self.message(&json!([]))}))?;
        call.event("content_block_start", json!({"index": 0, "content_block": block}))?;
        for (at, delta) in deltas.iter().enumerate() {
            call.event("content_block_delta", json!({"index": 0, "delta": delta}))?;
            if slow && at == 0 {
                call.wait(|call| call.event("ping", json!({})))?;
            }
        }
        call.event("content_block_stop", json!({"index": 0}))?;
        let usage = json!({"output_tokens": 34});
        let delta = json!({"stop_reason": stop, "stop_sequence": null});
        call.event("message_delta", json!({"delta": delta, "usage": usage}))?;
        call.event("message_stop", json!({}))
    }
}
