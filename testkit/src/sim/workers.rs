//! Simulated agents at work whose output is understood: one turn on their task, told as its prompt, and what is
//! said to them in the middle of it.

use wg_core::attempt::{ExitStatus, Report};
use wg_core::task::Wait;
use wg_dispatch::files::Run;

use super::agents::Act;
use super::handlers::{fork, some_end, unfit};
use super::speech::{self, Failure, Speech, Told};
use super::world::World;

impl World {
    /// What an agent at work does with what it was told.
    pub(super) fn task_turn(&mut self, message: u64) -> Vec<Act> {
        let idle = Act::Listen { at: None };
        if message > 1 {
            // It came when its turn was over: another one.
            return vec![self.uses_tokens(), self.answer_to(Some(message)), idle];
        }
        let mut acts = Vec::new();
        let report = self.some_report();
        let late = self.random.per_mille(150);
        let most = if self.mood.settling { 3 } else { 9 };
        for _ in 0..self.random.below(most) {
            acts.push(self.something());
        }
        acts.extend(report.clone().filter(|_| !late));
        acts.extend(self.random.per_mille(300).then_some(Act::Look));
        acts.extend(self.some_end_of_turn());
        acts.extend(report.filter(|_| late));
        let after = if self.mood.is_kind() { 100 } else { 12 };
        match self.random.weighted(&[after, 2, 2, 1]) {
            0 => {}
            1 => acts.push(Act::Leave(some_end(&mut self.random))),
            2 => acts.extend([self.uses_tokens(), self.answer_to(None)]),
            _ => acts.push(self.uses_tokens()),
        }
        acts.push(idle);
        acts
    }

    pub(super) fn uses_tokens(&mut self) -> Act {
        let most = if self.mood.settling { 2 } else { 30 };
        Act::Say(Speech::Used(self.random.between(1, most)))
    }

    fn something(&mut self) -> Act {
        match self.random.weighted(&[12, 8, 3, 1, 1, 1]) {
            0 => self.uses_tokens(),
            1 => Act::Look,
            2 => self.uses_tool(),
            3 => Act::FileTask,
            4 => fork(&mut self.random),
            _ => Act::IgnoreTerm,
        }
    }

    fn some_report(&mut self) -> Option<Act> {
        let number = self.number();
        let nothing = if self.mood.settling { 1 } else { 6 };
        Some(Act::Report(match self.random.weighted(&[nothing, 8, 4, 2, 1, 1]) {
            0 => return None,
            1 => Report::Done(Some(format!("work {number} is done"))),
            2 => Report::Done(None),
            3 => Report::Failed(format!("work {number} is too hard")),
            4 => Report::Waiting(Wait::Message),
            _ => Report::Waiting(Wait::Person(format!("is {number} right?"))),
        }))
    }

    fn some_end_of_turn(&mut self) -> Vec<Act> {
        let answer = self.answer_to(Some(1));
        if self.mood.settling {
            return vec![answer];
        }
        let told = self.random.per_mille(500);
        let failed = |failure| vec![Act::Say(Speech::Failed { failure, told })];
        let well = if self.mood.is_kind() { 80 } else { 25 };
        match self.random.weighted(&[well, 4, 3, 3, 1, 1, 6, 3, 2]) {
            0 => vec![answer],
            1 => vec![self.answer_to(None)],
            2 => failed(self.some_limit()),
            3 => failed(Failure::Away),
            4 => failed(Failure::Other),
            5 => vec![Act::Say(unfit(&mut self.random))],
            6 => vec![Act::Leave(some_end(&mut self.random))],
            7 => vec![Act::Hang],
            _ => vec![Act::Say(Speech::Half), Act::Leave(ExitStatus::Code(0))],
        }
    }

    /// An agent takes in what was said to it, in the middle of its turn.
    pub(super) fn looks(&mut self, pid: u32, run: Run) {
        let adapter = self.adapter_of(run.attempt);
        let Some(shim) = self.shims.values_mut().find(|shim| shim.is_first(pid)) else { return };
        let Some(pipes) = &mut shim.pipes else { return };
        let lines = std::mem::take(&mut pipes.stdin);
        for line in lines {
            self.trace.note(|| format!("process {pid} of {} reads {line:?}", run.attempt));
            if let Told::Message { number, text, .. } = speech::told(&adapter, Some(&line)) {
                self.oracle.work.read(run.attempt, number, &text);
            }
        }
    }
}
