//! A scripted model on loopback that speaks the streaming form of Anthropic Messages, so that a real agent
//! program runs without an account or a network. It keeps nothing between calls: what it does stands in the
//! last message of the person.
//!
//! `#tool COMMAND` (to the end of the line): has the command run with the program's shell tool, then answers.
//! `#slow`: the answer comes word by word and does not end before [`ScriptedModel::go_on`]. `#status CODE`: refuses.
//! The answer is `answer to: TEXT`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

/// The names of shell tools.
const SHELLS: [&str; 2] = ["Bash", "bash"];
/// Between two pieces of a slow answer, so that who hangs up is seen.
const PIECE: Duration = Duration::from_millis(50);

/// The scripted model. It serves until the test's process ends or it is dropped.
#[derive(Debug)]
pub struct ScriptedModel {
    port: u16,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    /// The bodies of the calls that came with tools, the first first: calls of the conversation itself.
    calls: Mutex<Vec<Value>>,
    /// Answers so far.
    answers: AtomicU64,
    /// Slow answers may end.
    free: Mutex<bool>,
    freed: Condvar,
}

impl ScriptedModel {
    /// Starts one on a free port.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let shared = Arc::new(Shared::default());
        let all = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&all);
                // Who hangs up early is nothing to report.
                std::thread::spawn(move || drop(serve(&stream, &shared)));
            }
        });
        Self { port, shared }
    }

    /// Where it is, as `ANTHROPIC_BASE_URL` has it.
    #[must_use]
    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What the person and the model had said in the last call of the conversation, the first first, as
    /// `user: TEXT` and `assistant: TEXT`.
    #[must_use]
    pub fn last_heard(&self) -> Vec<String> {
        let calls = self.shared.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let messages = calls.last().and_then(|call| call["messages"].as_array().cloned()).unwrap_or_default();
        let said = |message: &Value| {
            let role = message["role"].as_str().unwrap_or_default().to_owned();
            texts(message).into_iter().map(move |text| format!("{role}: {text}")).collect::<Vec<_>>()
        };
        messages.iter().flat_map(said).collect()
    }

    /// How many calls of the conversation there were.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.shared.calls.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Lets slow answers end, those in flight and all that come (`false`: none from now on).
    pub fn go_on(&self, free: bool) {
        *self.shared.free.lock().unwrap_or_else(PoisonError::into_inner) = free;
        self.shared.freed.notify_all();
    }
}

/// The texts of a message.
fn texts(message: &Value) -> Vec<String> {
    match &message["content"] {
        Value::String(text) => vec![text.clone()],
        content => {
            let blocks = content.as_array().map(Vec::as_slice).unwrap_or_default();
            blocks.iter().filter_map(|block| block["text"].as_str()).map(str::to_owned).collect()
        }
    }
}

fn serve(stream: &TcpStream, shared: &Shared) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap_or(0);
        }
        if head.is_empty() {
            head = line;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let path = head.split_whitespace().nth(1).unwrap_or_default().split('?').next().unwrap_or_default();
    let outcome = match path {
        path if path.ends_with("/messages") => messages(stream, shared, &body),
        path if path.ends_with("/count_tokens") => send(stream, 200, &json!({"input_tokens": 100})),
        _ => send(stream, 200, &json!({"data": []})),
    };
    // The program sees the end of the answer by it.
    let _ = stream.shutdown(Shutdown::Both);
    outcome
}

fn send(mut stream: &TcpStream, status: u16, body: &Value) -> std::io::Result<()> {
    let body = body.to_string();
    write!(
        stream,
        "HTTP/1.1 {status} Scripted\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n{}\r\n{body}",
        body.len(),
        // Else the program would wait and ask again by itself.
        if status == 429 { "x-should-retry: false\r\n" } else { "" }
    )
}

