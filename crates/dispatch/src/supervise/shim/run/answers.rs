//! What supervisors are answered.

use super::Shim;
use crate::supervise::linux;
use crate::supervise::output::{self, OutputFile};
use crate::supervise::protocol::{ShimAnswer, ShimPhase, ShimStatus, TAIL_MAX};
use crate::supervise::shim::heard::{Heard, Said};
use crate::supervise::shim::step::{Event, State};

impl Shim {
    pub(super) fn listen_to(&mut self, heard: Vec<Heard>) {
        for heard in heard {
            match heard {
                Heard::Reported => self.tell(Event::Reported),
                Heard::Stop { peer, grace } => {
                    self.stoppers.push(peer);
                    self.answer(peer, &ShimAnswer::Stopping);
                    self.tell(Event::Stop { grace });
                    if self.record.is_some() && *self.machine.state() == State::Over {
                        self.tell_stoppers();
                    }
                }
                Heard::Status { peer } => self.answer_status(peer),
                Heard::Tail { peer, bytes } => {
                    let answer = match output::tail(&self.folder, bytes.min(TAIL_MAX)) {
                        Ok((text, seen)) => {
                            ShimAnswer::Tail { text: String::from_utf8_lossy(&text).into_owned(), seen }
                        }
                        Err(error) => ShimAnswer::Refused { why: error.to_string() },
                    };
                    self.answer(peer, &answer);
                }
                Heard::Talk { peer, said } => {
                    if let Some(answer) = self.talk(peer, said) {
                        self.answer(peer, &answer);
                    }
                }
            }
        }
    }

    /// Does what is wanted of an agent that is talked to; gives the answer, where there is one.
    fn talk(&mut self, peer: u64, said: Said) -> Option<ShimAnswer> {
        let (Some(talk), Some(connections)) = (&mut self.talk, &mut self.connections) else {
            return Some(ShimAnswer::Refused { why: "this agent is not talked to".to_owned() });
        };
        let done = match said {
            Said::Follow { from } => talk.follow(from).map(|written| connections.follow(peer, written)),
            Said::Parsed { to } if connections.is_follower(peer) => talk.parsed(to),
            Said::Parsed { .. } => Err("only who follows it says what is parsed".to_owned()),
            Said::Input { id, text, more } => match talk.input(peer, id, text, more)? {
                Ok(repeat) => return Some(ShimAnswer::Taken { id, repeat }),
                Err(why) => Err(why),
            },
            Said::LetGo => {
                talk.say_farewell();
                self.tell(Event::LetGo);
                Ok(())
            }
            Said::Turn { on } => {
                self.tell(Event::Turn(on));
                Ok(())
            }
        };
        done.err().map(|why| ShimAnswer::Refused { why })
    }

    /// Tells who follows what is new.
    pub(super) fn tell_follower(&mut self) {
        if let (Some(talk), Some(connections)) = (&self.talk, &mut self.connections) {
            connections.tell_written(talk.written());
        }
    }

    /// Looks who is still there: to be followed is to be connected to.
    pub(super) fn look_at_company(&mut self) {
        let (Some(talk), Some(connections)) = (&mut self.talk, &self.connections) else { return };
        talk.keep_of(|peer| connections.is_there(peer));
        let followed = connections.is_followed();
        if followed != self.machine.company().followed {
            self.tell(Event::Followed(followed));
        }
        self.tell_follower();
    }

    fn answer_status(&mut self, peer: u64) {
        let (phase, reported) = match self.machine.state() {
            State::Running { leave, .. } => (ShimPhase::Running, leave.is_some_and(|leave| leave.reported)),
            State::Ending { ending, .. } | State::Verifying(ending) | State::Recording { ending, .. } => {
                (ShimPhase::Ending { because: ending.because.clone() }, ending.reported)
            }
            State::Fresh { .. }
            | State::Locked
            | State::Checked
            | State::Refusing(_)
            | State::Marked { .. }
            | State::Over => (ShimPhase::Starting, false),
        };
        let answer = match linux::own_identity() {
            Ok(shim) => ShimAnswer::Status(Box::new(ShimStatus {
                shim,
                agent: self.tree.identity().cloned(),
                phase,
                output: self.output.as_ref().map(OutputFile::count).unwrap_or_default(),
                reported,
                talk: self.talk.as_ref().map(|talk| talk.status(self.machine.company())),
            })),
            Err(error) => ShimAnswer::Refused { why: error.to_string() },
        };
        self.answer(peer, &answer);
    }

    fn answer(&mut self, peer: u64, answer: &ShimAnswer) {
        if let Some(connections) = &mut self.connections {
            connections.answer(peer, answer);
        }
    }
}
