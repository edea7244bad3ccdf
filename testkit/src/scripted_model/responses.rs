//! OpenAI Responses. The counts are those of the other forms: 1,200 tokens that no cache held, 100 that one held,
//! 7 that one took in, 34 of output.

use std::io::Write;

use serde_json::{Value, json};

use super::{Asked, Call, conversation};

/// The names of shell tools.
const SHELLS: [&str; 1] = ["exec_command"];

pub(super) fn answer(call: &Call<'_>) -> std::io::Result<()> {
    let shell = call.shell(&SHELLS);
    let asked = Asked::of(conversation(call.body), |entry| {
        entry["type"].as_str().is_some_and(|kind| kind.ends_with("_output"))
    });
    if let Some(status) = asked.status() {
        let error = json!({"message": sentence(status), "type": "scripted", "code": code(status)});
        return call.send(status, &json!({"error": error}));
    }
    let number = call.number();
    let id = format!("resp_{number}");
    let head = json!({"id": id, "object": "response", "model": call.body["model"]});
    call.begin()?;
    call.event("response.created", json!({"response": with(&head, "in_progress", &Value::Null)}))?;
    let item = match (shell, asked.command()) {
        (Some(shell), Some(command)) => {
            let arguments = json!({"cmd": command}).to_string();
            let item = json!({"type": "function_call", "id": format!("fc_{number}"), "call_id": format!("call_{number}"),
                "name": shell, "arguments": arguments, "status": "completed"});
            call.event("response.output_item.added", json!({"output_index": 0, "item": item}))?;
            item
        }
        _ => say(call, &asked, number)?,
    };
    call.event("response.output_item.done", json!({"output_index": 0, "item": item}))?;
    call.event("response.completed", json!({"response": with(&head, "completed", &item)}))
}

/// The words of an answer, one by one; gives the whole of it.
fn say(call: &Call<'_>, asked: &Asked, number: u64) -> std::io::Result<Value> {
    let id = format!("msg_{number}");
    let item =
        json!({"type": "message", "id": id, "role": "assistant", "status": "in_progress", "content": []});
    call.event("response.output_item.added", json!({"output_index": 0, "item": item}))?;
    let words = asked.answer();
    for (at, word) in words.split_inclusive(' ').enumerate() {
        let delta = json!({"item_id": id, "output_index": 0, "content_index": 0, "delta": word});
        call.event("response.output_text.delta", delta)?;
        if asked.is_slow() && at == 0 {
            call.wait(|call| {
                let mut stream = call.stream;
                stream.write_all(b": ping\n\n")?;
                stream.flush()
            })?;
        }
    }
    let text = json!([{"type": "output_text", "text": words, "annotations": []}]);
    Ok(json!({"type": "message", "id": id, "role": "assistant", "status": "completed", "content": text}))
}

fn with(head: &Value, status: &str, item: &Value) -> Value {
    let mut response = head.clone();
    response["status"] = status.into();
    response["output"] = json!([]);
    if !item.is_null() {
        response["output"] = json!([item]);
        response["usage"] = json!({"input_tokens": 1307, "output_tokens": 34, "total_tokens": 1341,
            "input_tokens_details": {"cached_tokens": 100, "cache_write_tokens": 7},
            "output_tokens_details": {"reasoning_tokens": 5}});
    }
    response
}

/// What a refusal says. Of a model that is not there this is OpenAI's own sentence: some programs show no more.
fn sentence(status: u16) -> String {
    match status {
        404 => "The model does not exist or you do not have access to it (scripted 404).".to_owned(),
        _ => format!("scripted {status}"),
    }
}

fn code(status: u16) -> Option<&'static str> {
    match status {
        401 => Some("invalid_api_key"),
        404 => Some("model_not_found"),
        429 => Some("rate_limit_exceeded"),
        _ => None,
    }
}
