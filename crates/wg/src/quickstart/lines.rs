//! The same for who has no terminal: a line for everything that happens.

use wg_core::time::Timestamp;

use super::picture::seconds;
use super::scene::{Row, Run, Scene, Stand};

/// What has happened between two looks, a line each, in time's order.
#[must_use]
pub fn between(before: &Scene, after: &Scene) -> Vec<String> {
    let Some(began) = after.began() else { return Vec::new() };
    let mut found: Vec<(Timestamp, String)> = Vec::new();
    for row in &after.rows {
        let old = before.rows.iter().find(|old| old.id == row.id);
        let known: &[Run] = old.map_or(&[], |old| &old.runs);
        for (place, run) in row.runs.iter().enumerate() {
            let known = known.get(place);
            if known.is_none() {
                found.push((run.from, format!("{} starts ({})", row.id, run.attempt)));
            }
            if let Some(to) = run.to.filter(|_| known.is_none_or(|known| known.to.is_none())) {
                found.push((to, ended(row, run, to, place + 1 == row.runs.len())));
            }
        }
    }
    found.sort();
    found.into_iter().map(|(at, what)| format!("{:>6}  {what}", seconds(at.since(began)))).collect()
}

fn ended(row: &Row, run: &Run, to: Timestamp, last: bool) -> String {
    let took = seconds(to.since(run.from));
    let said = row.said.as_deref().filter(|_| last).map(|said| format!(": {said}")).unwrap_or_default();
    match (&run.bad, &row.stand) {
        (None, _) => format!("{} done in {took}{said}", row.id),
        (Some(bad), Stand::Again(at)) if last => {
            format!("{} failed, {bad}{said}; again in {}", row.id, seconds(at.since(to)))
        }
        (Some(bad), _) => format!("{} failed, {bad}{said}", row.id),
    }
}

#[cfg(test)]
mod tests {
    use wg_core::id::AttemptRef;

    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_nanos(ms * 1_000_000)
    }

    fn scene(stand: Stand, runs: Vec<Run>, said: Option<&str>) -> Scene {
        let said = said.map(str::to_owned);
        Scene { rows: vec![Row { id: "a".into(), stand, runs, said, filed_by: None }], said: Vec::new() }
    }

    #[test]
    fn each_thing_is_said_once() {
        let run = |to: Option<i64>, bad: bool| Run {
            attempt: AttemptRef(1),
            from: at(0),
            to: to.map(at),
            bad: bad.then(|| "exit 1".into()),
        };
        let (none, runs) =
            (Scene::default(), scene(Stand::Running(AttemptRef(1)), vec![run(None, false)], None));
        assert_eq!(between(&none, &runs), ["  0.0s  a starts (agent-1)"]);
        let failed = scene(Stand::Again(at(1_900)), vec![run(Some(500), true)], Some("not yet"));
        let said = "  0.5s  a failed, exit 1: not yet; again in 1.4s";
        assert_eq!(between(&runs, &failed), [said]);
        assert_eq!(between(&failed, &failed), Vec::<String>::new());
        assert_eq!(between(&none, &failed), ["  0.0s  a starts (agent-1)", said]);
    }
}
