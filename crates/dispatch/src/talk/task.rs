//! One conversation, as a task on the dispatcher's loop.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use tokio::sync::{broadcast, mpsc};
use wg_agents::{Conversation, Delivery, Heard};
use wg_core::chat::{Entry, Said, What};
use wg_core::id::{Actor, AttemptRef, ChatNumber};
use wg_core::time::Timestamp;

use super::line::{Line, Opened};
use super::reader::{Lines, Reader};
use crate::dispatcher::{Converse, Event, Whose};
use crate::files::{AttemptFolder, Run};
use crate::supervise::{ShimAnswer, ShimRequest};

/// Orders that may wait: a message, an interrupt, what was committed, the end; and again for a handler that is
/// slow to take them.
const ORDERS: usize = 64;
/// Between two tries to reach a shim, at first and at most, and how often.
const RETRY_FIRST: Duration = Duration::from_millis(5);
const RETRY_LONGEST: Duration = Duration::from_secs(1);
const TRIES: u32 = 90;
/// What was read and means nothing that is kept is committed as read every so many bytes.
const UNKEPT: u64 = 1024 * 1024;
/// Longest piece of an answer that is told at once, in bytes.
const DELTA_MAX: usize = 64 * 1024;
/// Lines that make no sense that are told of one handler.
const GARBAGE: u32 = 10;
/// Kept things that are committed at once.
const KEPT: usize = 256;

/// What is to be done in a conversation.
#[derive(Debug)]
pub(crate) enum Order {
    /// Give the handler a message.
    Deliver {
        /// Its turn.
        turn: u64,
        /// It.
        entry: Box<Entry>,
        /// It was given to a handler before.
        again: bool,
    },
    /// Tell it what its attempt's prompt says.
    Prompt,
    /// Nothing more will be said to it.
    LetGo,
    /// Ask it to end its turn.
    Interrupt,
    /// Tell it how its question was answered.
    Answer {
        /// Which.
        question: String,
        /// What; absent: neither yes nor no.
        choice: Option<String>,
    },
    /// Everything up to here is committed.
    Parsed(u64),
    /// It is over: what it left is to be taken in.
    Finish,
}

/// News of a chat for those who are attached.
#[derive(Debug, Clone)]
pub(crate) enum ChatNews {
    /// Something was committed.
    Changed(ChatNumber),
    /// A piece of an answer that is being made.
    Delta {
        /// In which chat.
        chat: ChatNumber,
        /// To which message.
        message: u64,
        /// The piece.
        text: String,
    },
}

/// What a conversation needs.
pub(crate) struct TalkTask {
    /// What is to be opened.
    pub(crate) converse: Converse,
    /// Where the handler's files are.
    pub(crate) folder: AttemptFolder,
    /// Who understands it.
    pub(crate) conversation: Box<dyn Conversation>,
    /// Where what it said goes.
    pub(crate) events: mpsc::Sender<Event>,
    /// Where those who are attached listen.
    pub(crate) news: broadcast::Sender<ChatNews>,
}

/// Starts a conversation; gives where its orders go.
pub(crate) fn start(task: TalkTask) -> mpsc::Sender<Order> {
    let (sender, orders) = mpsc::channel(ORDERS);
    tokio::spawn(Talk::new(task).run(orders));
    sender
}

struct Talk {
    /// Absent for work on a task, of which nobody hears as it is said.
    chat: Option<ChatNumber>,
    attempt: AttemptRef,
    run: Run,
    folder: AttemptFolder,
    conversation: Box<dyn Conversation>,
    events: mpsc::Sender<Event>,
    news: broadcast::Sender<ChatNews>,
    /// It was greeted in this conversation.
    greeted: bool,
    /// Taken out while a piece is read.
    reader: Option<Reader>,
    /// So many bytes can be read.
    written: u64,
    /// Up to where is taken in, and up to where that is committed.
    heard: u64,
    committed: u64,
    /// Up to where was told and is not committed yet.
    told: Option<u64>,
    /// What was understood and is to be told.
    kept: VecDeque<(Said, u64)>,
    /// The message of the turn in flight.
    message: u64,
    inputs: Inputs,
    garbage: u32,
    /// Nothing more will be said: its shim is told each time it is reached.
    let_go: bool,
    end: End,
}

