//! A conversation with a person: the history on entry, then what is said as it comes, above the line that is being
//! typed. Everything that counts is read from the graph by its number, so that nothing is lost or shown twice,
//! whatever becomes of the dispatcher meanwhile.

use std::io::{self, Write};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{Notify, mpsc};
use wg_core::chat::{Chat, ChatState, Entry, FAILURES, Question, What};
use wg_core::command::{ChatCommand, Command};
use wg_core::id::ChatNumber;

use super::editor::{Editor, Wish};
use super::keys::{Key, Keys};
use super::link::{Lease, Pause, Told};
use super::said;
use super::screen::Screen;
use super::stream::Stream;
use crate::context::Context;
use crate::error::{Failure, Kind, Result};
use crate::output::style::Tone;
use crate::output::terminal::Keyboard;
use crate::output::{sink, text};
use crate::telling::reason::Times;
use crate::telling::{chats, questions};

/// Entries that are shown on entry.
const SHOWN: u64 = 20;
/// Entries that are read at a time.
const BATCH: usize = 200;
/// Pieces on their way here: the dispatcher cuts off who does not read for two seconds.
const PIECES: usize = 1024;
/// Between two looks where a time is shown that passes.
const TICK: Duration = Duration::from_secs(1);
/// Columns and rows of a terminal that does not say.
const USUAL: (usize, usize) = (80, 24);

/// Something that happens to a conversation.
enum News {
    /// Keys were pressed; nothing: the terminal is gone.
    Typed(Vec<u8>),
    /// The dispatcher says something.
    Told(Told),
}

/// Whether the conversation goes on.
enum Next {
    On,
    Over,
}

/// Talks until the person leaves, or nobody can answer any more.
pub fn talk(ctx: &mut Context, chat: &Chat, attached: usize, lease: Lease) -> Result<()> {
    let broken = |error: io::Error| Failure::refused("can't wait for what is said").because(error);
    let Some(keyboard) = Keyboard::begin() else {
        return Err(Failure::refused("this terminal can't be talked at"));
    };
    let (sender, news) = mpsc::channel(PIECES);
    let changed = Arc::new(Notify::new());
    let ring = Arc::clone(&changed);
    // Registered before the first look, so that nothing falls in between.
    let watching = ctx.store()?.watch(Box::new(move || ring.notify_one()))?;
    let told = sender.clone();
    let pause = lease.follow(move |said| told.blocking_send(News::Told(said)).is_ok())?;
    read_keys(sender)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(broken)?;
    let (columns, rows) = size();
    let mut talk = Talk {
        chat: chat.number,
        name: chat.name.clone(),
        seen: 0,
        answered: 0,
        state: None,
        keys: Keys::default(),
        editor: Editor::default(),
        stream: Stream::default(),
        streams: 0,
        screen: Screen::default(),
        stays: Vec::new(),
        status: None,
        asked: None,
        is_down: false,
        columns,
        rows,
        keyboard: Some(keyboard),
        pause,
        ctx,
    };
    let ended = runtime.block_on(talk.run(attached, news, &changed));
    // What was drawn last goes before the terminal is as it was.
    let left = talk.leave();
    talk.keyboard = None;
    drop(watching);
    // A thread that reads keys can't be called back: nobody waits for it.
    runtime.shutdown_background();
    ended.and(left)
}

/// Reads keys on a thread of its own, until the terminal or we are gone.
fn read_keys(to: mpsc::Sender<News>) -> Result<()> {
    let thread = thread::Builder::new().name("keys".to_owned());
    let spawned = thread.spawn(move || {
        let mut bytes = [0_u8; 1024];
        loop {
            let read = match rustix::io::read(rustix::stdio::stdin(), &mut bytes) {
                Ok(read) => read,
                Err(rustix::io::Errno::INTR) => continue,
                Err(_) => 0,
            };
            let is_over = to.blocking_send(News::Typed(bytes[..read].to_vec())).is_err();
            if is_over || read == 0 {
                return;
            }
        }
    });
    spawned.map(drop).map_err(|error| Failure::refused("can't read keys").because(error))
}

struct Talk<'a> {
    ctx: &'a mut Context,
    /// Absent while somebody else has the terminal.
    keyboard: Option<Keyboard>,
    pause: Pause,
    chat: ChatNumber,
    name: String,
    /// The last entry that is on the terminal.
    seen: u64,
    /// The last message whose answer is.
    answered: u64,
    /// How the chat stood when it was looked at last.
    state: Option<ChatState>,
    keys: Keys,
    editor: Editor,
    stream: Stream,
    /// The message that is being answered in `stream`.
    streams: u64,
    screen: Screen,
    /// Rows that stay, and are not written yet.
    stays: Vec<String>,
    /// What is going on, in a row above the line.
    status: Option<String>,
    /// What is asked, and waits for an answer from here.
    asked: Option<Question>,
    is_down: bool,
    columns: usize,
    rows: usize,
}