fn messages(stream: &TcpStream, shared: &Shared, body: &Value) -> std::io::Result<()> {
    let tools: Vec<&str> =
        body["tools"].as_array().into_iter().flatten().filter_map(|t| t["name"].as_str()).collect();
    let shell = SHELLS.iter().find(|shell| tools.contains(shell));
    if shell.is_some() {
        shared.calls.lock().unwrap_or_else(PoisonError::into_inner).push(body.clone());
    }
    let all = body["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let is_result = |message: &&Value| {
        message["content"].as_array().into_iter().flatten().any(|block| block["type"] == "tool_result")
    };
    let asked =
        all.iter().rev().filter(|message| message["role"] == "user").find(|message| !is_result(message));
    // The program puts reminders of its own before what the person wrote.
    let text = asked.and_then(|message| texts(message).pop()).unwrap_or_default();
    let done = all
        .iter()
        .rev()
        .take_while(|message| message["role"] != "user" || is_result(message))
        .filter(is_result)
        .count();
    if let Some(status) = word_after(&text, "#status ").and_then(|word| word.parse().ok()) {
        let error = json!({"type": "error", "error": {"type": kind(status), "message": format!("scripted {status}")}});
        return send(stream, status, &error);
    }
    let commands: Vec<&str> =
        text.lines().filter_map(|line| line.split_once("#tool ")).map(|(_, command)| command).collect();
    let answer = Answer { stream, model: &body["model"], shared };
    if body["stream"] != true {
        return send(stream, 200, &answer.message(&json!([{"type": "text", "text": "short"}])));
    }
    match (shell, commands.get(done)) {
        (Some(shell), Some(command)) => {
            let block = json!({"type": "tool_use", "id": format!("toolu_{}_{done}", all.len()), "name": shell, "input": {}});
            let input = json!({"command": command, "description": "scripted"}).to_string();
            let delta = json!({"type": "input_json_delta", "partial_json": input});
            answer.stream(&block, &[delta], "tool_use", false)
        }
        _ => {
            let words = format!("answer to: {text}");
            let deltas: Vec<Value> =
                words.split_inclusive(' ').map(|word| json!({"type": "text_delta", "text": word})).collect();
            answer.stream(&json!({"type": "text", "text": ""}), &deltas, "end_turn", text.contains("#slow"))
        }
    }
}

fn word_after<'a>(text: &'a str, before: &str) -> Option<&'a str> {
    text.split_once(before)?.1.split_whitespace().next()
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
    stream: &'a TcpStream,
    model: &'a Value,
    shared: &'a Shared,
}

impl Answer<'_> {
    fn message(&self, content: &Value) -> Value {
        let usage = json!({"input_tokens": 1200, "output_tokens": 34, "cache_read_input_tokens": 100, "cache_creation_input_tokens": 7});
        // The program takes answers of one name for pieces of one answer.
        let id = format!("msg_{}", self.shared.answers.fetch_add(1, Ordering::Relaxed));
        json!({"id": id, "type": "message", "role": "assistant", "model": self.model, "content": content,
            "stop_reason": null, "stop_sequence": null, "usage": usage})
    }

    fn event(&self, mut event: Value, name: &str) -> std::io::Result<()> {
        event["type"] = name.into();
        let mut stream = self.stream;
        write!(stream, "event: {name}\ndata: {event}\n\n")?;
        stream.flush()
    }

    fn stream(&self, block: &Value, deltas: &[Value], stop: &str, slow: bool) -> std::io::Result<()> {
        let mut stream = self.stream;
        write!(stream, "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")?;
        self.event(json!({"message": self.message(&json!([]))}), "message_start")?;
        self.event(json!({"index": 0, "content_block": block}), "content_block_start")?;
        for (at, delta) in deltas.iter().enumerate() {
            self.event(json!({"index": 0, "delta": delta}), "content_block_delta")?;
            if slow && at == 0 {
                self.wait()?;
            }
        }
        self.event(json!({"index": 0}), "content_block_stop")?;
        let usage = json!({"output_tokens": 34});
        self.event(
            json!({"delta": {"stop_reason": stop, "stop_sequence": null}, "usage": usage}),
            "message_delta",
        )?;
        self.event(json!({}), "message_stop")
    }

    fn wait(&self) -> std::io::Result<()> {
        let mut free = self.shared.free.lock().unwrap_or_else(PoisonError::into_inner);
        while !*free {
            let waited = self.shared.freed.wait_timeout(free, PIECE).unwrap_or_else(PoisonError::into_inner);
            free = waited.0;
            self.event(json!({}), "ping")?;
        }
        Ok(())
    }
}
