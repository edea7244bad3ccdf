//! Dependency cycles among the tasks of a file and those of the graph that it is imported into. Takes out
//! edges that the file brings, never one that the graph has; walks without recursion.

use std::collections::HashMap;

use wg_core::id::TaskId;
use wg_core::port::StoreError;

use super::edges::End;
use super::known::Known;
use super::problem::CyclePath;

/// A dependency of the file that closes a cycle.
pub(super) struct Closing {
    /// The place of its task.
    pub place: usize,
    /// What the task can't come after.
    pub on: End,
}

/// The tasks of the file, as the search sees them.
pub(super) struct FileTasks<'a> {
    /// Their ids by place; `None` where a record is no task.
    pub ids: &'a [Option<TaskId>],
    /// Where an id stands.
    pub by_id: &'a HashMap<TaskId, usize>,
    /// Their dependencies.
    pub after: &'a [Vec<End>],
}

struct Edge {
    to: usize,
    /// The file brings it; what the graph has already stays.
    ours: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    New,
    /// On the way that is being walked, at this depth.
    Walked(usize),
    Done,
}

struct Node {
    id: Option<TaskId>,
    mark: Mark,
    edges: Option<Vec<Edge>>,
}

struct Step {
    node: usize,
    /// Edges that were taken already.
    taken: usize,
}

struct Search<'a, 'k> {
    file: &'a FileTasks<'a>,
    known: &'a mut Known<'k>,
    nodes: Vec<Node>,
    outside: HashMap<TaskId, usize>,
}

/// Finds the edges that must go so that no cycle is left: the same ones whatever the order of the lines.
/// `found` is told each with a way to make its path.
pub(super) fn closing(
    file: &FileTasks<'_>,
    known: &mut Known<'_>,
    found: &mut dyn FnMut(Closing, &dyn Fn() -> CyclePath),
) -> Result<(), StoreError> {
    let mut order: Vec<usize> = (0..file.ids.len()).filter(|place| file.ids[*place].is_some()).collect();
    order.sort_by(|a, b| file.ids[*a].cmp(&file.ids[*b]));
    let nodes = file.ids.iter().map(|id| Node { id: id.clone(), mark: Mark::New, edges: None }).collect();
    let mut search = Search { file, known, nodes, outside: HashMap::new() };
    for start in order {
        if search.nodes[start].mark == Mark::New {
            search.walk(start, found)?;
        }
    }
    Ok(())
}

impl Search<'_, '_> {
    fn walk(
        &mut self,
        start: usize,
        found: &mut dyn FnMut(Closing, &dyn Fn() -> CyclePath),
    ) -> Result<(), StoreError> {
        let mut way = Vec::new();
        self.enter(start, &mut way)?;
        while let Some(step) = way.last_mut() {
            let node = step.node;
            let edges = self.nodes[node].edges.as_deref().expect("loaded when it was entered");
            let Some(to) = edges.get(step.taken).map(|edge| edge.to) else {
                self.nodes[node].mark = Mark::Done;
                way.pop();
                continue;
            };
            step.taken += 1;
            match self.nodes[to].mark {
                Mark::Done => {}
                Mark::New => self.enter(to, &mut way)?,
                Mark::Walked(from) => self.open(from, &mut way, found),
            }
        }
        Ok(())
    }

    fn enter(&mut self, node: usize, way: &mut Vec<Step>) -> Result<(), StoreError> {
        self.load(node)?;
        self.nodes[node].mark = Mark::Walked(way.len());
        way.push(Step { node, taken: 0 });
        Ok(())
    }

    /// The way from depth `from` to its end is a cycle: gives up the last edge on it that the file brings,
    /// and walks on from that edge's task.
    fn open(
        &mut self,
        from: usize,
        way: &mut Vec<Step>,
        found: &mut dyn FnMut(Closing, &dyn Fn() -> CyclePath),
    ) {
        let edge_at = |step: &Step| {
            let edges = self.nodes[step.node].edges.as_deref().expect("loaded when it was entered");
            &edges[step.taken - 1]
        };
        // The graph by itself has no cycle, so there is one; were there none, the edges stay.
        let Some(at) = (from..way.len()).rev().find(|depth| edge_at(&way[*depth]).ours) else { return };
        let to = edge_at(&way[at]).to;
        let on = match &self.nodes[to].id {
            Some(id) if to >= self.file.ids.len() => End::Elsewhere(id.clone()),
            _ => End::Here(to),
        };
        let length = way.len() - from;
        let nodes = &self.nodes;
        let path = || {
            CyclePath::new(length + 1, |n| {
                let depth = from + (at - from + n) % length;
                nodes[way[depth].node].id.as_ref().expect("only tasks are walked")
            })
        };
        found(Closing { place: way[at].node, on }, &path);
        for step in way.drain(at + 1..) {
            self.nodes[step.node].mark = Mark::New;
        }
    }

    /// Finds the edges of a node when it is entered first.
    fn load(&mut self, node: usize) -> Result<(), StoreError> {
        if self.nodes[node].edges.is_some() {
            return Ok(());
        }
        let id = self.nodes[node].id.clone().expect("only tasks are walked");
        let here = self.known.get(&id)?.map(|known| known.after.clone());
        let ours: Vec<End> = self.file.after.get(node).cloned().unwrap_or_default();
        let mut edges = Vec::new();
        match here {
            None => {
                for end in ours {
                    edges.push(Edge { to: self.node(end), ours: true });
                }
            }
            Some(here) => {
                // As core merges: the file's dependencies count where nobody changed them here since.
                let taken =
                    node < self.file.ids.len() && self.known.imported_after(&id)?.as_ref() == Some(&here);
                if taken {
                    for end in ours {
                        let ours = !here.contains(self.id_of(&end));
                        edges.push(Edge { to: self.node(end), ours });
                    }
                } else {
                    for id in here {
                        edges.push(Edge { to: self.named(id), ours: false });
                    }
                }
            }
        }
        self.nodes[node].edges = Some(edges);
        Ok(())
    }

    fn id_of<'e>(&'e self, end: &'e End) -> &'e TaskId {
        match end {
            End::Here(place) => self.nodes[*place].id.as_ref().expect("edges lead to tasks"),
            End::Elsewhere(id) => id,
        }
    }

    fn node(&mut self, end: End) -> usize {
        match end {
            End::Here(place) => place,
            End::Elsewhere(id) => self.outside(id),
        }
    }

    fn named(&mut self, id: TaskId) -> usize {
        match self.file.by_id.get(&id) {
            Some(place) if self.file.ids[*place].is_some() => *place,
            _ => self.outside(id),
        }
    }

    fn outside(&mut self, id: TaskId) -> usize {
        if let Some(node) = self.outside.get(&id) {
            return *node;
        }
        self.nodes.push(Node { id: Some(id.clone()), mark: Mark::New, edges: None });
        self.outside.insert(id, self.nodes.len() - 1);
        self.nodes.len() - 1
    }
}
