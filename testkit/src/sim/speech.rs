//! What agents say, and what they are told, in the protocols of the adapters `command`, `claude` and `opencode`
//! (at work: it reads its prompt and nothing else): scripts, and the oracles, know only what is meant.

use serde_json::{Value, json};
use wg_core::id::AttemptRef;
use wg_core::time::Timestamp;

/// The adapters whose agents are paid for. The first serves chats too.
pub(super) const PAID: [&str; 2] = [CLAUDE, OPENCODE];
pub(super) const CLAUDE: &str = "claude";
const OPENCODE: &str = "opencode";

/// Whether the agents of an adapter are paid for.
pub(super) fn is_paid(adapter: &str) -> bool {
    PAID.contains(&adapter)
}

/// Something that an agent says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Speech {
    /// It can be spoken to; in a conversation of this name, where it has one.
    Ready {
        /// The name.
        session: Option<String>,
    },
    /// It uses a tool.
    Tool {
        /// What for.
        detail: String,
    },
    /// Its turn has used more: so many tokens of output, and twice as many of input.
    Used(u64),
    /// Its turn is over.
    Answer {
        /// Which message it answers, where it says so.
        message: Option<u64>,
        /// The answer.
        text: String,
        /// What it has used and did not tell of before, as [`Speech::Used`] has it.
        more: u64,
    },
    /// Its turn has failed.
    Failed {
        /// How.
        failure: Failure,
        /// Whether it tells what it has used.
        told: bool,
    },
    /// It can't work.
    Unfit(Unfit),
    /// The beginning of a line.
    Half,
}

/// How a turn failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    /// Its provider wants it to wait.
    Limited(Option<Timestamp>),
    /// Its provider is away.
    Away,
    /// It was to end.
    Interrupted,
    /// Anything else.
    Other,
}

/// Why an agent can't work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unfit {
    Auth,
    Model,
    Program,
    Configuration,
}

/// Something that an agent reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Told {
    /// That it is spoken to.
    Hello,
    /// A message.
    Message {
        /// Its number.
        number: u64,
        /// It was given to an agent before.
        again: bool,
        /// What it says.
        text: String,
    },
    /// It is to end its turn.
    Interrupt,
    /// It is to leave, or its input has ended.
    End,
    /// What it does not understand.
    Other,
}

/// The lines that say it; `used` is what the turn has used in all, as [`Speech::Used`] has it.
pub(super) fn lines(adapter: &str, agent: AttemptRef, speech: &Speech, used: u64) -> Vec<u8> {
    if *speech == Speech::Half {
        return br#"{"type":"answ"#.to_vec();
    }
    let values = match adapter {
        CLAUDE => of_claude(agent, speech, used),
        OPENCODE => of_opencode(speech),
        _ => vec![of_command(speech)],
    };
    values.iter().flat_map(|value| format!("{value}\n").into_bytes()).collect()
}

fn of_command(speech: &Speech) -> Value {
    match speech {
        Speech::Ready { session: Some(session) } => json!({"type": "ready", "session": session}),
        Speech::Ready { session: None } => json!({"type": "ready"}),
        Speech::Tool { detail } => json!({"type": "tool", "name": "look", "detail": detail}),
        Speech::Answer { message: Some(id), text, .. } => json!({"type": "answer", "id": id, "text": text}),
        Speech::Answer { message: None, text, .. } => json!({"type": "answer", "text": text}),
        Speech::Failed { failure, .. } => {
            let (class, until) = match failure {
                Failure::Limited(until) => ("rate-limited", until.map(|until| until.to_string())),
                Failure::Away => ("outage", None),
                Failure::Interrupted => ("interrupted", None),
                Failure::Other => ("other", None),
            };
            json!({"type": "error", "class": class, "until": until, "text": "it went wrong"})
        }
        Speech::Unfit(unfit) => {
            let reason = match unfit {
                Unfit::Auth => "auth",
                Unfit::Model => "model",
                Unfit::Program => "program",
                Unfit::Configuration => "configuration",
            };
            json!({"type": "unfit", "reason": reason, "text": "it can't work"})
        }
        // It has no word for it.
        Speech::Used(_) | Speech::Half => json!({"type": "delta", "text": "…"}),
    }
}

