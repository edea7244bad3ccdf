//! Imports into graphs that have something already: through `submit`, on every store.

use std::ops::ControlFlow;

use wg_core::command::{Command, NewTask, Patch, SetPatch};
use wg_core::id::{Actor, TaskId};
use wg_core::port::{Page, Store, TaskFilter, TaskOrder};
use wg_core::rejection::Rejection;
use wg_core::submit::{Receipt, SubmitError, submit};
use wg_core::task::Task;
use wg_store::import::{self, ImportError, Imported, Options};
use wg_store::memory::MemoryStore;

use super::options;

/// A graph and a person at it.
struct Graph {
    store: Box<dyn Store>,
    _folder: Option<tempfile::TempDir>,
}

fn graphs() -> [Graph; 2] {
    let folder = tempfile::tempdir().unwrap();
    let sqlite = wg_store::sqlite::create(folder.path()).unwrap();
    [
        Graph { store: Box::new(MemoryStore::new()), _folder: None },
        Graph { store: sqlite, _folder: Some(folder) },
    ]
}

impl Graph {
    fn read(&mut self, text: &str, options: &Options) -> Result<Imported, ImportError> {
        let mut result = None;
        self.store
            .read(&mut |graph| {
                result = Some(import::read(&mut text.as_bytes(), options, Some(graph)));
                Ok(())
            })
            .unwrap();
        result.unwrap()
    }

    fn submit(&mut self, command: Command) -> Result<Receipt, SubmitError> {
        submit(&mut *self.store, &Actor::User("ann".into()), command, options().now)
    }

    fn import(&mut self, text: &str) -> Result<Receipt, SubmitError> {
        let imported = self.read(text, &options()).unwrap();
        self.submit(Command::Import(Box::new(imported.import)))
    }

    fn edit(&mut self, task: &str, patch: Patch) {
        self.submit(Command::Edit { tasks: vec![id(task)], patch: Box::new(patch) }).unwrap();
    }

    fn tasks(&mut self) -> Vec<Task> {
        let mut tasks = Vec::new();
        self.store
            .read(&mut |graph| {
                graph.visit_tasks(&TaskFilter::default(), TaskOrder::Id, Page::ALL, &mut |task| {
                    tasks.push(task);
                    ControlFlow::Continue(())
                })
            })
            .unwrap();
        tasks
    }

    fn task(&mut self, id: &str) -> Task {
        self.tasks().into_iter().find(|task| task.id.as_str() == id).unwrap()
    }

    fn bytes(&mut self) -> String {
        let mut out = Vec::new();
        self.store
            .read(&mut |graph| {
                out.clear();
                wg_store::export::export(graph, &mut out).unwrap();
                Ok(())
            })
            .unwrap();
        String::from_utf8(out).unwrap()
    }
}

fn id(text: &str) -> TaskId {
    TaskId::parse(text).unwrap()
}

/// Tasks with what they come after, as a file.
fn tasks(tasks: &[(&str, &[&str])]) -> String {
    let line =
        |(id, after): &(&str, &[&str])| format!("{{\"kind\":\"task\",\"id\":{id:?},\"after\":{after:?}}}\n");
    tasks.iter().map(line).collect()
}

const EXCERPTS: [&str; 3] = [
    include_str!("../data/wg-elman.jsonl"),
    include_str!("../data/wg-coven-gateway.jsonl"),
    include_str!("../data/beads-issues.jsonl"),
];

#[test]
fn the_same_file_again_changes_nothing() {
    for mut graph in graphs() {
        for text in EXCERPTS {
            graph.import(text).unwrap();
            let before = graph.bytes();
            match graph.import(text).unwrap_err() {
                SubmitError::Rejected(Rejection::Nothing(_)) => {}
                other => panic!("{other}"),
            }
            assert_eq!(graph.bytes(), before);
        }
    }
}

#[test]
fn nothing_that_was_changed_here_is_lost() {
    let [old, new] = ["old", "new"].map(|word| {
        format!(
            "{{\"kind\":\"task\",\"id\":\"a\",\"title\":\"{word} a\",\"description\":\"{word}\"}}\n\
             {{\"kind\":\"task\",\"id\":\"b\",\"title\":\"{word} b\",\"after\":[\"a\"],\"status\":\"done\"}}\n"
        )
    });
    for mut graph in graphs() {
        graph.import(&old).unwrap();
        graph.edit("a", Patch { title: Some("mine".into()), ..Patch::default() });
        let remove = SetPatch { remove: [id("a")].into(), ..SetPatch::default() };
        graph.edit("b", Patch { after: remove, ..Patch::default() });
        graph.submit(Command::Reopen { tasks: vec![id("b")] }).unwrap();
        graph.submit(Command::Add(Box::new(NewTask { title: "Own".into(), ..NewTask::default() }))).unwrap();

        graph.import(&new).unwrap();
        let (a, b) = (graph.task("a"), graph.task("b"));
        assert_eq!((a.title.as_str(), a.description.as_str()), ("mine", "new"));
        assert_eq!((b.title.as_str(), b.after.len(), b.state.is_final()), ("new b", 0, false));
        assert_eq!(graph.task("own").title, "Own");
    }
}

#[test]
fn a_dependency_that_was_turned_round_here_stays_turned() {
    let text = "{\"kind\":\"task\",\"id\":\"a\"}\n{\"kind\":\"task\",\"id\":\"b\",\"after\":[\"a\"]}\n";
    for mut graph in graphs() {
        graph.import(text).unwrap();
        let remove = SetPatch { remove: [id("a")].into(), ..SetPatch::default() };
        graph.edit("b", Patch { after: remove, ..Patch::default() });
        let add = SetPatch { add: [id("b")].into(), ..SetPatch::default() };
        graph.edit("a", Patch { after: add, ..Patch::default() });
        let before = graph.bytes();
        assert!(graph.import(text).is_err(), "nothing to do");
        assert_eq!(graph.bytes(), before);
    }
}

