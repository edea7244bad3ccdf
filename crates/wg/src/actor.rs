//! Who a person at the command line is, and whether it is one: a worker without its door changes nothing.

use std::path::Path;

use wg_core::id::Actor;

use crate::environment::Environment;
use crate::error::{Failure, Result};

/// `WG_ACTOR`, else the login. Agents and dispatchers are known by other means, so nobody can name
/// themselves as one.
pub fn of_person(env: &Environment) -> Result<Actor> {
    match env.var("WG_ACTOR").map(Actor::from) {
        Some(actor @ Actor::User(_)) => Ok(actor),
        Some(actor) => Err(Failure::usage(format!("WG_ACTOR can't be {actor}"))
            .hint("it names a person, as in WG_ACTOR=user:ann")),
        None => Ok(Actor::User(login(env))),
    }
}

fn login(env: &Environment) -> String {
    let own = || {
        let id = rustix::process::getuid().as_raw().to_string();
        let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        let name = accounts.lines().find_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?;
            (fields.nth(1)? == id).then(|| name.to_owned())
        });
        name.unwrap_or(id)
    };
    env.var("USER").or_else(|| env.var("LOGNAME")).unwrap_or_else(own)
}

/// Refuses who carries an attempt's mark or stands in an attempt's folder, but has not come through its
/// door.
pub fn refuse_lost_worker(env: &Environment, graph: &Path) -> Result<()> {
    let inside = env.folder().starts_with(graph.join("attempts"));
    let Some(which) = env.var("WG_ATTEMPT").or_else(|| inside.then(|| "an attempt".to_owned())) else {
        return Ok(());
    };
    Err(Failure::refused(format!("{which} can't change the graph without its door"))
        .because("WG_SOCKET is not set: a worker speaks to its shim through it")
        .hint("keep WG_SOCKET in the environment of the worker's programs")
        .hint("if you are a person: leave the attempt's folder, and unset WG_ATTEMPT"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_can_be_named_and_nobody_else() {
        let named = |name| of_person(&Environment::given([("WG_ACTOR", name), ("USER", "ann")]));
        assert_eq!(named("bea"), Ok(Actor::User("bea".into())));
        assert_eq!(named(""), Ok(Actor::User("ann".into())));
        assert!(named("agent-7").is_err() && named("dispatcher@box").is_err());
    }

    #[test]
    fn a_worker_without_its_door_is_refused() {
        let graph = Path::new("/p/.wg");
        let env = Environment::given([]);
        assert!(refuse_lost_worker(&env, graph).is_ok());
        assert!(refuse_lost_worker(&env.within(Path::new("/p/.wg/attempts/agent-1")), graph).is_err());
        assert!(refuse_lost_worker(&Environment::given([("WG_ATTEMPT", "agent-1.1.x")]), graph).is_err());
    }
}
