//! Plays the story: waits for what the store, the dispatcher and the terminal say, and shows it.

use std::io::{self, Write};
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use wg_core::port::Store;

use super::lines;
use super::picture::{self, View};
use super::scene::Scene;
use super::screen::{Quiet, Screen};
use crate::error::{Failure, Result};
use crate::output::{Output, sink};
use crate::wire;

/// How often what spins turns and times go on. Nothing is read for that.
const TURN: Duration = Duration::from_millis(100);
/// Columns and rows of a terminal that does not say.
const USUAL: (usize, usize) = (80, 24);

/// Something that was waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// The graph changed.
    Changed,
    /// The dispatcher left, with this to say of it.
    Gone(String),
}

/// How the play ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// Nothing more happens by itself.
    Over(Scene),
    /// Somebody at the terminal wanted its end.
    Stopped,
    /// The dispatcher left before that.
    Gone(String),
}

/// Where news go: as many as can differ.
#[must_use]
pub fn channel() -> (mpsc::Sender<News>, mpsc::Receiver<News>) {
    mpsc::channel(2)
}

/// Shows the graph until its end. `news` tells of its changes, `slots` how many agents there may be.
pub fn play(
    out: &mut Output,
    store: &mut dyn Store,
    news: mpsc::Receiver<News>,
    slots: usize,
) -> Result<Ending> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build();
    let runtime = runtime.map_err(|error| Failure::refused("can't wait for signals").because(error))?;
    runtime.block_on(async {
        let mut stage = Stage { face: Face::of(out), out, store, slots, scene: Scene::default(), turn: 0 };
        stage.run(news).await
    })
}

/// How the story is told.
enum Face {
    /// As a picture that changes.
    Picture(Screen, #[expect(dead_code, reason = "it acts when it is dropped")] Quiet),
    /// As lines.
    Lines,
    /// Only by its end.
    Nothing,
}

impl Face {
    fn of(out: &Output) -> Self {
        if out.form.json {
            Self::Nothing
        } else if sink::on_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb") {
            Self::Picture(Screen::default(), Quiet::begin())
        } else {
            Self::Lines
        }
    }
}

struct Stage<'a> {
    out: &'a mut Output,
    store: &'a mut dyn Store,
    slots: usize,
    face: Face,
    scene: Scene,
    turn: usize,
}

impl Stage<'_> {
    async fn run(&mut self, mut news: mpsc::Receiver<News>) -> Result<Ending> {
        let mut signals =
            Signals::new().map_err(|error| Failure::refused("can't wait for signals").because(error))?;
        let mut turns = tokio::time::interval(TURN);
        turns.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        self.look()?;
        let ending = loop {
            self.show()?;
            if self.scene.is_over() {
                break Ending::Over(self.scene.clone());
            }
            tokio::select! {
                biased;
                _ = signals.interrupt.recv() => break Ending::Stopped,
                _ = signals.terminate.recv() => break Ending::Stopped,
                _ = signals.hangup.recv() => break Ending::Stopped,
                said = news.recv() => match said {
                    Some(News::Changed) => self.look()?,
                    Some(News::Gone(why)) => break Ending::Gone(why),
                    None => break Ending::Gone("nobody tells what happens".into()),
                },
                _ = signals.resized.recv() => {}
                _ = turns.tick(), if matches!(self.face, Face::Picture(..)) => self.turn += 1,
            }
        };
        if !matches!(ending, Ending::Over(_)) {
            self.scene.stop();
        }
        self.show_last()?;
        Ok(ending)
    }

    fn look(&mut self) -> Result<()> {
        let scene = Scene::look(self.store, wire::now())?;
        if matches!(self.face, Face::Lines) {
            for line in lines::between(&self.scene, &scene) {
                writeln!(self.out, "{line}")?;
            }
            self.out.flush()?;
        }
        self.scene = scene;
        Ok(())
    }

    fn show(&mut self) -> Result<()> {
        if let Face::Picture(screen, _) = &mut self.face {
            let view = View { scene: &self.scene, now: wire::now(), turn: self.turn, slots: self.slots };
            let (columns, rows) = size();
            let picture = picture::live(view, columns, rows.saturating_sub(1).max(1));
            let paint = self.out.paint();
            screen.paint(self.out, &picture, columns, paint)?;
        }
        Ok(())
    }

    fn show_last(&mut self) -> Result<()> {
        if let Face::Picture(screen, _) = &mut self.face {
            let view = View { scene: &self.scene, now: wire::now(), turn: self.turn, slots: self.slots };
            let (columns, rows) = size();
            let paint = self.out.paint();
            screen.paint(self.out, &picture::last(view, columns, rows), columns, paint)?;
        }
        Ok(())
    }
}

fn size() -> (usize, usize) {
    (sink::width().unwrap_or(USUAL.0), sink::height().unwrap_or(USUAL.1))
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