#[test]
fn a_cycle_through_the_graph_opens_at_an_edge_of_the_file() {
    let first = "{\"kind\":\"task\",\"id\":\"a\",\"after\":[\"m\"]}\n{\"kind\":\"task\",\"id\":\"b\",\"after\":[\"a\"]}\n";
    let second = "{\"kind\":\"task\",\"id\":\"m\",\"after\":[\"n\"]}\n{\"kind\":\"task\",\"id\":\"n\",\"after\":[\"b\"]}\n";
    for mut graph in graphs() {
        graph.import(first).unwrap();
        let ImportError::Problems { report } = graph.read(second, &options()).unwrap_err() else { panic!() };
        let problems: Vec<_> = report.problems.first.iter().map(ToString::to_string).collect();
        assert_eq!(problems, ["line 2: coming after b would close a cycle: n -> b -> a -> m -> n"]);
        let options = Options { keep_going: true, ..options() };
        let imported = graph.read(second, &options).unwrap();
        assert_eq!((imported.report.edges.cycles.count, imported.report.edges.missing), (1, 0));
        graph.submit(Command::Import(Box::new(imported.import))).unwrap();
        assert_eq!(graph.task("m").after.len(), 1);
        assert!(graph.task("n").after.is_empty());

        // The same again meets the same cycle and changes nothing.
        let again = graph.read(second, &options).unwrap();
        assert_eq!(again.report.edges.cycles.count, 1);
        assert!(graph.submit(Command::Import(Box::new(again.import))).is_err());
    }
}

#[test]
fn what_is_given_up_leaves_the_rest_as_it_is() {
    let first = tasks(&[("a", &["m"]), ("b", &["a"])]);
    // From `m` the cycle is met first; `p` then walks over what was left there.
    let second = tasks(&[("m", &["n"]), ("n", &["b"]), ("p", &["q"]), ("q", &["r"]), ("r", &["b"])]);
    for mut graph in graphs() {
        graph.import(&first).unwrap();
        let imported = graph.read(&second, &Options { keep_going: true, ..options() }).unwrap();
        let cycles: Vec<_> = imported.report.edges.cycles.first.iter().map(ToString::to_string).collect();
        assert_eq!(cycles, ["n -> b -> a -> m -> n"]);
        graph.submit(Command::Import(Box::new(imported.import))).unwrap();
        assert!(graph.task("r").after.contains(&id("b")));
    }
}

#[test]
fn an_edge_that_is_here_already_is_never_the_one_to_go() {
    let first = tasks(&[("a", &[]), ("b", &["a"])]);
    let second = tasks(&[("a", &["b"]), ("b", &["a"])]);
    for mut graph in graphs() {
        graph.import(&first).unwrap();
        let ImportError::Problems { report } = graph.read(&second, &options()).unwrap_err() else { panic!() };
        assert_eq!(report.edges.cycles.first[0].to_string(), "a -> b -> a");
    }
}

#[test]
fn an_edge_that_was_added_here_counts() {
    let first = tasks(&[("a", &[]), ("b", &[])]);
    let second = tasks(&[("a", &[]), ("b", &["a"])]);
    for mut graph in graphs() {
        graph.import(&first).unwrap();
        let add = SetPatch { add: [id("b")].into(), ..SetPatch::default() };
        graph.edit("a", Patch { after: add, ..Patch::default() });
        let ImportError::Problems { report } = graph.read(&second, &options()).unwrap_err() else { panic!() };
        assert_eq!(report.edges.cycles.first[0].to_string(), "b -> a -> b");
    }
}

#[test]
fn a_small_file_meets_a_cycle_through_a_large_graph() {
    let ids: Vec<String> = (0..60).map(|n| format!("t{n:02}")).collect();
    let chain: String = ids.windows(2).map(|pair| tasks(&[(&pair[1], &[&pair[0]])])).collect::<String>()
        + &tasks(&[("t00", &[])]);
    for mut graph in graphs() {
        graph.import(&chain).unwrap();
        let ImportError::Problems { report } =
            graph.read(&tasks(&[("t00", &["t59"])]), &options()).unwrap_err()
        else {
            panic!()
        };
        let problem = report.problems.first[0].to_string();
        assert!(
            problem.starts_with("line 1: coming after t59 would close a cycle: t00 -> t59 -> t58"),
            "{problem}"
        );
        let fine = graph.read(&tasks(&[("new", &["t59", "gone"])]), &options()).unwrap();
        assert_eq!((fine.report.edges.dependencies, fine.report.edges.missing), (2, 1));
    }
}

#[test]
fn a_task_without_a_time_keeps_the_one_it_got() {
    let text = "{\"kind\":\"task\",\"id\":\"a\",\"status\":\"in-progress\"}\n";
    for mut graph in graphs() {
        graph.import(text).unwrap();
        let later = Options { now: options().now.plus(std::time::Duration::from_secs(60)), ..options() };
        let again = graph.read(text, &later).unwrap();
        assert_eq!(again.import.tasks[0].task.times.created_at, options().now);
        assert!(graph.submit(Command::Import(Box::new(again.import))).is_err(), "nothing to do");
    }
}

#[test]
fn an_import_is_undone_as_one() {
    for mut graph in graphs() {
        let receipt = graph.import(EXCERPTS[2]).unwrap();
        assert_eq!(graph.tasks().len(), 23);
        graph.submit(Command::Undo { operation: Some(receipt.operation) }).unwrap();
        assert!(graph.tasks().is_empty());
    }
}
