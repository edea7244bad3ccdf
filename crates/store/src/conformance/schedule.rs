//! What may start, in which order, and when to look again.

use std::ops::ControlFlow;

use wg_core::port::{Page, ReadyQuery, Store, TagFilter, TaskFilter, TaskOrder};
use wg_core::task::{Priority, Task, TaskState, Wait};
use wg_core::time::Timestamp;
use wg_core::usage::Cap;

use super::{Backend, after, ann, at, command, id, read, suite, task, write};

suite!(
    older_and_more_important_tasks_go_first,
    lanes_are_told_apart,
    tags_are_asked_for_and_left_out,
    a_task_with_nothing_left_of_its_budget_is_not_ready,
    a_task_whose_time_is_to_come_is_not_ready_whatever_the_clock_did_before,
    the_next_time_is_that_of_what_only_time_holds_back,
    waits_are_found_by_time_and_by_task,
);

fn ready(store: &mut dyn Store, lane: Option<Option<&str>>, now: Timestamp, limit: usize) -> String {
    let query =
        ReadyQuery { lane: lane.map(|lane| lane.map(str::to_owned)), tags: TagFilter::default(), now, limit };
    let tasks = read(store, |view| view.ready(&query));
    tasks.iter().map(|task| task.id.as_str()).collect::<Vec<_>>().join(" ")
}

fn not_before(name: &str, second: i64) -> Task {
    let mut task = task(name);
    task.times.not_before = Some(at(second));
    task
}

fn older_and_more_important_tasks_go_first<B: Backend>() {
    let backend = B::new();
    let mut store = backend.handle();
    let (mut old, mut young, mut urgent) = (task("y-old"), task("x-young"), task("z-urgent"));
    old.times.created_at = at(1);
    young.times.created_at = at(2);
    urgent.times.created_at = at(3);
    urgent.priority = Priority::CRITICAL;
    let mut paused = task("paused");
    paused.paused = true;
    write(&mut *store, |view| {
        for task in [&old, &young, &urgent, &paused, &after("blocked", &["y-old"])] {
            view.put_task(task)?;
        }
        Ok(())
    });
    assert_eq!(ready(&mut *store, None, at(5), 9), "z-urgent y-old x-young");
    assert_eq!(ready(&mut *store, None, at(5), 2), "z-urgent y-old");
    assert_eq!(ready(&mut *store, None, at(5), 0), "");
    let mut twin = task("a-twin");
    twin.times.created_at = at(1);
    write(&mut *store, |view| view.put_task(&twin));
    assert_eq!(ready(&mut *store, None, at(5), 3), "z-urgent a-twin y-old", "ids decide between equals");
}

fn lanes_are_told_apart<B: Backend>() {
    let backend = B::new();
    let mut store = backend.handle();
    let (mut command, mut model) = (task("b"), task("c"));
    command.run.exec = Some("true".into());
    model.run.model = Some("claude:opus".into());
    write(&mut *store, |view| {
        view.put_task(&task("a"))?;
        view.put_task(&command)?;
        view.put_task(&model)
    });
    assert_eq!(ready(&mut *store, None, at(5), 9), "a b c");
    assert_eq!(ready(&mut *store, Some(None), at(5), 9), "a");
    assert_eq!(ready(&mut *store, Some(Some("shell")), at(5), 9), "b");
    assert_eq!(ready(&mut *store, Some(Some("claude")), at(5), 9), "c");
    assert_eq!(ready(&mut *store, Some(Some("codex")), at(5), 9), "");
    let lanes = read(&mut *store, |view| view.lanes());
    assert_eq!(lanes, [None, Some("claude".to_owned()), Some("shell".to_owned())]);
    command.state = TaskState::Done;
    write(&mut *store, |view| view.put_task(&command));
    assert_eq!(read(&mut *store, |view| view.lanes()), [None, Some("claude".to_owned())]);
}

fn tags_are_asked_for_and_left_out<B: Backend>() {
    let backend = B::new();
    let mut store = backend.handle();
    let tagged = |name: &str, tags: &[&str]| {
        let mut task = task(name);
        task.tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
        task
    };
    let mut due = tagged("due", &["x"]);
    due.times.not_before = Some(at(9));
    write(&mut *store, |view| {
        for task in [&tagged("none", &[]), &tagged("x", &["x"]), &tagged("xy", &["x", "y"]), &due] {
            view.put_task(task)?;
        }
        view.put_task(&tagged("q", &["it's \"so\""]))
    });
    for (any, none, limit, expected) in [
        (&[][..], &[][..], 9, "due none q x xy"),
        (&["x"], &[], 9, "due x xy"),
        (&["x", "y"], &[], 9, "due x xy"),
        (&["x"], &["y"], 9, "due x"),
        (&[], &["x"], 9, "none q"),
        (&[], &["y", "it's \"so\""], 9, "due none x"),
        (&["it's \"so\""], &["x"], 9, "q"),
        (&["z"], &[], 9, ""),
        (&["y"], &[], 1, "xy"),
    ] {
        let owned = |tags: &[&str]| tags.iter().map(|tag| (*tag).to_owned()).collect();
        let tags = TagFilter { any: owned(any), none: owned(none) };
        let query = ReadyQuery { lane: Some(None), tags, now: at(9), limit };
        let found = read(&mut *store, |view| view.ready(&query));
        let names = found.iter().map(|task| task.id.as_str()).collect::<Vec<_>>().join(" ");
        assert_eq!(names, expected, "{any:?} {none:?}");
    }
}