impl Talk<'_> {
    async fn run(&mut self, attached: usize, mut news: mpsc::Receiver<News>, changed: &Notify) -> Result<()> {
        let broken = |error: io::Error| Failure::refused("can't wait for signals").because(error);
        let mut signals = Signals::new().map_err(broken)?;
        self.enter(attached)?;
        loop {
            self.show()?;
            tokio::select! {
                biased;
                _ = signals.terminate.recv() => return Ok(()),
                _ = signals.hangup.recv() => return Ok(()),
                _ = signals.interrupt.recv() => self.interrupt()?,
                _ = signals.resized.recv() => self.resize(),
                () = changed.notified() => self.look()?,
                () = tokio::time::sleep(TICK), if self.counts_down() => self.look()?,
                happened = news.recv() => match happened {
                    Some(happened) => if matches!(self.happens(happened)?, Next::Over) { return Ok(()) },
                    None => return Ok(()),
                },
            }
        }
    }

    /// Whether what is shown says how long something takes still.
    fn counts_down(&self) -> bool {
        matches!(self.state, Some(ChatState::Queued { .. } | ChatState::Backoff { .. }))
    }

    fn happens(&mut self, news: News) -> Result<Next> {
        match news {
            News::Typed(bytes) if bytes.is_empty() => return Ok(Next::Over),
            News::Typed(bytes) => {
                for key in self.keys.take(&bytes) {
                    if matches!(self.press(key)?, Next::Over) {
                        return Ok(Next::Over);
                    }
                }
            }
            News::Told(Told::Changed) => self.look()?,
            News::Told(Told::Delta(message, piece)) => self.piece(message, &piece),
            News::Told(Told::Down) => {
                self.is_down = true;
                self.look()?;
            }
            News::Told(Told::Up) => {
                self.is_down = false;
                self.aside("the dispatcher is there again");
                self.look()?;
            }
            News::Told(Told::Gone) => {
                return Err(Failure::new(Kind::Later, "the dispatcher is gone, and none came back")
                    .because("what was said is kept")
                    .hint("wg service start"));
            }
        }
        Ok(Next::On)
    }

    fn press(&mut self, key: Key) -> Result<Next> {
        match self.editor.key(key) {
            Wish::Nothing => {}
            Wish::Send(text) => match self.chosen(&text) {
                Some(command) => self.answer(command)?,
                None => self.send(text)?,
            },
            Wish::Suspend => self.suspend()?,
            Wish::Interrupt => self.interrupt()?,
            Wish::Leave => return Ok(Next::Over),
            Wish::Redraw => {
                self.stays.push("\u{1b}[H\u{1b}[2J".to_owned());
                self.screen = Screen::default();
            }
        }
        Ok(Next::On)
    }

    /// Who it is, and what was said last.
    fn enter(&mut self, attached: usize) -> Result<()> {
        let (number, name) = (self.chat, text::line(&self.name));
        let named = if name == number.to_string() { String::new() } else { format!("  {name}") };
        let paint = self.ctx.out.paint();
        let head = format!("{}{}", paint.cyan(&number.to_string()), paint.bold(&named));
        self.stays.extend(text::wrap(&head, Some(self.columns)));
        if attached > 1 {
            self.aside(&format!("{} here too", text::count(attached as u64 - 1, "other is", "others are")));
        }
        let last = self.ctx.read(|read| Ok(read.last_entry(number)?))?;
        self.seen = last.saturating_sub(SHOWN);
        if self.seen > 0 {
            self.aside(&format!("{} earlier: wg chat history {number}", self.seen));
        }
        self.look()
    }

    /// Takes in what was committed since it was looked at last.
    fn look(&mut self) -> Result<()> {
        let number = self.chat;
        loop {
            let after = self.seen;
            let (chat, entries) = self.ctx.read(|read| {
                let chat = read.chat(number)?.map(|(chat, _)| chat);
                Ok((chat, read.entries_of(number, after, BATCH)?))
            })?;
            let full = entries.len() == BATCH;
            for entry in &entries {
                self.entry(entry);
            }
            if full {
                continue;
            }
            match chat {
                Some(chat) => self.stands(&chat)?,
                None => return Err(Failure::not_found(format!("{number} is gone"))),
            }
            return Ok(());
        }
    }

    fn entry(&mut self, entry: &Entry) {
        self.seen = entry.number;
        let paint = self.ctx.out.paint();
        match &entry.what {
            What::Answer { message, text, .. } => {
                let to = message.unwrap_or_default();
                self.answered = self.answered.max(to);
                // What was begun of another answer is no part of this one.
                if self.streams != to {
                    self.cut_off();
                }
                let rows = self.stream.end(text, self.columns);
                self.stays.extend(rows);
                self.stays.push(String::new());
            }
            What::TurnEnded { .. } => {
                self.cut_off();
                self.stays.extend(said::rows(entry, self.columns, paint));
            }
            What::Tool { .. } | What::Permission { .. } => {
                let rows = self.stream.pause(self.columns);
                self.stays.extend(rows);
                self.stays.extend(said::rows(entry, self.columns, paint));
            }
            What::Message { .. } | What::Note { .. } => {
                self.stays.extend(said::rows(entry, self.columns, paint));
            }
        }
    }

    /// What was begun stays as it is.
    fn cut_off(&mut self) {
        let rows = self.stream.stop(self.columns);
        self.stays.extend(rows);
    }

    fn piece(&mut self, message: u64, piece: &str) {
        if message <= self.answered {
            return;
        }
        if message != self.streams {
            self.cut_off();
            self.streams = message;
        }
        let rows = self.stream.push(piece, self.columns);
        self.stays.extend(rows);
    }

    /// How the chat stands: what matters stays on the terminal, the rest is said while it is so.
    fn stands(&mut self, chat: &Chat) -> Result<()> {
        let times = Times { now: self.ctx.now(), exact: self.ctx.out.form.exact_times };
        let number = self.chat;
        let sentence = chats::sentence(&chat.state, times);
        let news = self.state.as_ref().map(ChatState::name) != Some(chat.state.name())
            || matches!(chat.state, ChatState::Backoff { .. }) && self.state.as_ref() != Some(&chat.state);
        if news {
            match &chat.state {
                ChatState::Backoff { .. } => {
                    let said = format!("failure {} of {FAILURES}", chat.failures);
                    let log = self.last_log()?;
                    let why = log.iter().find(|line| line.starts_with("failure ")).cloned();
                    self.aside(&format!("{}; {}", why.unwrap_or(said), chats::beside(&chat.state, times)));
                    // A message that is set aside by it is not tried again: that is logged behind the failure.
                    if let Some(note) = log.last().filter(|line| line.starts_with("message ")) {
                        self.aside(&format!("{note}; wg chat send {number} --again"));
                    }
                }
                ChatState::GaveUp { .. } | ChatState::Held { .. } | ChatState::Archived { .. } => {
                    let next = chats::next(number, &chat.state).map(|next| format!("; {next}"));
                    for row in text::wrap(
                        &text::line(&format!("— {number} is {sentence}{}", next.unwrap_or_default())),
                        Some(self.columns),
                    ) {
                        let row = self.ctx.out.paint().dim(&row);
                        self.stays.push(row);
                    }
                }
                _ => {}
            }
        }
        self.asked = questions::first(chat).cloned();
        self.status = match &chat.state {
            _ if self.is_down => Some("the dispatcher is gone; looking for it…".to_owned()),
            ChatState::Starting { .. } => Some("starting…".to_owned()),
            ChatState::Queued { .. } | ChatState::Backoff { .. } => Some(sentence),
            ChatState::Draining { .. } => Some("its handler leaves…".to_owned()),
            ChatState::Live { .. } | ChatState::Lingering { .. } => chat.turn().map(|turn| {
                let said = if turn.interrupted.is_some() {
                    "interrupting…"
                } else if self.asked.is_some() {
                    "type the number of an answer (Ctrl-C interrupts)"
                } else {
                    "answers… (Ctrl-C interrupts)"
                };
                said.to_owned()
            }),
            ChatState::Dormant
            | ChatState::GaveUp { .. }
            | ChatState::Held { .. }
            | ChatState::Archived { .. } => None,
        };
        self.state = Some(chat.state.clone());
        Ok(())
    }

    /// What was noted of it last: a failure, and what came of it.
    fn last_log(&mut self) -> Result<Vec<String>> {
        let task = self.chat.task_id();
        self.ctx
            .read(|read| Ok(read.log_of(&task, Some(2))?.into_iter().map(|entry| entry.message).collect()))
    }

    /// The answer that was typed to what is asked.
    fn chosen(&self, typed: &str) -> Option<Command> {
        let number = typed.trim().parse().ok()?;
        questions::answer(self.chat, self.asked.as_ref()?, number).ok()
    }

    fn answer(&mut self, command: Command) -> Result<()> {
        if let Err(failure) = self.ctx.submit(command) {
            self.failed(&failure);
        }
        self.look()
    }

    /// Gives the terminal back until the shell lets us go on. Meanwhile nobody is there.
    fn suspend(&mut self) -> Result<()> {
        let left = self.screen.leave(self.columns + 1);
        self.ctx.out.write_all(left.as_bytes())?;
        self.ctx.out.flush()?;
        self.keyboard = None;
        self.pause.go();
        let stopped = rustix::process::kill_current_process_group(rustix::process::Signal::TSTP);
        stopped.map_err(|error| Failure::refused("can't be suspended").because(error))?;
        self.pause.come_back();
        self.keyboard = Keyboard::begin();
        self.resize();
        self.look()
    }

    fn send(&mut self, said: String) -> Result<()> {
        let command = ChatCommand::Send { chat: self.chat, text: said.clone() };
        match self.ctx.submit(Command::Chat(command)) {
            Ok(receipt) => {
                self.look()?;
                for note in receipt.notes {
                    self.aside(&note);
                }
            }
            Err(failure) => {
                self.failed(&failure);
                self.editor.put_back(said);
            }
        }
        Ok(())
    }

    /// Ends the turn in flight; where there is none, clears the line; where that is empty, says how to leave.
    fn interrupt(&mut self) -> Result<()> {
        let answers = matches!(&self.state, Some(ChatState::Live { serving } | ChatState::Lingering { serving, .. })
            if serving.turn.is_some());
        if answers {
            match self.ctx.try_submit(Command::Chat(ChatCommand::Interrupt { chat: self.chat, why: None })) {
                // The turn may have ended meanwhile: then there is nothing to interrupt, and nothing to say.
                Ok(_) => self.look()?,
                Err(failure) => self.failed(&failure),
            }
        } else if self.editor.is_empty() {
            self.aside("Ctrl-D leaves");
        } else {
            self.editor.clear();
        }
        Ok(())
    }

    fn failed(&mut self, failure: &Failure) {
        let hint = failure.hints.first().map(|hint| format!("; {hint}")).unwrap_or_default();
        self.aside(&format!("error: {}{hint}", failure.in_a_line()));
    }

    /// One row that stays, of what matters less.
    fn aside(&mut self, line: &str) {
        let row = said::aside(&format!("— {line}"), self.columns, self.ctx.out.paint());
        self.stays.push(row);
    }

    fn resize(&mut self) {
        let rows = self.stream.resize(self.columns);
        self.stays.extend(rows);
        (self.columns, self.rows) = size();
    }

    fn show(&mut self) -> Result<()> {
        let paint = self.ctx.out.paint();
        let mut area: Vec<String> = self.stream.row(self.columns).into_iter().collect();
        if let Some(asked) = &self.asked {
            let what = paint.tone(Tone::Yellow, &text::line(&format!("? {}", asked.what)));
            area.extend(text::wrap(&what, Some(self.columns)).into_iter().take(self.rows / 3));
            area.extend(text::wrap(&text::line(&questions::choices(asked)), Some(self.columns)));
        }
        area.extend(self.status.as_ref().map(|status| said::aside(status, self.columns, paint)));
        let above = area.len();
        let laid = self.editor.lay(self.columns, self.rows.saturating_sub(above + 1).max(1));
        area.extend(laid.rows);
        let cursor = (above + laid.cursor.0, laid.cursor.1);
        let frame = self.screen.frame(&self.stays, &area, cursor, self.columns + 1);
        self.stays.clear();
        self.ctx.out.write_all(frame.as_bytes())?;
        Ok(self.ctx.out.flush()?)
    }

    /// What is begun stays; the line goes.
    fn leave(&mut self) -> Result<()> {
        self.cut_off();
        let mut last = self.screen.leave(self.columns + 1);
        for row in self.stays.drain(..) {
            last.push_str(&row);
            last.push_str("\r\n");
        }
        self.ctx.out.write_all(last.as_bytes())?;
        Ok(self.ctx.out.flush()?)
    }
}

/// Columns that are written in, which leaves the last one free: terminals differ in what they do behind it.
fn size() -> (usize, usize) {
    let columns = sink::width().unwrap_or(USUAL.0);
    (columns.saturating_sub(1).max(1), sink::height().unwrap_or(USUAL.1))
}

struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
    resized: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
            resized: signal(SignalKind::window_change())?,
        })
    }
}
