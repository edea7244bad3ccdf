//! The handler of a chat, as scripted: settings and rules are gathered by the `chat …` steps, and `chat serve`
//! speaks the protocol of `docs/chat-protocol.md` by them.

use std::collections::VecDeque;
use std::fs::{self, OpenOptions};
use std::io::{self, BufRead, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use rustix::process::getpid;
use serde_json::{Value, json};

use crate::turn::Turn;
use crate::{Trouble, hang};

/// How long it takes at most to see that a file has appeared.
const LOOK: Duration = Duration::from_millis(2);

/// A script for `chat serve`.
#[derive(Default)]
pub struct Script {
    rules: Vec<Rule>,
    ready: Ready,
    session: Option<String>,
    hello: Option<String>,
    deaf: bool,
    stubborn: bool,
    finish: bool,
}

#[derive(Default)]
enum Ready {
    #[default]
    AtOnce,
    After(String),
    Never,
}

struct Rule {
    when: When,
    action: String,
}

enum When {
    Always,
    /// At this message of the process, from 1; 0 is before it is ready.
    At(u64),
    /// So often, over all processes that count in this file.
    First(usize, String),
}

/// What came in.
pub enum Input {
    Message(Message),
    Interrupt,
    Shutdown,
    End,
}

/// A message to be answered.
#[derive(Clone, Default)]
pub struct Message {
    pub id: Option<u64>,
    pub text: String,
    again: bool,
}

/// How it goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Then {
    On,
    /// The rest of this turn is not done.
    Over,
    Leave,
}

impl Script {
    /// Takes a `chat` step in.
    pub fn take(&mut self, step: &str) -> Result<(), Trouble> {
        let (verb, argument) = step.split_once(' ').unwrap_or((step, ""));
        match verb {
            "ready-after" => self.ready = Ready::After(argument.to_owned()),
            "never-ready" => self.ready = Ready::Never,
            "session" => self.session = Some(argument.to_owned()),
            "hello" => self.hello = Some(argument.to_owned()),
            "deaf" => self.deaf = true,
            "stubborn" => self.stubborn = true,
            "finish" => self.finish = true,
            "at" => {
                let (at, action) = two(argument)?;
                self.rule(When::At(number(at)?), action);
            }
            "first" => {
                let (times, rest) = two(argument)?;
                let (file, action) = two(rest)?;
                self.rule(When::First(number(times)?, file.to_owned()), action);
            }
            _ if step.is_empty() => return Err(Trouble::Script("a chat does what?")),
            _ => self.rule(When::Always, step),
        }
        Ok(())
    }

    fn rule(&mut self, when: When, action: &str) {
        self.rules.push(Rule { when, action: action.to_owned() });
    }
}

impl When {
    fn is_now(&self, at: u64) -> io::Result<bool> {
        match self {
            Self::Always => Ok(at > 0),
            Self::At(other) => Ok(at == *other),
            Self::First(times, file) => {
                let so_far = fs::read(file).map_or(0, |bytes| bytes.len());
                let is_now = at > 0 && so_far < *times;
                if is_now {
                    append(file, b".")?;
                }
                Ok(is_now)
            }
        }
    }
}

/// Serves until it is told to leave.
pub fn serve(script: &Script) -> Result<(), Trouble> {
    let mut chat = Chat::new(script);
    if chat.get_ready()? == Then::Leave {
        return Ok(());
    }
    let mut at = 0;
    loop {
        match chat.next() {
            Input::Message(message) => {
                at += 1;
                if chat.turn(at, &message)? == Then::Leave || chat.leaving {
                    return Ok(());
                }
            }
            // Nothing is being done that could be interrupted.
            Input::Interrupt => {}
            Input::Shutdown if script.stubborn => {}
            Input::End if script.stubborn => hang(),
            Input::Shutdown | Input::End => return Ok(()),
        }
    }
}

/// A handler at work.
pub struct Chat<'a> {
    script: &'a Script,
    lines: Receiver<String>,
    /// What came while it did something else.
    waiting: VecDeque<Input>,
    /// The session that it was greeted with; absent: it was not greeted.
    greeted: Option<Option<String>>,
    /// It was told to leave in a turn that it finishes.
    leaving: bool,
}

