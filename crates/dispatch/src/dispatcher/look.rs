//! The one look at the store that a batch of events is worth: what is to be ended, what is to be launched,
//! what may start, what has come due. Its cost follows what is live and what changed, not the graph.

use wg_agents::Stdin;
use wg_agents::prompt::{self, PromptFacts};
use wg_core::attempt::{Attempt, AttemptKind, Outcome, barred};
use wg_core::chat::Chat;
use wg_core::command::ChatCommand;
use wg_core::control::Control;
use wg_core::effect::EffectKind;
use wg_core::id::{AttemptRef, ChatNumber, OpSeq, TaskId};
use wg_core::port::{Message, Read, Store, StoreError};
use wg_core::schedule::{Plan, plan};
use wg_core::task::Task;
use wg_core::time::Timestamp;

use super::Dispatcher;
use super::chats::{ChatsView, Configurations};
use super::event::{HostEffect, Launch, Level};
use super::requests::PRUNE_AFTER;
use super::slot::{Held, Over, Phase, Slot};
use crate::files::{Talk, TalkInput};
use crate::prompt::prompt_facts;
use crate::retention::Prunable;
use crate::supervise::sandbox;

/// Waits that are told over in one batch; the rest follow in the next.
const WAITS: usize = 256;

/// What a look has shown and a commit may follow from.
pub(super) struct Look {
    /// The last operation that it took into account.
    pub(super) read: OpSeq,
    /// What may start.
    pub(super) plan: Plan,
    /// Tasks whose time to wait for has come.
    pub(super) waits: Vec<TaskId>,
    /// What is to be asked about chats.
    pub(super) chats: Vec<ChatCommand>,
}

#[derive(Default)]
struct View {
    read: OpSeq,
    kills: Vec<Attempt>,
    launches: Vec<Wanted>,
    control: Control,
    waits: Vec<TaskId>,
    plan: Plan,
    chats: ChatsView,
    newest: Option<AttemptRef>,
    /// What was said to tasks whose agents hear it, and nobody has read.
    messages: Vec<(AttemptRef, Message)>,
    /// What could not be told, and somebody else has ended meanwhile.
    ended: Vec<AttemptRef>,
}

/// A launch that nothing was done about yet.
struct Wanted {
    attempt: Attempt,
    task: Option<Task>,
    chat: Option<Chat>,
    barred: Option<String>,
    before: Option<Attempt>,
    /// What there is to tell an agent at work that is understood.
    prompt: Option<PromptFacts>,
}

impl Wanted {
    /// The last message that its prompt will say, where it is not noted yet that it was told.
    fn untold(&self) -> Option<u64> {
        let last = self.prompt.as_ref()?.messages.last()?.number;
        (last > self.attempt.progress.told).then_some(last)
    }
}

impl Dispatcher {
    /// Looks, and takes in what follows without a commit. `None` where nothing has changed.
    pub(super) fn look(&mut self, store: &mut dyn Store, now: Timestamp) -> Result<Option<Look>, StoreError> {
        let only_heard = !self.causes.other && !self.has_facts(now);
        let mut seen = None;
        let mut bucket = self.starts;
        store.read(&mut |read| {
            bucket = self.starts;
            let operation = read.last_operation()?;
            seen = if only_heard && operation == self.seen {
                None
            } else {
                Some(self.view(read, operation, &mut bucket, now)?)
            };
            Ok(())
        })?;
        let Some(view) = seen else {
            self.causes.clear();
            return Ok(None);
        };
        self.starts = bucket;
        self.shown.control = view.control;
        self.shown.look_again = view.plan.look_again;
        self.find_programs();
        for ended in view.ended {
            self.slots.remove(&ended);
        }
        for attempt in view.kills {
            self.end_wanted(attempt);
        }
        self.work.to_tell.clear();
        for wanted in view.launches {
            match wanted.untold() {
                // Noted before: who goes on with it later must not tell it again.
                Some(through) => {
                    let Attempt { reference, fence, .. } = wanted.attempt;
                    self.work.to_tell.push((reference, fence, through));
                }
                None => self.launch(wanted, now),
            }
        }
        if let Some(through) = view.newest {
            self.prune(through);
        }
        self.listen_to_work();
        self.tell_messages(view.messages);
        let chats = self.chat_commands(view.chats, now);
        Ok(Some(Look { read: view.read, plan: view.plan, waits: view.waits, chats }))
    }