/// What is on its way to its process.
#[derive(Debug, Default)]
struct Inputs {
    /// The number of the last one.
    last: u64,
    /// Those that the shim has not taken yet.
    waiting: VecDeque<(u64, String)>,
    /// What was to be said before it was known which inputs the shim has had.
    early: Vec<Vec<u8>>,
}

/// How far the taking in of last words is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// Its process may go on.
    Open,
    /// It is over: what there is is read.
    Reading,
    /// All of it was read.
    Read,
}

impl Talk {
    fn new(task: TalkTask) -> Self {
        let TalkTask { converse, folder, conversation, events, news } = task;
        let from = converse.from;
        Self {
            chat: match &converse.whose {
                Whose::Chat(facts) => Some(facts.number),
                Whose::Work => None,
            },
            attempt: converse.attempt.reference,
            run: Run::from(&converse.attempt),
            reader: Some(Reader::new(folder.events(), from)),
            folder,
            conversation,
            events,
            news,
            greeted: false,
            written: from,
            heard: from,
            committed: from,
            told: None,
            kept: VecDeque::new(),
            message: 0,
            inputs: Inputs::default(),
            garbage: 0,
            let_go: false,
            end: if converse.over { End::Reading } else { End::Open },
        }
    }

    async fn run(mut self, mut orders: mpsc::Receiver<Order>) {
        let mut line: Option<Line> = None;
        let mut tries = 0;
        let mut pause = Duration::ZERO;
        loop {
            if self.is_over() {
                let _ = self.events.send(Event::TalkOver(self.attempt)).await;
                return;
            }
            let connects = line.is_none() && self.end == End::Open && tries < TRIES;
            let reads = self.may_read();
            let outcome = tokio::select! {
                order = orders.recv() => match order {
                    Some(order) => self.obey(order, &mut line).await,
                    // The dispatcher is leaving: its successor goes on.
                    None => return,
                },
                opened = connect(self.folder.clone(), self.run, self.committed, pause), if connects => {
                    tries += 1;
                    pause = (pause * 2).clamp(RETRY_FIRST, RETRY_LONGEST);
                    match opened {
                        Ok(opened) => {
                            (tries, pause) = (0, Duration::ZERO);
                            self.opened(opened, &mut line).await
                        }
                        Err(_) => Ok(()),
                    }
                }
                answer = next(&mut line), if line.is_some() => match answer {
                    Ok(answer) => self.answered(answer),
                    Err(error) => Err(error),
                },
                () = std::future::ready(()), if reads => self.read(&mut line).await,
            };
            if outcome.is_err() {
                // It is tried again, from what is committed; what was not taken is sent once more.
                line = None;
                pause = pause.max(RETRY_FIRST);
            }
        }
    }

    fn is_over(&self) -> bool {
        self.end == End::Read && self.kept.is_empty() && self.told.is_none()
    }

    fn may_read(&self) -> bool {
        let more = match self.end {
            End::Open => self.written > self.place(),
            End::Reading => true,
            End::Read => false,
        };
        more && self.told.is_none() && self.kept.is_empty()
    }

    fn place(&self) -> u64 {
        self.reader.as_ref().map_or(u64::MAX, Reader::place)
    }

    async fn opened(&mut self, opened: Opened, to: &mut Option<Line>) -> io::Result<()> {
        self.inputs.last = self.inputs.last.max(opened.last_input);
        let mut line = opened.line;
        if self.message > 0 {
            line.send(&ShimRequest::Turn { on: true }).await?;
        }
        for (id, text) in &self.inputs.waiting {
            line.input(*id, text).await?;
        }
        if self.let_go {
            line.send(&ShimRequest::LetGo).await?;
        }
        *to = Some(line);
        // An earlier dispatcher may have spoken with it, or died just before it did.
        let again = self.greeted || opened.last_input > 0;
        self.greeted = true;
        let greeting = self.conversation.greet(again);
        let mut said = self.say(greeting, to).await;
        // What can't be sent just now is kept with its number.
        for bytes in std::mem::take(&mut self.inputs.early) {
            said = said.and(self.say(bytes, to).await);
        }
        said
    }

