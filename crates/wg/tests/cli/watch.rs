//! `watch`: operations as they happen.

use testkit::wait_until;

use crate::chain;

#[test]
fn what_happened_is_told_from_any_operation_on() {
    let world = chain();
    let told = world.ok(&["watch", "--since", "2", "-n", "2", "--json"]);
    let verbs: Vec<serde_json::Value> =
        told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(verbs.len(), 2);
    assert_eq!(verbs[0]["operation"]["seq"], 3);
    assert_eq!(verbs[0]["operation"]["tasks"], serde_json::json!(["release"]));
}

#[test]
fn what_happens_is_told_at_once() {
    let world = chain();
    let mut watching = world.start(&["watch", "-n", "2"]);
    // Watching begins with the present: what is written before it does is not told, so write until it tells.
    wait_until("two operations to be told", || {
        world.ok(&["log", "cake", "crumb"]);
        watching.exited().filter(|code| *code == 0).ok_or("still watching")
    });
    assert_eq!(watching.written().matches("log cake: crumb").count(), 2, "{}", watching.written());
}