    fn view(
        &self,
        read: &mut dyn Read,
        operation: OpSeq,
        bucket: &mut wg_core::budget::Bucket,
        now: Timestamp,
    ) -> Result<View, StoreError> {
        let mut view = View { read: operation, ..View::default() };
        for row in read.open_effects()? {
            let reference = row.effect.attempt;
            let slot = self.slots.get(&reference);
            let news = match row.effect.kind {
                EffectKind::Launch => slot.is_none(),
                EffectKind::Kill => slot.is_none_or(|slot| !slot.stop),
            };
            if !news {
                continue;
            }
            let Some((attempt, _)) = read.attempt(reference)? else { continue };
            if attempt.host != self.host || !attempt.is_live() {
                continue;
            }
            match row.effect.kind {
                EffectKind::Launch => {
                    let told = self.is_understood(&attempt);
                    view.launches.push(wanted(read, attempt, told)?);
                }
                EffectKind::Kill => view.kills.push(attempt),
            }
        }
        for (reference, slot) in &self.slots {
            if matches!(slot.phase, Phase::Unknown { .. })
                && !read.attempt(*reference)?.is_some_and(|(attempt, _)| attempt.is_live())
            {
                view.ended.push(*reference);
            }
        }
        // What was never launched is not ended twice: its launch finds it barred.
        let launches: Vec<AttemptRef> = view.launches.iter().map(|wanted| wanted.attempt.reference).collect();
        view.kills.retain(|attempt| !launches.contains(&attempt.reference));
        for (attempt, task) in self.hearers() {
            let messages = read.messages_of(&task)?.into_iter().filter(|message| message.read_by.is_none());
            view.messages.extend(messages.map(|message| (attempt, message)));
        }
        view.control = read.control()?.0;
        view.waits = read.waits_due(now, WAITS)?;
        match &self.leaving {
            None => {}
            // They stay as they are, for the next dispatcher.
            Some(leaving) if !leaving.kill_agents => {
                view.launches
                    .retain(|wanted| wanted.attempt.kind == AttemptKind::Handler && !leaving.keep_chats);
                for wanted in &mut view.launches {
                    wanted.barred.get_or_insert_with(|| "the dispatcher was stopped".into());
                }
            }
            Some(_) => {
                for wanted in &mut view.launches {
                    wanted.barred.get_or_insert_with(|| "the dispatcher was stopped".into());
                }
            }
        }
        if self.leaving.is_none() {
            let taken =
                |(reference, slot): &(&AttemptRef, &Slot)| slot.is_taken() && !view.ended.contains(reference);
            let work = |attempt: &Attempt| attempt.kind == AttemptKind::Work;
            let live = self.slots.iter().filter(taken).filter(|(_, slot)| !slot.is_handler()).count();
            let launches = view.launches.iter().filter(|wanted| work(&wanted.attempt)).count();
            let running = live + launches + view.kills.iter().filter(|attempt| work(attempt)).count();
            view.plan = plan(read, &self.policy, running, bucket, now)?;
        }
        let configurations = Configurations { ask: self.causes.programs, found: self.causes.found };
        view.chats = self.chats.view(read, configurations, now)?;
        if self.ended_since_prune >= PRUNE_AFTER {
            view.newest = Some(read.last_attempt()?);
        }
        Ok(view)
    }

    fn launch(&mut self, wanted: Wanted, now: Timestamp) {
        let Wanted { attempt, task, chat, barred, before, prompt } = wanted;
        let reference = attempt.reference;
        let barred = barred.or_else(|| task.is_none().then(|| "its task is gone".to_owned()));
        let phase = match (barred, task) {
            (None, Some(task)) => match self.launch_of(&task, chat.as_ref(), prompt.as_ref(), &attempt) {
                Err(seen) => Phase::Over(Over { seen, at: now }),
                Ok(launch) => {
                    self.log(Level::Info, format!("{reference} starts on {}", attempt.task));
                    self.first(before, launch)
                }
            },
            (barred, _) => {
                // Gone for sure all the same: a shim of an earlier dispatcher may be about to look.
                self.out.push(HostEffect::End(Box::new(attempt.clone())));
                Phase::Ending(barred)
            }
        };
        let understood = self.is_understood(&attempt);
        self.slots.insert(reference, Slot::new(attempt, phase, understood));
    }

    /// Starts what is to be launched, but not before its predecessor is gone.
    fn first(&mut self, before: Option<Attempt>, launch: Launch) -> Phase {
        match before {
            None => {
                self.out.push(HostEffect::Spawn(Box::new(launch)));
                Phase::Spawning
            }
            Some(before) => {
                self.out.push(HostEffect::End(Box::new(before.clone())));
                Phase::Clearing(Box::new(Held { before, launch }))
            }
        }
    }