fn a_task_with_nothing_left_of_its_budget_is_not_ready<B: Backend>() {
    let backend = B::new();
    let mut store = backend.handle();
    let mut spent = not_before("spent", 3);
    spent.run.budget.tokens = Some(100);
    spent.history.used.input = 100;
    let mut blocked = after("blocked", &["spent"]);
    blocked.run.budget = Cap { tokens: None, cost_micros: Some(5) };
    blocked.history.used.cost_micros = Some(6);
    write(&mut *store, |view| {
        view.put_task(&spent)?;
        view.put_task(&blocked)?;
        view.put_task(&task("free"))
    });
    assert_eq!(ready(&mut *store, None, at(9), 9), "free");
    assert_eq!(read(&mut *store, |view| view.next_due(at(1))), None, "time does not help");
    let counts = read(&mut *store, |view| view.counts());
    assert_eq!((counts.ready(), counts.used_up(), counts.blocked(), counts.total()), (1, 1, 1, 3));
    let used_up = TaskFilter { used_up: Some(true), ..TaskFilter::default() };
    let listed = |store: &mut dyn Store| {
        let mut found = Vec::new();
        read(store, |view| {
            view.visit_tasks(&used_up, TaskOrder::Id, Page::ALL, &mut |task| {
                found.push(task.id.to_string());
                ControlFlow::Continue(())
            })
        });
        found
    };
    assert_eq!(listed(&mut *store), ["blocked", "spent"]);
    // Done all the same, it lets go what comes after it, which has nothing left either.
    spent.state = TaskState::Done;
    write(&mut *store, |view| view.put_task(&spent));
    assert_eq!(ready(&mut *store, None, at(9), 9), "free");
    assert_eq!(listed(&mut *store), ["blocked"]);
    for (most, expected) in [(7, "blocked free"), (6, "free")] {
        blocked.run.budget.cost_micros = Some(most);
        write(&mut *store, |view| view.put_task(&blocked));
        assert_eq!(ready(&mut *store, None, at(9), 9), expected, "{most}");
    }
    assert_eq!(backend.faults(), Vec::<String>::new());
}

fn a_task_whose_time_is_to_come_is_not_ready_whatever_the_clock_did_before<B: Backend>() {
    let backend = B::new();
    let mut store = backend.handle();
    write(&mut *store, |view| {
        view.put_task(&not_before("later", 10))?;
        view.put_task(&task("now"))
    });
    assert_eq!(ready(&mut *store, None, at(9), 9), "now");
    assert_eq!(ready(&mut *store, None, at(10), 9), "later now");
    for (now, expected) in [(20, "later now"), (5, "now"), (15, "later now")] {
        // The clock of an operation is set forward and back.
        store.write(&mut |view| view.begin_operation(at(now), &ann(), &command()).map(drop)).unwrap();
        assert_eq!(ready(&mut *store, None, at(now), 9), expected, "at {now}");
        assert_eq!(ready(&mut *store, None, at(9), 9), "now");
    }
    assert_eq!(backend.faults(), Vec::<String>::new());
}

fn the_next_time_is_that_of_what_only_time_holds_back<B: Backend>() {
    let backend = B::new();
    let mut store = backend.handle();
    let mut blocked = not_before("blocked", 3);
    blocked.after.insert(id("b"));
    let mut paused = not_before("paused", 4);
    paused.paused = true;
    let mut waiting = task("waiting");
    waiting.state = TaskState::Waiting { on: Wait::Until(at(12)) };
    write(&mut *store, |view| {
        for task in [&not_before("a", 10), &not_before("b", 11), &blocked, &paused, &waiting] {
            view.put_task(task)?;
        }
        Ok(())
    });
    for (now, expected) in [(1, Some(10)), (10, Some(11)), (11, Some(12)), (12, None)] {
        assert_eq!(read(&mut *store, |view| view.next_due(at(now))), expected.map(at), "at {now}");
    }
}

fn waits_are_found_by_time_and_by_task<B: Backend>() {
    let backend = B::new();
    let mut store = backend.handle();
    let wait = |name: &str, on: Wait| {
        let mut task = task(name);
        task.state = TaskState::Waiting { on };
        task
    };
    write(&mut *store, |view| {
        view.put_task(&wait("a", Wait::Until(at(9))))?;
        view.put_task(&wait("b", Wait::Until(at(8))))?;
        view.put_task(&wait("c", Wait::Task(id("x"))))?;
        view.put_task(&wait("d", Wait::Message))
    });
    assert_eq!(read(&mut *store, |view| view.waits_due(at(7), 9)), []);
    assert_eq!(read(&mut *store, |view| view.waits_due(at(8), 9)), [id("b")]);
    assert_eq!(read(&mut *store, |view| view.waits_due(at(9), 9)), [id("b"), id("a")]);
    assert_eq!(read(&mut *store, |view| view.waits_due(at(9), 1)), [id("b")]);
    assert_eq!(read(&mut *store, |view| view.waiting_for(&id("x"))), [id("c")]);
    write(&mut *store, |view| view.put_task(&task("c")));
    assert_eq!(read(&mut *store, |view| view.waiting_for(&id("x"))), []);
}
