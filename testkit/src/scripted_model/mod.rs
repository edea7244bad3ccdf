//! A scripted model on loopback, so that a real agent program runs without an account or a network. It speaks the
//! streaming forms of Anthropic Messages ([`messages`]), of OpenAI Responses ([`responses`]) and Chat Completions
//! ([`chat_completions`]), and of Gemini ([`generate_content`]). It keeps nothing between calls: what it does stands
//! in the last message of the person.
//!
//! `#tool COMMAND` (to the end of the line): has the command run with the program's shell tool, then answers.
//! `#slow`: the answer comes word by word and does not end before [`ScriptedModel::go_on`]. `#status CODE`: refuses;
//! `#resets SECONDS` with it, since 1970: a limit of the account that lasts until then, as Anthropic's headers say it.
//! The answer is `answer to: TEXT`.

mod chat_completions;
mod generate_content;
mod messages;
mod responses;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

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

    /// Where it is, as `ANTHROPIC_BASE_URL` has it; OpenAI's programs want `/v1` behind it.
    #[must_use]
    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What the person and the model had said in the last call of the conversation, the first first, as
    /// `user: TEXT` and `assistant: TEXT`.
    #[must_use]
    pub fn last_heard(&self) -> Vec<String> {
        let calls = self.shared.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let said = |message: &Value| {
            let role = message["role"].as_str().unwrap_or_default().replace("model", "assistant");
            texts(message).into_iter().map(move |text| format!("{role}: {text}")).collect::<Vec<_>>()
        };
        calls.last().map(conversation).unwrap_or_default().iter().flat_map(said).collect()
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

/// All that was said before a call, and what tools gave, whatever the form of the call.
fn conversation(call: &Value) -> &[Value] {
    let said = ["messages", "input", "contents"].iter().find_map(|key| call[key].as_array());
    said.map(Vec::as_slice).unwrap_or_default()
}

/// The texts of a message.
fn texts(message: &Value) -> Vec<String> {
    match &message["content"] {
        Value::String(text) => vec![text.clone()],
        content => {
            let blocks = content
                .as_array()
                .or_else(|| message["parts"].as_array())
                .map(Vec::as_slice)
                .unwrap_or_default();
            blocks.iter().filter_map(|block| block["text"].as_str()).map(str::to_owned).collect()
        }
    }
}

/// What the last message of the person asks for.
struct Asked {
    text: String,
    /// So many of its commands were run.
    done: usize,
}

impl Asked {
    /// In this conversation. `is_result`: whether an entry is what a tool gave.
    fn of(conversation: &[Value], is_result: impl Fn(&Value) -> bool) -> Self {
        let is_asked = |message: &Value| message["role"] == "user" && !is_result(message);
        let at = conversation.iter().rposition(is_asked);
        let after = at.map_or(conversation, |at| &conversation[at + 1..]);
        // The program puts reminders of its own before what the person wrote.
        let text = at.and_then(|at| texts(&conversation[at]).pop()).unwrap_or_default();
        Self { text, done: after.iter().filter(|entry| is_result(entry)).count() }
    }

    fn status(&self) -> Option<u16> {
        self.text.split_once("#status ")?.1.split_whitespace().next()?.parse().ok()
    }

    /// The command that is to be run next.
    fn command(&self) -> Option<&str> {
        let commands = self.text.lines().filter_map(|line| line.split_once("#tool "));
        commands.map(|(_, command)| command).nth(self.done)
    }

    fn is_slow(&self) -> bool {
        self.text.contains("#slow")
    }

    fn answer(&self) -> String {
        format!("answer to: {}", self.text)
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
    let call = Call { stream, shared, body: &body };
    let outcome = match path {
        path if path.ends_with("/messages") => messages::answer(&call),
        path if path.ends_with("/responses") => responses::answer(&call),
        path if path.ends_with("/chat/completions") => chat_completions::answer(&call),
        path if path.ends_with(":streamGenerateContent") => generate_content::answer(&call),
        path if path.ends_with("/count_tokens") => call.send(200, &json!({"input_tokens": 100})),
        _ => call.send(200, &json!({"data": []})),
    };
    // The program sees the end of the answer by it.
    let _ = stream.shutdown(Shutdown::Both);
    outcome
}

/// A call of the model, and the way back.
struct Call<'a> {
    stream: &'a TcpStream,
    shared: &'a Shared,
    body: &'a Value,
}

impl Call<'_> {
    /// The program's shell tool, where it has one of these names; then this is a call of the conversation.
    fn shell(&self, names: &[&'static str]) -> Option<&'static str> {
        let all = self.body["tools"].as_array().into_iter().flatten();
        let tools: Vec<&str> = all
            .flat_map(|tool| {
                let many = tool["functionDeclarations"].as_array().into_iter().flatten();
                [tool, &tool["function"]].into_iter().chain(many).filter_map(|tool| tool["name"].as_str())
            })
            .collect();
        let shell = names.iter().find(|name| tools.contains(name)).copied();
        if shell.is_some() {
            self.shared.calls.lock().unwrap_or_else(PoisonError::into_inner).push(self.body.clone());
        }
        shell
    }

    /// A number that no other answer has: programs take answers of one name for pieces of one answer.
    fn number(&self) -> u64 {
        self.shared.answers.fetch_add(1, Ordering::Relaxed)
    }

    fn send(&self, status: u16, body: &Value) -> std::io::Result<()> {
        let body = body.to_string();
        let mut stream = self.stream;
        // Programs that ask again by themselves wait for a minute in all where nobody tells them how long.
        let mut more = "retry-after-ms: 50\r\n".to_owned();
        // Claude Code would wait for a limit by itself.
        if status == 429 {
            more += "x-should-retry: false\r\n";
        }
        if let Some(reset) = self.resets().filter(|_| status == 429) {
            more += &format!(
                "anthropic-ratelimit-unified-status: rejected\r\nanthropic-ratelimit-unified-reset: {reset}\r\n"
            );
        }
        write!(
            stream,
            "HTTP/1.1 {status} Scripted\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n{more}\r\n{body}",
            body.len()
        )
    }

    /// When the limit is over that is asked for.
    fn resets(&self) -> Option<u64> {
        let asked = self.body.to_string();
        let (_, after) = asked.rsplit_once("#resets ")?;
        after.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
    }

    /// The answer comes as events.
    fn begin(&self) -> std::io::Result<()> {
        let mut stream = self.stream;
        write!(stream, "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")
    }

    fn event(&self, name: &str, mut event: Value) -> std::io::Result<()> {
        event["type"] = name.into();
        let mut stream = self.stream;
        write!(stream, "event: {name}\ndata: {event}\n\n")?;
        stream.flush()
    }

    /// One without a name.
    fn data(&self, data: &impl std::fmt::Display) -> std::io::Result<()> {
        let mut stream = self.stream;
        write!(stream, "data: {data}\n\n")?;
        stream.flush()
    }

    /// What a stream has in it that means nothing.
    fn alive(&self) -> std::io::Result<()> {
        let mut stream = self.stream;
        stream.write_all(b": ping\n\n")?;
        stream.flush()
    }

    /// Until slow answers may end; `alive` is said again and again.
    fn wait(&self, alive: impl Fn(&Self) -> std::io::Result<()>) -> std::io::Result<()> {
        let mut free = self.shared.free.lock().unwrap_or_else(PoisonError::into_inner);
        while !*free {
            let waited = self.shared.freed.wait_timeout(free, PIECE).unwrap_or_else(PoisonError::into_inner);
            free = waited.0;
            alive(self)?;
        }
        Ok(())
    }
}