    /// Gives the handler bytes that are no message.
    async fn say(&mut self, bytes: Vec<u8>, line: &mut Option<Line>) -> io::Result<()> {
        if !self.greeted {
            // Under a number of its own it would be taken for one that the shim has had.
            self.inputs.early.push(bytes);
            return Ok(());
        }
        self.input(self.inputs.last + 1, bytes, line).await
    }

    async fn input(&mut self, id: u64, bytes: Vec<u8>, line: &mut Option<Line>) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        self.inputs.last = self.inputs.last.max(id);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let sent = match line {
            Some(line) => line.input(id, &text).await,
            None => Ok(()),
        };
        self.inputs.waiting.push_back((id, text));
        sent
    }

    async fn obey(&mut self, order: Order, line: &mut Option<Line>) -> io::Result<()> {
        match order {
            Order::Deliver { turn, entry, again } => self.deliver(turn, &entry, again, line).await,
            Order::Prompt => self.prompt(line).await,
            Order::LetGo => {
                self.let_go = true;
                match line {
                    Some(line) => line.send(&ShimRequest::LetGo).await,
                    None => Ok(()),
                }
            }
            Order::Interrupt => {
                let bytes = self.conversation.interrupt();
                self.say(bytes, line).await
            }
            Order::Answer { question, choice } => {
                let bytes = self.conversation.answer(&question, choice.as_deref());
                self.say(bytes, line).await
            }
            Order::Parsed(to) => {
                self.committed = self.committed.max(to);
                if self.told.is_some_and(|told| told <= to) {
                    self.told = None;
                }
                self.tell().await;
                match line {
                    Some(line) => line.send(&ShimRequest::Parsed { to }).await,
                    None => Ok(()),
                }
            }
            Order::Finish => {
                if self.end == End::Open {
                    self.end = End::Reading;
                }
                Ok(())
            }
        }
    }

    /// Its prompt is the first message, as the dispatcher's own.
    async fn prompt(&mut self, line: &mut Option<Line>) -> io::Result<()> {
        let text = match std::fs::read_to_string(self.folder.prompt()) {
            Ok(text) => text,
            Err(error) => {
                tracing::warn!(attempt = %self.attempt, %error, "its prompt can't be read");
                return Ok(());
            }
        };
        let from = Actor::Dispatcher(String::new());
        let entry = Entry { number: 1, at: Timestamp::default(), what: What::Message { from, text } };
        self.deliver(1, &entry, false, line).await
    }

    async fn deliver(
        &mut self,
        turn: u64,
        entry: &Entry,
        again: bool,
        line: &mut Option<Line>,
    ) -> io::Result<()> {
        let What::Message { from, text } = &entry.what else { return Ok(()) };
        let message = entry.number;
        self.message = message;
        let bytes = self.conversation.deliver(&Delivery { message, from, at: entry.at, text, again });
        if let Some(line) = line {
            line.send(&ShimRequest::Turn { on: true }).await?;
        }
        self.input(turn_id(turn), bytes, line).await
    }

    fn answered(&mut self, answer: ShimAnswer) -> io::Result<()> {
        match answer {
            ShimAnswer::Written { to } => self.written = self.written.max(to),
            ShimAnswer::Taken { id, .. } => self.inputs.waiting.retain(|(waiting, _)| *waiting > id),
            ShimAnswer::Refused { why } => {
                tracing::warn!(handler = %self.attempt, why, "its shim refused");
                self.inputs.waiting.pop_front();
            }
            ShimAnswer::Superseded => return Err(io::ErrorKind::ConnectionReset.into()),
            ShimAnswer::Hello { .. }
            | ShimAnswer::Status(_)
            | ShimAnswer::Stopping
            | ShimAnswer::Gone(_)
            | ShimAnswer::Tail { .. } => {}
        }
        Ok(())
    }

    /// Takes a piece of what it wrote in.
    async fn read(&mut self, line: &mut Option<Line>) -> io::Result<()> {
        let Some(mut reader) = self.reader.take() else { return Ok(()) };
        let (reader, read) = match tokio::task::spawn_blocking(move || {
            let read = reader.next();
            (reader, read)
        })
        .await
        {
            Ok(both) => both,
            Err(_) => {
                (Reader::new(self.folder.events(), self.heard), Ok(Lines { end: true, ..Lines::default() }))
            }
        };
        self.reader = Some(reader);
        let read = match read {
            Ok(read) => read,
            Err(error) => {
                tracing::warn!(handler = %self.attempt, %error, "what it wrote can't be read");
                Lines { end: true, ..Lines::default() }
            }
        };
        match (read.end, self.end) {
            // What is there was read, whatever was said to be.
            (true, End::Open) => self.written = self.written.min(self.place()),
            (true, _) => self.end = End::Read,
            (false, _) => {}
        }
        for place in read.too_long {
            self.heard = self.heard.max(place);
            self.complain("a line that is too long");
        }
        let mut said = Ok(());
        for (bytes, place) in read.lines {
            for heard in self.conversation.line(&bytes) {
                said = said.and(self.take_in(heard, place, line).await);
            }
            self.heard = self.heard.max(place);
        }
        self.tell().await;
        said
    }

    async fn take_in(&mut self, heard: Heard, place: u64, line: &mut Option<Line>) -> io::Result<()> {
        match heard {
            Heard::Kept(said) => {
                let over = said.ends_turn();
                self.kept.push_back((said, place));
                if over {
                    self.message = 0;
                    if let Some(line) = line {
                        return line.send(&ShimRequest::Turn { on: false }).await;
                    }
                }
                Ok(())
            }
            Heard::Delta(text) => {
                self.tell_delta(&text);
                Ok(())
            }
            Heard::Reply(bytes) => self.say(bytes, line).await,
            Heard::Garbage(what) => {
                self.complain(&what);
                Ok(())
            }
        }
    }

    fn tell_delta(&self, text: &str) {
        let Some(chat) = self.chat.filter(|_| self.news.receiver_count() > 0) else { return };
        let message = self.message;
        let mut rest = text;
        while !rest.is_empty() {
            let mut end = rest.len().min(DELTA_MAX);
            while !rest.is_char_boundary(end) {
                end -= 1;
            }
            let (piece, after) = rest.split_at(end);
            let _ = self.news.send(ChatNews::Delta { chat, message, text: piece.to_owned() });
            rest = after;
        }
    }

    fn complain(&mut self, what: &str) {
        self.garbage = self.garbage.saturating_add(1);
        if self.garbage <= GARBAGE {
            tracing::warn!(attempt = %self.attempt, "it wrote what makes no sense: {what}");
        }
    }

    /// Tells what was understood, as much as is committed at once; nothing while something is on its way.
    async fn tell(&mut self) {
        if self.told.is_some() {
            return;
        }
        let many = self.kept.len().min(KEPT);
        if many == 0 && self.heard < self.committed.saturating_add(UNKEPT) {
            return;
        }
        let mut said: Vec<Said> = Vec::with_capacity(many);
        let mut parsed = self.heard;
        // What one line means is told at once: its place is behind all of it.
        while let Some((_, place)) = self.kept.front() {
            if said.len() >= many && *place != parsed {
                break;
            }
            parsed = *place;
            said.extend(self.kept.pop_front().map(|(said, _)| said));
        }
        if self.kept.is_empty() {
            parsed = self.heard;
        }
        self.told = Some(parsed);
        let (attempt, fence) = (self.attempt, self.run.fence);
        let _ = self.events.send(Event::Heard { attempt, fence, said, parsed }).await;
    }
}

/// The number of the input that begins a turn: there is room for all that may be said between two of them.
fn turn_id(turn: u64) -> u64 {
    turn << 20
}

async fn connect(folder: AttemptFolder, run: Run, from: u64, pause: Duration) -> io::Result<Opened> {
    tokio::time::sleep(pause).await;
    Line::open(&folder, run, from).await
}

/// What the shim says next.
async fn next(line: &mut Option<Line>) -> io::Result<ShimAnswer> {
    match line {
        Some(line) => line.next().await,
        None => std::future::pending().await,
    }
}
