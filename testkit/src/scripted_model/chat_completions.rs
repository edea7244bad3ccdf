//! OpenAI Chat Completions. The counts are those of the other forms, but for what a cache took in, which this
//! one has no place for: 1,200 tokens that no cache held, 100 that one held, 34 of output.

use serde_json::{Value, json};

use super::{Asked, Call, conversation};

/// The names of shell tools.
const SHELLS: [&str; 1] = ["bash"];

pub(super) fn answer(call: &Call<'_>) -> std::io::Result<()> {
    let shell = call.shell(&SHELLS);
    let asked = Asked::of(conversation(call.body), |message| message["role"] == "tool");
    if let Some(status) = asked.status() {
        let error = json!({"message": format!("scripted {status}"), "type": "scripted", "code": null});
        return call.send(status, &json!({"error": error}));
    }
    let number = call.number();
    let chunk = |delta: Value, finish: Option<&str>| {
        let choice = json!({"index": 0, "delta": delta, "finish_reason": finish});
        json!({"id": format!("chatcmpl_{number}"), "object": "chat.completion.chunk", "created": 1,
            "model": call.body["model"], "choices": [choice]})
    };
    call.begin()?;
    let finish = match (shell, asked.command()) {
        (Some(shell), Some(command)) => {
            let arguments = json!({"command": command, "description": "scripted"}).to_string();
            let function = json!({"name": shell, "arguments": arguments});
            let tool =
                json!({"index": 0, "id": format!("call_{number}"), "type": "function", "function": function});
            call.data(&chunk(json!({"role": "assistant", "tool_calls": [tool]}), None))?;
            "tool_calls"
        }
        _ => {
            for (at, word) in asked.answer().split_inclusive(' ').enumerate() {
                call.data(&chunk(json!({"role": "assistant", "content": word}), None))?;
                if asked.is_slow() && at == 0 {
                    call.wait(Call::alive)?;
                }
            }
            "stop"
        }
    };
    let mut last = chunk(json!({}), Some(finish));
    last["usage"] = json!({"prompt_tokens": 1300, "completion_tokens": 34, "total_tokens": 1334,
        "prompt_tokens_details": {"cached_tokens": 100}});
    call.data(&last)?;
    call.data(&"[DONE]")
}