fn of_claude(agent: AttemptRef, speech: &Speech, used: u64) -> Vec<Value> {
    let usage = |told: bool| {
        let used = if told { used } else { 0 };
        json!({"input_tokens": 2 * used, "output_tokens": used})
    };
    let failed = |told: bool, status: Option<u16>, why: &str| {
        json!({
            "type": "result", "subtype": "success", "is_error": true, "api_error_status": status,
            "num_turns": 1, "result": why, "usage": usage(told),
        })
    };
    match speech {
        Speech::Ready { session } => {
            let ready = json!({
                "type": "control_response",
                "response": {"subtype": "success", "request_id": "wg-initialize", "response": {}},
            });
            let init = |id: &String| json!({"type": "system", "subtype": "init", "session_id": id});
            session.iter().map(init).chain([ready]).collect()
        }
        Speech::Tool { detail } => {
            let tool = json!({"type": "tool_use", "name": "Bash", "input": {"command": detail}});
            vec![json!({"type": "assistant", "message": {"content": [tool]}})]
        }
        Speech::Used(more) => {
            let begins = json!({"type": "message_start", "message": {"usage": {"input_tokens": 2 * more}}});
            let ends = json!({"type": "message_delta", "usage": {"output_tokens": more}});
            [begins, ends].map(|event| json!({"type": "stream_event", "event": event})).to_vec()
        }
        Speech::Answer { message, text, .. } => {
            let replayed = message.map(|message| json!({"type": "user", "uuid": name_of(agent, message)}));
            let result = json!({
                "type": "result", "subtype": "success", "is_error": false, "result": text,
                "usage": usage(true),
            });
            replayed.into_iter().chain([result]).collect()
        }
        Speech::Failed { failure, told } => match failure {
            Failure::Limited(until) => {
                let until = until.map(|until| until.as_nanos() / 1_000_000_000);
                let info = json!({"status": "rejected", "resetsAt": until});
                let event = json!({"type": "rate_limit_event", "rate_limit_info": info});
                vec![event, failed(*told, Some(429), "slower")]
            }
            Failure::Away => vec![failed(*told, Some(503), "nobody is there")],
            Failure::Interrupted => {
                let mut result = failed(*told, None, "");
                result["terminal_reason"] = json!("aborted_streaming");
                vec![result]
            }
            Failure::Other => vec![failed(*told, None, "it went wrong")],
        },
        Speech::Unfit(unfit) => {
            let why = "it can't work";
            match unfit {
                Unfit::Auth => vec![failed(false, Some(401), why)],
                Unfit::Model => vec![failed(false, Some(404), why)],
                Unfit::Program | Unfit::Configuration => {
                    let line = json!({"type": "assistant", "error": "billing_error", "message": {}});
                    vec![line, failed(false, None, why)]
                }
            }
        }
        Speech::Half => Vec::new(),
    }
}

/// It tells what each step used, and of an error nothing.
fn of_opencode(speech: &Speech) -> Vec<Value> {
    let step = |used: u64, reason: &str| {
        let tokens =
            json!({"input": 2 * used, "output": used, "reasoning": 0, "cache": {"read": 0, "write": 0}});
        json!({"type": "step_finish", "part": {"reason": reason, "tokens": tokens}})
    };
    let error = |name: &str, status: Option<u16>| {
        let data = json!({"message": "it went wrong", "statusCode": status});
        json!({"type": "error", "error": {"name": name, "data": data}})
    };
    match speech {
        Speech::Ready { session } => vec![json!({"type": "step_start", "sessionID": session})],
        Speech::Tool { detail } => {
            let part = json!({"tool": "bash", "state": {"input": {"command": detail}}});
            vec![json!({"type": "tool_use", "part": part})]
        }
        Speech::Used(more) => vec![step(*more, "tool-calls")],
        Speech::Answer { text, more, .. } => {
            vec![json!({"type": "text", "part": {"text": text}}), step(*more, "stop")]
        }
        Speech::Failed { failure: Failure::Limited(until), .. } => {
            let mut limited = error("APIError", Some(429));
            if let Some(until) = until {
                limited["timestamp"] = json!(until.as_nanos() / 1_000_000 - 60_000);
                limited["error"]["data"]["responseHeaders"] = json!({"retry-after": "60"});
            }
            vec![limited]
        }
        Speech::Failed { failure: Failure::Away, .. } => vec![error("APIError", Some(503))],
        Speech::Failed { failure: Failure::Interrupted, .. } => vec![error("MessageAbortedError", None)],
        Speech::Failed { failure: Failure::Other, .. } => vec![error("UnknownError", None)],
        Speech::Unfit(Unfit::Model) => vec![error("ProviderModelNotFoundError", None)],
        Speech::Unfit(_) => vec![error("ProviderAuthError", None)],
        Speech::Half => Vec::new(),
    }
}

/// The name that the adapter gives a message.
fn name_of(agent: AttemptRef, message: u64) -> String {
    format!("{:08x}-{:04x}-8777-8777-{message:012x}", agent.0 >> 16, agent.0 & 0xffff)
}

/// What a line of an agent's input says to it; nothing is the end of the input.
pub(super) fn told(adapter: &str, line: Option<&str>) -> Told {
    let Some(line) = line.filter(|line| !line.is_empty()) else { return Told::End };
    if adapter == OPENCODE {
        return Told::Message { number: 1, again: false, text: line.to_owned() };
    }
    let Ok(value) = serde_json::from_str::<Value>(line) else { return Told::Other };
    if adapter == CLAUDE { told_claude(&value) } else { told_command(&value) }
}

fn told_command(value: &Value) -> Told {
    match value["type"].as_str() {
        Some("hello") => Told::Hello,
        Some("message") => Told::Message {
            number: value["id"].as_u64().unwrap_or(0),
            again: value["again"].as_bool().unwrap_or(false),
            text: value["text"].as_str().unwrap_or_default().to_owned(),
        },
        Some("interrupt") => Told::Interrupt,
        Some("shutdown") => Told::End,
        _ => Told::Other,
    }
}

fn told_claude(value: &Value) -> Told {
    match (value["type"].as_str(), value["request"]["subtype"].as_str()) {
        (Some("control_request"), Some("initialize")) => Told::Hello,
        (Some("control_request"), Some("interrupt")) => Told::Interrupt,
        (Some("user"), _) => {
            let name = value["uuid"].as_str().unwrap_or_default();
            let number = name.rsplit('-').next().and_then(|hex| u64::from_str_radix(hex, 16).ok());
            let text = value["message"]["content"][0]["text"].as_str().unwrap_or_default();
            let again = text.starts_with("(This message was given to you before");
            Told::Message { number: number.unwrap_or(0), again, text: text.to_owned() }
        }
        _ => Told::Other,
    }
}
