//! What the scripted handler does in a turn: what only a handler can do; everything else is a step of its own.

use std::io::{self, Write};
use std::process::{Command, Stdio};

use serde_json::{Map, Value, json};
use wg_core::time::Timestamp;

use crate::chat::{Chat, Message, Then, note_delivery, number, say, two};
use crate::{Trouble, run_all, size, span};

/// The text of one delta in a flood of them.
const PIECE: usize = 1_000;

/// A turn, or (without a message's number) what comes before it is ready.
pub struct Turn<'a> {
    message: &'a Message,
    usage: Option<Value>,
    /// It was answered, or said not to be.
    pub ended: bool,
}

impl<'a> Turn<'a> {
    pub fn new(message: &'a Message) -> Self {
        Self { message, usage: None, ended: false }
    }

    /// Does one thing.
    pub fn act(&mut self, chat: &mut Chat<'_>, action: &str) -> Result<Then, Trouble> {
        let (verb, argument) = action.split_once(' ').unwrap_or((action, ""));
        match verb {
            "deliveries" => note_delivery(argument, self.message)?,
            "deltas" => {
                for n in 1..=number::<u64>(argument)? {
                    say(&json!({"type": "delta", "text": format!("piece {n} ")}))?;
                }
            }
            "deltas-of" => {
                let mut left = bytes(argument)?;
                while left > 0 {
                    let piece = left.min(PIECE);
                    say(&json!({"type": "delta", "text": "x".repeat(piece)}))?;
                    left -= piece;
                }
            }
            "tools" => {
                for n in 1..=number::<u64>(argument)? {
                    say(&json!({"type": "tool", "name": "shell", "detail": format!("call {n}")}))?;
                }
            }
            "garbage" => {
                for n in 1..=number::<u64>(argument)? {
                    self.garbage(n)?;
                }
            }
            "usage" => self.usage = Some(usage(argument)?),
            "answer" if argument.is_empty() => self.answer(&format!("echo: {}", self.message.text))?,
            "answer" => self.answer(argument)?,
            "answer-of" => self.answer(&"x".repeat(bytes(argument)?))?,
            "answer-by" => {
                let text = self.output(argument)?;
                self.answer(&text)?;
            }
            "answer-to" => {
                let (to, text) = argument.split_once(' ').unwrap_or((argument, "for another"));
                let id = if to == "none" { None } else { Some(number(to)?) };
                self.answer_to(id, text)?;
            }
            "error" => self.fail(argument, Map::new())?,
            "limited" => {
                let until = now().plus(span(argument)?).to_string();
                self.fail("rate-limited", Map::from_iter([("until".to_owned(), until.into())]))?;
            }
            "unfit" => {
                let (reason, text) = argument.split_once(' ').unwrap_or((argument, "as scripted"));
                say(&json!({"type": "unfit", "reason": reason, "text": text}))?;
                self.ended = true;
            }
            "silent" => self.ended = true,
            "hold" => return chat.hold(argument),
            "leave" => return Ok(Then::Leave),
            "ignore-term" => return Err(Trouble::Script("it comes before `chat serve`")),
            _ => run_all(vec![action.to_owned()])?,
        }
        Ok(Then::On)
    }

    /// Answers what it was asked.
    pub fn answer(&mut self, text: &str) -> io::Result<()> {
        self.answer_to(self.message.id, text)
    }

    fn answer_to(&mut self, id: Option<u64>, text: &str) -> io::Result<()> {
        let mut line = json!({"type": "answer", "text": text});
        if let Some(id) = id {
            line["id"] = id.into();
        }
        if let Some(usage) = &self.usage {
            line["usage"] = usage.clone();
        }
        self.ended = true;
        say(&line)
    }

    fn fail(&mut self, argument: &str, more: Map<String, Value>) -> io::Result<()> {
        let (class, text) = argument.split_once(' ').unwrap_or((argument, "as scripted"));
        let mut line = json!({"type": "error", "class": class, "text": text});
        for (key, value) in more {
            line[key] = value;
        }
        if let Some(usage) = &self.usage {
            line["usage"] = usage.clone();
        }
        self.ended = true;
        say(&line)
    }

    /// A line that means nothing, of each kind in turn.
    fn garbage(&self, n: u64) -> io::Result<()> {
        let id = self.message.id.unwrap_or_default();
        let mut stdout = io::stdout().lock();
        match n % 4 {
            1 => writeln!(stdout, "a line of prose, number {n}")?,
            2 => writeln!(stdout, "{{\"type\":\"answer\",\"id\":{id}")?,
            3 => writeln!(stdout, "{{\"type\":\"of tomorrow\",\"text\":\"?\"}}")?,
            _ => stdout.write_all(b"\xff\x00\x1b[2J\n")?,
        }
        stdout.flush()
    }

    /// What a shell command writes; it finds the message's text in `TEXT`.
    fn output(&self, command: &str) -> io::Result<String> {
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", command]).env("TEXT", &self.message.text).stdin(Stdio::null());
        let output = shell.stderr(Stdio::inherit()).output()?;
        Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
    }
}

fn usage(argument: &str) -> Result<Value, Trouble> {
    let (input, rest) = two(argument)?;
    let (output, cost) = rest.split_once(' ').unwrap_or((rest, ""));
    let mut usage =
        json!({"input": number::<u64>(input)?, "output": number::<u64>(output)?, "model": "fake"});
    if !cost.is_empty() {
        usage["cost_usd"] = number::<f64>(cost)?.into();
    }
    Ok(usage)
}

fn bytes(text: &str) -> Result<usize, Trouble> {
    usize::try_from(size(text)?).map_err(|_| Trouble::Script("that is more than memory has"))
}

fn now() -> Timestamp {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Realtime);
    Timestamp::from_nanos(now.tv_sec.saturating_mul(1_000_000_000).saturating_add(now.tv_nsec))
}
