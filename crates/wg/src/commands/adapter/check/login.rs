//! Whether a program is logged in, as far as this machine shows.

use std::path::{Path, PathBuf};

use serde::Serialize;
use wg_agents::{Adapter, Credential};

use super::bounded::{LIMIT, Ran, run};
use crate::environment::Environment;

/// What is known of a program's account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "is", content = "how", rename_all = "kebab-case")]
pub(super) enum Login {
    /// It is logged in, and what shows it.
    Yes(String),
    /// Nothing shows that it is.
    No,
    /// It can't be told, and why.
    Unknown(String),
    /// It needs no account.
    NotNeeded,
}

/// Looks; `program` is where the program is.
pub(super) fn look(adapter: &dyn Adapter, program: Option<&Path>, folder: &Path, env: &Environment) -> Login {
    let credentials = adapter.credentials();
    if credentials.is_empty() {
        return match adapter.is_paid() {
            true => Login::Unknown("this adapter does not say how that shows".to_owned()),
            false => Login::NotNeeded,
        };
    }
    let mut unknown = None;
    for credential in credentials {
        match one(credential, program, folder, env) {
            Login::Yes(how) => return Login::Yes(how),
            Login::Unknown(why) => unknown = Some(why),
            Login::No | Login::NotNeeded => {}
        }
    }
    unknown.map_or(Login::No, Login::Unknown)
}

fn one(credential: &Credential, program: Option<&Path>, folder: &Path, env: &Environment) -> Login {
    match credential {
        Credential::Variable(name) => match env.var(name) {
            Some(_) => Login::Yes(format!("{name} is set")),
            None => Login::No,
        },
        Credential::File { variable, folder, name } => {
            let named = variable.and_then(|variable| env.path(variable));
            let Some(folder) = named.or_else(|| env.path("HOME").map(|home| home.join(folder))) else {
                return Login::Unknown("HOME is not set".to_owned());
            };
            file(&folder.join(name))
        }
        Credential::Status(args) => {
            let Some(program) = program else { return Login::No };
            let called = format!("{} {}", program.file_name().unwrap_or_default().display(), args.join(" "));
            match run(program, args, folder, LIMIT) {
                Ran::Left(status, _) if status.success() => Login::Yes(called),
                Ran::Left(status, _) if status.code() == Some(1) => Login::No,
                Ran::Left(status, _) => Login::Unknown(format!("{called}: {status}")),
                Ran::TooLong => Login::Unknown(format!("{called} did not answer in time")),
                Ran::Not(why) => Login::Unknown(format!("{called}: {why}")),
            }
        }
    }
}

fn file(path: &PathBuf) -> Login {
    match std::fs::metadata(path) {
        Ok(found) if found.is_file() && found.len() > 0 => Login::Yes(path.display().to_string()),
        Ok(_) => Login::No,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Login::No,
        Err(error) => Login::Unknown(format!("{}: {error}", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn looked(credential: Credential, program: Option<&str>, env: &Environment) -> Login {
        one(&credential, program.map(Path::new), Path::new("/"), env)
    }

    #[test]
    fn variables_and_files_show_it() {
        let home = tempfile::tempdir().unwrap();
        let other = tempfile::tempdir().unwrap();
        let env = |more: &[(&'static str, &str)]| {
            let mut all = vec![("HOME", home.path().to_str().unwrap())];
            all.extend_from_slice(more);
            Environment::given(all)
        };
        let variable = Credential::Variable("KEY");
        assert_eq!(looked(variable, None, &env(&[("KEY", "x")])), Login::Yes("KEY is set".into()));
        assert_eq!(looked(variable, None, &env(&[("KEY", "")])), Login::No);
        let auth = Credential::File { variable: Some("THERE"), folder: ".agent", name: "auth.json" };
        assert_eq!(looked(auth, None, &env(&[])), Login::No);
        fs::create_dir(home.path().join(".agent")).unwrap();
        let path = home.path().join(".agent/auth.json");
        fs::write(&path, "").unwrap();
        assert_eq!(looked(auth, None, &env(&[])), Login::No, "nothing is in it");
        fs::write(&path, "{}").unwrap();
        assert_eq!(looked(auth, None, &env(&[])), Login::Yes(path.display().to_string()));
        let elsewhere = [("THERE", other.path().to_str().unwrap())];
        assert_eq!(looked(auth, None, &env(&elsewhere)), Login::No, "the program would not look at home");
        assert!(matches!(looked(auth, None, &Environment::given([])), Login::Unknown(_)));
    }

    #[test]
    fn a_program_that_knows_is_asked() {
        let env = Environment::given([]);
        let asked =
            |script: &'static [&'static str]| looked(Credential::Status(script), Some("/bin/sh"), &env);
        assert_eq!(asked(&["-c", ":"]), Login::Yes("sh -c :".into()));
        assert_eq!(asked(&["-c", "exit 1"]), Login::No);
        assert!(matches!(asked(&["-c", "exit 2"]), Login::Unknown(_)));
        assert_eq!(looked(Credential::Status(&["x"]), None, &env), Login::No);
    }
}
