//! Which levels can be had on this machine: found out by having them.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use super::{Asked, Level, bubblewrap, landlock};

/// What can be had here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Here {
    /// Whether, or why not.
    pub bubblewrap: Result<(), String>,
    /// Whether signals and abstract sockets are kept from agents too, or why none of it can be had.
    pub landlock: Result<bool, String>,
}

impl Here {
    /// The level that somebody gets who asks so; none where none is wanted, or can be had.
    ///
    /// # Errors
    /// Which level was asked for by name and can't be had, and why.
    pub fn reach(&self, asked: Asked) -> Result<Option<Level>, (Level, String)> {
        match asked {
            Asked::Off => Ok(None),
            Asked::Auto if self.bubblewrap.is_ok() => Ok(Some(Level::Bubblewrap)),
            Asked::Auto if self.landlock.is_ok() => Ok(Some(Level::Landlock)),
            Asked::Auto => Ok(None),
            Asked::Named(level) => match self.why_not(level) {
                None => Ok(Some(level)),
                Some(why) => Err((level, why.to_owned())),
            },
        }
    }

    fn why_not(&self, level: Level) -> Option<&str> {
        match level {
            Level::Bubblewrap => self.bubblewrap.as_ref().err(),
            Level::Landlock => self.landlock.as_ref().err(),
        }
        .map(String::as_str)
    }

    /// What came of asking so, in a line for people.
    #[must_use]
    pub fn told(&self, asked: Asked) -> String {
        let scoped = || match self.landlock {
            Ok(false) => ", which leaves signals to agents in this kernel",
            Ok(true) | Err(_) => "",
        };
        let without = |level| self.why_not(level).unwrap_or_default();
        match self.reach(asked) {
            Ok(Some(Level::Bubblewrap)) => "bubblewrap".to_owned(),
            Ok(Some(Level::Landlock)) if asked == Asked::Auto => {
                format!("landlock{}; no bubblewrap: {}", scoped(), without(Level::Bubblewrap))
            }
            Ok(Some(Level::Landlock)) => format!("landlock{}", scoped()),
            Ok(None) if asked == Asked::Off => "off".to_owned(),
            Ok(None) => format!(
                "none can be had; no bubblewrap: {}; no landlock: {}",
                without(Level::Bubblewrap),
                without(Level::Landlock)
            ),
            Err((level, why)) => format!("{level} was asked for and can't be had: {why}"),
        }
    }
}

/// Finds out what can be had here. That bubblewrap works is remembered; that it does not is found out again, since
/// somebody may install it.
#[must_use]
pub fn probe() -> Here {
    static WORKS: Mutex<bool> = Mutex::new(false);
    let mut works = WORKS.lock().unwrap_or_else(PoisonError::into_inner);
    let bubblewrap = if *works { Ok(()) } else { try_bubblewrap() };
    *works = bubblewrap.is_ok();
    Here { bubblewrap, landlock: landlock::scopes() }
}

/// Where systems keep their programs.
const OF_SYSTEM: [&str; 4] = ["/usr/bin", "/usr/local/bin", "/bin", "/run/current-system/sw/bin"];

/// The program that sets namespaces up: that of the system, else where it is in our `PATH`. A folder of a project may
/// be there too, in which an agent could have put another one.
pub(super) fn bwrap() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let named = std::env::split_paths(&path).filter(|folder| folder.is_absolute());
    let mut folders = OF_SYSTEM.iter().map(PathBuf::from).chain(named);
    folders.find_map(|folder| Some(folder.join("bwrap")).filter(|program| program.is_file()))
}

/// Runs nothing in a sandbox like those of agents. Machines that keep namespaces from users say so here.
fn try_bubblewrap() -> Result<(), String> {
    let program = bwrap().ok_or("the program bwrap is not here")?;
    let mut command = Command::new(program);
    command.args(bubblewrap::AROUND).args(["--", "true"]).stdin(Stdio::null());
    let ran = command.output().map_err(|error| format!("bwrap can't be run: {error}"))?;
    if ran.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&ran.stderr);
    let said = said.lines().next().unwrap_or("it says nothing").trim_start_matches("bwrap: ").to_owned();
    Err(format!("bwrap does not work here: {said}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_is_taken_and_a_named_one_or_none() {
        let no = || Err("no".to_owned());
        let all = Here { bubblewrap: Ok(()), landlock: Ok(true) };
        let only_landlock = Here { bubblewrap: no(), ..all.clone() };
        let nothing = Here { landlock: Err("no".to_owned()), ..only_landlock.clone() };
        let named = Asked::Named;
        for (here, asked, level, told) in [
            (&all, Asked::Auto, Ok(Some(Level::Bubblewrap)), "bubblewrap"),
            (&all, named(Level::Landlock), Ok(Some(Level::Landlock)), "landlock"),
            (&all, Asked::Off, Ok(None), "off"),
            (&only_landlock, Asked::Auto, Ok(Some(Level::Landlock)), "landlock; no bubblewrap: no"),
            (
                &only_landlock,
                named(Level::Bubblewrap),
                Err((Level::Bubblewrap, "no".to_owned())),
                "bubblewrap was asked for and can't be had: no",
            ),
            (&nothing, Asked::Auto, Ok(None), "none can be had; no bubblewrap: no; no landlock: no"),
            (&nothing, Asked::Off, Ok(None), "off"),
        ] {
            assert_eq!(here.reach(asked), level);
            assert_eq!(here.told(asked), told);
        }
    }
}