impl<'a> Chat<'a> {
    fn new(script: &'a Script) -> Self {
        // One is enough: what is not taken stays in the pipe.
        let (sender, lines) = sync_channel(1);
        thread::spawn(move || {
            for line in io::stdin().lock().lines() {
                let Ok(line) = line else { return };
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self { script, lines, waiting: VecDeque::new(), greeted: None, leaving: false }
    }

    fn get_ready(&mut self) -> Result<Then, Trouble> {
        let then = self.turn(0, &Message::default())?;
        if then == Then::Leave {
            return Ok(then);
        }
        loop {
            let ready = match &self.script.ready {
                Ready::AtOnce => true,
                Ready::After(file) => Path::new(file).exists(),
                Ready::Never => false,
            };
            if ready && (self.script.session.is_none() || self.greeted.is_some()) {
                break;
            }
            match self.within(LOOK)? {
                None | Some(Input::Interrupt) => {}
                Some(Input::Shutdown) if self.script.stubborn => {}
                Some(Input::End) if self.script.stubborn => hang(),
                Some(Input::Shutdown | Input::End) => return Ok(Then::Leave),
                Some(message @ Input::Message(_)) => self.waiting.push_back(message),
            }
        }
        match self.script.session.clone() {
            None => say(&json!({"type": "ready"}))?,
            Some(own) => {
                let session = self.greeted.clone().flatten().unwrap_or(own);
                say(&json!({"type": "ready", "session": session}))?;
            }
        }
        Ok(Then::On)
    }

    fn turn(&mut self, at: u64, message: &Message) -> Result<Then, Trouble> {
        let mut turn = Turn::new(message);
        let script = self.script;
        for rule in &script.rules {
            if !rule.when.is_now(at)? {
                continue;
            }
            match turn.act(self, &rule.action)? {
                Then::On => {}
                Then::Over => return Ok(Then::On),
                Then::Leave => return Ok(Then::Leave),
            }
        }
        if at > 0 && !turn.ended {
            turn.answer(&format!("echo: {}", message.text))?;
        }
        Ok(Then::On)
    }

    /// Waits for a file, for an interrupt or for being told to leave.
    pub fn hold(&mut self, file: &str) -> Result<Then, Trouble> {
        let mut ended = false;
        while !Path::new(file).exists() {
            if ended {
                thread::sleep(LOOK);
                continue;
            }
            match self.within(LOOK)? {
                None => {}
                Some(Input::Interrupt) if self.script.deaf => {}
                Some(Input::Interrupt) => {
                    say(&json!({"type": "error", "class": "interrupted", "text": "as you wish"}))?;
                    return Ok(Then::Over);
                }
                Some(Input::Shutdown) if self.script.stubborn => {}
                Some(Input::End) if self.script.stubborn => ended = true,
                Some(Input::Shutdown | Input::End) if self.script.finish => {
                    self.leaving = true;
                    return Ok(Then::On);
                }
                Some(Input::Shutdown | Input::End) => return Ok(Then::Leave),
                Some(message @ Input::Message(_)) => self.waiting.push_back(message),
            }
        }
        Ok(Then::On)
    }

    fn next(&mut self) -> Input {
        if let Some(input) = self.waiting.pop_front() {
            return input;
        }
        loop {
            match self.lines.recv() {
                Ok(line) => {
                    if let Some(input) = self.understand(&line) {
                        return input;
                    }
                }
                Err(_) => return Input::End,
            }
        }
    }

    fn within(&mut self, span: Duration) -> io::Result<Option<Input>> {
        match self.lines.recv_timeout(span) {
            Ok(line) => Ok(self.understand(&line)),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Ok(Some(Input::End)),
        }
    }

    /// What a line says; one that it does not know is passed over, as the protocol wants it.
    fn understand(&mut self, line: &str) -> Option<Input> {
        let told: Value = serde_json::from_str(line).ok()?;
        match told["type"].as_str()? {
            "hello" => {
                self.greeted = Some(told["session"].as_str().map(str::to_owned));
                if let Some(file) = &self.script.hello {
                    append(file, format!("{line}\n").as_bytes()).ok()?;
                }
                None
            }
            "message" => Some(Input::Message(Message {
                id: told["id"].as_u64(),
                text: told["text"].as_str().unwrap_or_default().to_owned(),
                again: told["again"].as_bool().unwrap_or_default(),
            })),
            "interrupt" => Some(Input::Interrupt),
            "shutdown" => Some(Input::Shutdown),
            _ => None,
        }
    }
}

/// Notes that a message was given to this process.
pub fn note_delivery(file: &str, message: &Message) -> io::Result<()> {
    let again = if message.again { "again" } else { "first" };
    append(file, format!("{} {} {again}\n", getpid(), message.id.unwrap_or_default()).as_bytes())
}

/// One write to a file opened for appending: what several processes write does not mix.
fn append(file: &str, bytes: &[u8]) -> io::Result<()> {
    OpenOptions::new().create(true).append(true).open(file)?.write_all(bytes)
}

pub fn say(line: &Value) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{line}")?;
    stdout.flush()
}

/// A word and what comes after it, which is something.
pub fn two(text: &str) -> Result<(&str, &str), Trouble> {
    text.split_once(' ').ok_or(Trouble::Script("something is missing at its end"))
}

pub fn number<N: std::str::FromStr>(text: &str) -> Result<N, Trouble> {
    text.parse().map_err(|_| Trouble::Script("that is no number"))
}
