//! New tasks and changed fields.

use std::collections::BTreeSet;

use crate::command::{NewTask, Patch};
use crate::decide::draft::{BUDGETED, refuse_chat};
use crate::decide::{Draft, Refusal, edges};
use crate::id::TaskId;
use crate::rejection::Rejection;
use crate::task::Task;

pub(super) fn add(draft: &mut Draft<'_>, new: NewTask) -> Result<(), Refusal> {
    let title = new.title.trim();
    if title.is_empty() {
        return Err(Rejection::NoTitle.into());
    }
    let id = name(draft, new.id, title)?;
    let mut task = Task::new(id.clone(), title, draft.now);
    // Someone may already come after it: an import keeps edges to tasks that are not there.
    let awaited = !draft.read.dependents(&id)?.is_empty();
    for after in &new.after {
        if awaited || *after == id {
            edges::check(draft, &id, after)?;
        } else if draft.find_task(after)?.is_none() {
            return Err(Rejection::MissingDependency { task: id, missing: after.clone() }.into());
        }
    }
    if let Some(parent) = &new.parent {
        edges::check_parent(draft, &id, parent)?;
    }
    if let Some(origin) = &new.discovered_from {
        draft.task(origin)?;
    }
    task.description = new.description;
    task.priority = new.priority;
    task.tags = new.tags;
    task.skills = new.skills;
    task.after = new.after;
    task.parent = new.parent;
    task.discovered_from = new.discovered_from;
    task.deliverables = new.deliverables;
    task.paths = new.paths;
    task.times.not_before = new.not_before;
    task.run = new.run;
    task.paused = new.paused;
    task.visibility = new.visibility;
    draft.put_task(task);
    Ok(())
}

/// The id of a new task: the given one where it is free, else the title's slug, numbered where it is taken.
fn name(draft: &mut Draft<'_>, given: Option<TaskId>, title: &str) -> Result<TaskId, Refusal> {
    if let Some(id) = given {
        if id.is_internal() {
            return Err(Rejection::Reserved(id).into());
        }
        if draft.find_task(&id)?.is_some() {
            return Err(Rejection::Exists(id).into());
        }
        return Ok(id);
    }
    let slug = TaskId::slug(title);
    if draft.find_task(&slug)?.is_none() {
        return Ok(slug);
    }
    // Doubling, then halving: a thousandth task of one title costs ten look-ups, not a thousand. Numbers
    // need not be without gaps.
    let mut taken = 1;
    let mut free = 2;
    while draft.find_task(&slug.numbered(free))?.is_some() {
        taken = free;
        free = free.saturating_mul(2);
    }
    while free - taken > 1 {
        let middle = taken + (free - taken) / 2;
        if draft.find_task(&slug.numbered(middle))?.is_some() { taken = middle } else { free = middle }
    }
    Ok(slug.numbered(free))
}

pub(super) fn edit(draft: &mut Draft<'_>, tasks: &[TaskId], patch: &Patch) -> Result<(), Refusal> {
    if patch.is_empty() {
        return Err(Rejection::Nothing("no field was named".into()).into());
    }
    let mut changed = BTreeSet::new();
    for id in tasks {
        let before = draft.task(id)?;
        let mut task = before.clone();
        apply(patch, &mut task)?;
        refuse_for_chat(&before, patch)?;
        for after in task.after.difference(&before.after) {
            edges::check(draft, id, after)?;
        }
        if let Some(parent) = task.parent.as_ref().filter(|_| task.parent != before.parent) {
            edges::check_parent(draft, id, parent)?;
        }
        if task != before {
            changed.insert(id.clone());
            draft.put_task(task);
        }
    }
    if changed.is_empty() {
        return Err(Rejection::Nothing("everything is as you ask already".into()).into());
    }
    Ok(())
}

/// What a chat's task is called, and how it is found and run, is the chat's own.
fn refuse_for_chat(task: &Task, patch: &Patch) -> Result<(), Rejection> {
    if patch.run.budget_tokens.is_some() || patch.run.budget_cost.is_some() {
        refuse_chat(task, BUDGETED)?;
    }
    let own = patch.title.is_some()
        || patch.priority.is_some()
        || patch.not_before.is_some()
        || !patch.tags.is_empty()
        || !patch.skills.is_empty()
        || !patch.run.is_empty();
    if own { refuse_chat(task, "edited in that") } else { Ok(()) }
}

fn apply(patch: &Patch, task: &mut Task) -> Result<(), Rejection> {
    let Patch {
        title,
        description,
        priority,
        tags,
        skills,
        after,
        parent,
        deliverables,
        paths,
        not_before,
        run,
        visibility,
    } = patch;
    if let Some(title) = title {
        if title.trim().is_empty() {
            return Err(Rejection::NoTitle);
        }
        title.trim().clone_into(&mut task.title);
    }
    set(&mut task.description, description.as_ref());
    set(&mut task.priority, priority.as_ref());
    tags.apply(&mut task.tags);
    skills.apply(&mut task.skills);
    after.apply(&mut task.after);
    set(&mut task.parent, parent.as_ref());
    set(&mut task.deliverables, deliverables.as_ref());
    set(&mut task.paths, paths.as_ref());
    set(&mut task.times.not_before, not_before.as_ref());
    set(&mut task.run.exec, run.exec.as_ref());
    set(&mut task.run.adapter, run.adapter.as_ref());
    set(&mut task.run.model, run.model.as_ref());
    set(&mut task.run.timeout, run.timeout.as_ref());
    set(&mut task.run.max_attempts, run.max_attempts.as_ref());
    set(&mut task.run.budget.tokens, run.budget_tokens.as_ref());
    set(&mut task.run.budget.cost_micros, run.budget_cost.as_ref());
    set(&mut task.visibility, visibility.as_ref());
    Ok(())
}

fn set<T: Clone>(field: &mut T, value: Option<&T>) {
    if let Some(value) = value {
        field.clone_from(value);
    }
}
