//! What must hold when nothing can happen any more.

use wg_agents::Registry;
use wg_core::attempt::AttemptKind;
use wg_core::chat::{Chat, ChatState, Queued};
use wg_core::policy::Policy;
use wg_core::port::Store;
use wg_core::schedule::plan;
use wg_dispatch::dispatcher::policy;
use wg_dispatch::recover::{self, Repair};

use super::host::Role;
use super::world::World;

/// What is not as it should be.
pub(super) fn not_at_rest(world: &mut World) -> Option<String> {
    let chats: Vec<Chat> = world.oracle.chats.chats().cloned().collect();
    if let Some(wrong) = chats.iter().find_map(|chat| chat_not_at_rest(world, chat, &chats)) {
        return Some(wrong);
    }
    for reference in world.oracle.live_attempts() {
        let attempt = world.oracle.attempt(reference)?.clone();
        let serves = chats.iter().any(|chat| chat.handler() == Some(reference));
        if attempt.kind != AttemptKind::Handler || !serves || attempt.stop.is_some() {
            return Some(format!("there is a live attempt: {}", world.about(&attempt)));
        }
    }
    let of_live = |run: Option<wg_dispatch::files::Run>| {
        run.is_some_and(|run| world.oracle.attempt(run.attempt).is_some_and(|attempt| attempt.is_live()))
    };
    let lost = world.host.processes.iter().find(|(pid, process)| match process.role {
        Role::Stranger => false,
        Role::Shim => !of_live(world.shims.get(pid).map(|shim| shim.run)),
        Role::Agent | Role::Child => !of_live(process.run),
    });
    if let Some((pid, process)) = lost {
        return Some(format!("process {pid} is there: {process:?}"));
    }
    if !world.daemon_is_idle() {
        return Some(format!("the dispatcher has something in hand: {}", world.daemon_status()));
    }
    if let Some(repair) = recover::plan(&world.findings()).iter().find(|repair| !repair.is_well()) {
        return Some(format!("doctor would say: {}", Repair::clone(repair)));
    }
    if world.pauses_for_nothing() {
        return Some("the budget of the day is not met, and its pause lasts".to_owned());
    }
    let policy = policy(&world.config, &Registry::new(world.config.adapters.clone()));
    let policy = Policy { max_agents: usize::MAX, ..policy };
    let now = world.wall;
    let mut found = None;
    let mut store = world.store.clone();
    store
        .read(&mut |read| {
            let plan = plan(read, &policy, 0, &mut wg_core::budget::Bucket::default(), now)?;
            found = plan.starts.first().map(|start| format!("{} could start and does not", start.task));
            if let Some(again) = plan.look_again {
                found.get_or_insert(format!("something could start at {again}, and nothing rings then"));
            }
            if let Some(effect) = read.open_effects()?.first() {
                found = Some(format!("an effect is open: {effect:?}"));
            }
            if let Some(task) = read.waits_due(now, 1)?.first() {
                found = Some(format!("{task} waits for what has come"));
            }
            Ok(())
        })
        .expect("memory can be read");
    found
}

fn chat_not_at_rest(world: &World, chat: &Chat, chats: &[Chat]) -> Option<String> {
    let number = chat.number;
    let waits = world.oracle.chats.has_waiting(number);
    let attached = world.chats.consumers.contains_key(&number);
    let live = chats.iter().filter(|chat| chat.handler().is_some()).count();
    match &chat.state {
        ChatState::Dormant if waits || attached => {
            Some(format!("{number} is dormant and wanted (a message waits: {waits})"))
        }
        ChatState::Queued { why: Queued::Slot } if live >= world.config.chats.max_live => None,
        // Only a person, or another configuration, ends such a pause.
        ChatState::Queued { why: Queued::Adapter(None) } if world.is_not_set_up(&chat.run.provider()) => None,
        ChatState::Live { serving } if serving.turn.is_none() && attached && !waits => None,
        ChatState::Archived { .. } if waits => Some(format!("{number} is archived, and a message waits")),
        ChatState::Dormant
        | ChatState::GaveUp { .. }
        | ChatState::Held { .. }
        | ChatState::Archived { .. } => None,
        state => Some(format!("{number} is {state} (attached: {attached}, a message waits: {waits})")),
    }
}
