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
    /// The places of the tasks, ordered by id.
    pub order: &'a [usize],
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
    /// The records of the file by place, then `outside`.
    nodes: Vec<Node>,
    outside: Vec<TaskId>,
    outside_by_id: HashMap<TaskId, usize>,
}

/// Finds the edges that must go so that no cycle is left: the same ones whatever the order of the lines.
/// `found` is told each with a way to make its path.
pub(super) fn closing(
    file: &FileTasks<'_>,
    known: &mut Known<'_>,
    found: &mut dyn FnMut(Closing, &dyn Fn() -> CyclePath),
) -> Result<(), StoreError> {
    let nodes = file.ids.iter().map(|_| Node { mark: Mark::New, edges: None }).collect();
    let mut search = Search { file, known, nodes, outside: Vec::new(), outside_by_id: HashMap::new() };
    for &start in file.order {
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
        let on = match to < self.file.ids.len() {
            true => End::Here(to),
            false => End::Elsewhere(self.id(to).clone()),
        };
        let length = way.len() - from;
        let path = || CyclePath::new(length + 1, |n| self.id(way[from + (at - from + n) % length].node));
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
        let file = self.file;
        let ours = file.after.get(node).map_or(&[][..], Vec::as_slice);
        let id = self.id(node).clone();
        let mut edges = Vec::new();
        match self.known.get(&id)?.map(|known| known.after.clone()) {
            None => edges.extend(ours.iter().map(|end| Edge { to: self.node(end), ours: true })),
            // As core merges: the file's dependencies count where nobody changed them here since.
            Some(here)
                if node < file.ids.len() && self.known.imported_after(&id)?.as_ref() == Some(&here) =>
            {
                for end in ours {
                    let to = self.node(end);
                    edges.push(Edge { to, ours: !here.contains(self.id(to)) });
                }
            }
            Some(here) => edges.extend(here.iter().map(|id| Edge { to: self.named(id), ours: false })),
        }
        self.nodes[node].edges = Some(edges);
        Ok(())
    }

    fn id(&self, node: usize) -> &TaskId {
        match self.file.ids.get(node) {
            Some(id) => id.as_ref().expect("only tasks are walked"),
            None => &self.outside[node - self.file.ids.len()],
        }
    }

    fn node(&mut self, end: &End) -> usize {
        match end {
            End::Here(place) => *place,
            End::Elsewhere(id) => self.outside(id),
        }
    }

    fn named(&mut self, id: &TaskId) -> usize {
        match self.file.by_id.get(id) {
            Some(place) if self.file.ids[*place].is_some() => *place,
            _ => self.outside(id),
        }
    }

    fn outside(&mut self, id: &TaskId) -> usize {
        if let Some(node) = self.outside_by_id.get(id) {
            return *node;
        }
        let node = self.nodes.len();
        self.nodes.push(Node { mark: Mark::New, edges: None });
        self.outside.push(id.clone());
        self.outside_by_id.insert(id.clone(), node);
        node
    }
}