    fn launch_of(
        &mut self,
        task: &Task,
        chat: Option<&Chat>,
        prompt: Option<&PromptFacts>,
        attempt: &Attempt,
    ) -> Result<Launch, Outcome> {
        let adapter = self.registry.get(&attempt.adapter).ok_or_else(|| Outcome::Configuration {
            reason: format!("there is no adapter {} here", attempt.adapter),
        })?;
        let command = match chat {
            // What can't be served at all is no failure of the one who would serve it.
            Some(chat) => adapter
                .launch_chat(&Self::facts_of(chat))
                .map_err(|unlaunchable| Outcome::Configuration { reason: unlaunchable.to_string() })?,
            None => adapter
                .launch(task, attempt)
                .map_err(|unlaunchable| Outcome::Failed { reason: unlaunchable.to_string() })?,
        };
        let farewell = adapter.farewell();
        let sandbox = sandbox::Wanted::of(adapter, &self.registry, &self.config.sandbox);
        let talk = match (chat, command.stdin) {
            (Some(_), _) => {
                Some(Talk { farewell, turn_limit: self.config.chats.turn_timeout, ..Talk::default() })
            }
            (None, Stdin::Nothing) => None,
            (None, Stdin::Prompt) => Some(Talk::at_work(farewell, TalkInput::Prompt)),
            (None, Stdin::Talk) => Some(Talk::at_work(farewell, TalkInput::Open)),
        };
        let prompt = prompt.map(|facts| self.prompt(facts, attempt.reference)).transpose()?;
        Ok(Launch {
            attempt: attempt.clone(),
            command,
            timeout: if chat.is_some() { None } else { attempt.timeout.or(self.config.timeout) },
            talk,
            prompt,
            kill_grace: self.config.kill_grace,
            output_cap: self.config.output_cap,
            env_pass: self.config.env_pass.clone(),
            sandbox,
        })
    }

    /// What an agent is told. A template of the graph's owner that does not work for this task keeps it from
    /// nothing: the built-in one does.
    fn prompt(&mut self, facts: &PromptFacts, attempt: AttemptRef) -> Result<String, Outcome> {
        let own = prompt::render(self.config.prompt_template.as_deref(), facts);
        own.or_else(|error| {
            self.log(Level::Warn, format!("{attempt} gets the built-in prompt: prompt.template: {error}"));
            prompt::render(None, facts)
        })
        .map_err(|error| Outcome::Failed { reason: format!("its prompt can't be made: {error}") })
    }

    fn find_programs(&mut self) {
        let paused = &self.shown.control.adapters;
        let unknown = |name: &str| !self.configurations.contains_key(name);
        let stuck =
            |name: &str| self.causes.programs && paused.get(name).is_some_and(|pause| pause.until.is_none());
        let names: Vec<(String, String)> = self
            .registry
            .iter()
            .filter(|adapter| unknown(adapter.name()) || stuck(adapter.name()))
            .map(|adapter| (adapter.name().to_owned(), adapter.program().to_owned()))
            .collect();
        self.causes.programs = false;
        self.causes.found = false;
        if !names.is_empty() && !self.causes.asked {
            self.causes.asked = true;
            self.out.push(HostEffect::FindPrograms(names));
        }
    }

    fn prune(&mut self, through: AttemptRef) {
        self.ended_since_prune = 0;
        let prunable = Prunable { live: self.slots.keys().copied().collect(), through };
        self.out.push(HostEffect::Prune { prunable, retention: self.config.retention });
    }
}

fn wanted(read: &mut dyn Read, attempt: Attempt, told: bool) -> Result<Wanted, StoreError> {
    let barred = barred(read, attempt.reference, attempt.fence)?;
    let task = read.task(&attempt.task)?.map(|(task, _)| task);
    let chat = match ChatNumber::of_task(&attempt.task).filter(|_| attempt.kind == AttemptKind::Handler) {
        Some(number) => read.chat(number)?.map(|(chat, _)| chat),
        None => None,
    };
    // A handler is only decided once the one before it has ended with its whole tree.
    let before = match attempt.number {
        _ if chat.is_some() => None,
        0 | 1 => None,
        number => read.attempts_of(&attempt.task)?.into_iter().find(|other| other.number == number - 1),
    };
    let prompt = match task.as_ref().filter(|_| told && chat.is_none() && barred.is_none()) {
        Some(task) => Some(prompt_facts(read, task, &attempt)?),
        None => None,
    };
    Ok(Wanted { attempt, task, chat, barred, before, prompt })
}
