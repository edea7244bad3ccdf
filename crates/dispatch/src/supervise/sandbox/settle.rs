//! What is wanted of an attempt's sandbox, as its adapter and the settings say it, and what that is on this machine.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use wg_agents::{Adapter, Credential, Needs, Place, PlaceAccess, Registry, Sandboxing};

use super::{Asked, Confinement, Here, SandboxConfig};

/// What of a home folder is nobody's but its owner's: keys, and files that hold them.
const KEYS: [&str; 27] = [
    ".Xauthority",
    ".aws",
    ".azure",
    ".bash_history",
    ".cargo/credentials",
    ".cargo/credentials.toml",
    ".config/containers/auth.json",
    ".config/gcloud",
    ".config/gh",
    ".config/hub",
    ".config/op",
    ".config/rclone",
    ".config/sops",
    ".docker",
    ".git-credentials",
    ".gnupg",
    ".kube",
    ".local/share/keyrings",
    ".mozilla",
    ".netrc",
    ".npmrc",
    ".password-store",
    ".pgpass",
    ".pypirc",
    ".ssh",
    ".terraform.d/credentials.tfrc.json",
    ".vault-token",
];

/// What decides about an attempt's sandbox. Nothing of it was looked at yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// What was asked for; never [`Asked::Off`].
    asked: Asked,
    needs: Needs,
    writable: Vec<String>,
    /// Where other programs show that they are logged in.
    logins: Vec<Credential>,
}

impl Wanted {
    /// Of an adapter's agents; none where they are in no sandbox of ours.
    #[must_use]
    pub fn of(adapter: &dyn Adapter, registry: &Registry, config: &SandboxConfig) -> Option<Self> {
        let needs = match (adapter.sandboxing(), config.asked) {
            (Sandboxing::Never | Sandboxing::Own, _) | (_, Asked::Off) => return None,
            (Sandboxing::Named(_), Asked::Auto) => return None,
            (Sandboxing::Always(needs) | Sandboxing::Named(needs), _) => needs,
        };
        let others = registry.iter().filter(|other| other.name() != adapter.name() && !needs.is_anybody);
        let logins = others.flat_map(|other| other.credentials().iter().copied()).collect();
        Some(Self { asked: config.asked, needs, writable: config.writable.clone(), logins })
    }

    /// What that is here; none where no level can be had and none was asked for by name. `variable` is what the
    /// agent's environment holds.
    #[must_use]
    pub fn settle(&self, here: &Here, variable: impl Fn(&str) -> Option<OsString>) -> Option<Confinement> {
        let (level, missing) = match here.reach(self.asked) {
            Ok(level) => (level?, None),
            Err((level, why)) => (level, Some(why)),
        };
        let places = Places { home: absolute(variable("HOME")), variable };
        let own = |wanted: fn(PlaceAccess) -> bool| {
            let places = &places;
            let wanted = self.needs.places.iter().filter(move |place| wanted(place.access));
            wanted.filter_map(move |place| places.of(place)).collect::<Vec<_>>()
        };
        let mut writes = own(|access| matches!(access, PlaceAccess::Writes | PlaceAccess::WritesIfThere));
        let asked: Vec<PathBuf> = self.writable.iter().filter_map(|folder| places.named(folder)).collect();
        let mut hides: Vec<PathBuf> = KEYS.iter().filter_map(|key| places.in_home(key)).collect();
        hides.extend(self.logins.iter().filter_map(|login| places.login(login)));
        let reads: Vec<PathBuf> = self.needs.places.iter().filter_map(|place| places.read(place)).collect();
        // What somebody names, and what it needs itself, is not kept from it.
        hides.retain(|hidden| ![&asked, &writes, &reads].into_iter().any(|open| open.contains(hidden)));
        writes.extend(asked);
        let keeps = own(|access| access == PlaceAccess::Keeps);
        Some(Confinement { level, missing, writes, keeps, hides })
    }

    /// The folders that the program would make for itself, and can't where the folder above is not for it to write.
    #[must_use]
    pub fn makes(&self, variable: impl Fn(&str) -> Option<OsString>) -> Vec<PathBuf> {
        let places = Places { home: absolute(variable("HOME")), variable };
        let made = self.needs.places.iter().filter(|place| place.access == PlaceAccess::Writes);
        made.filter_map(|place| places.of(place)).collect()
    }
}

/// Paths by the variables of an agent.
struct Places<V> {
    home: Option<PathBuf>,
    variable: V,
}

impl<V: Fn(&str) -> Option<OsString>> Places<V> {
    fn in_home(&self, name: &str) -> Option<PathBuf> {
        Some(joined(self.home.as_deref()?, name))
    }

    fn below(&self, variable: Option<&str>, folder: &str, name: &str) -> Option<PathBuf> {
        let given = variable.and_then(|variable| absolute((self.variable)(variable)));
        let folder = given.or_else(|| self.in_home(folder))?;
        Some(joined(&folder, name))
    }

    fn of(&self, place: &Place) -> Option<PathBuf> {
        self.below(place.variable, place.folder, &place.name)
    }

    fn read(&self, place: &Place) -> Option<PathBuf> {
        let PlaceAccess::ReadsWhere(variable) = place.access else { return None };
        (self.variable)(variable).and_then(|_| self.of(place))
    }

    fn login(&self, login: &Credential) -> Option<PathBuf> {
        match login {
            Credential::File { variable, folder, name } => self.below(*variable, folder, name),
            Credential::Variable(_) | Credential::Status(_) => None,
        }
    }

    fn named(&self, folder: &str) -> Option<PathBuf> {
        match folder.strip_prefix("~/") {
            Some(rest) => self.in_home(rest),
            None => absolute(Some(folder.into())),
        }
    }
}

/// A path with no `/` at its end where nothing is joined.
fn joined(folder: &Path, name: &str) -> PathBuf {
    if name.is_empty() { folder.to_owned() } else { folder.join(name) }
}

fn absolute(path: Option<OsString>) -> Option<PathBuf> {
    path.map(PathBuf::from).filter(|path| path.is_absolute())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use wg_agents::{AdapterConfig, ClaudeConfig, Permissions};

    use super::*;
    use crate::supervise::sandbox::Level;

    fn here() -> Here {
        Here { bubblewrap: Ok(()), landlock: Err("no".into()) }
    }

    fn config(asked: Asked, writable: &[&str]) -> SandboxConfig {
        SandboxConfig { asked, writable: writable.iter().map(|&folder| folder.to_owned()).collect() }
    }

    fn settled(adapter: &str, config: &SandboxConfig, variables: &[(&str, &str)]) -> Option<Confinement> {
        let registry = Registry::default();
        let wanted = Wanted::of(registry.get(adapter)?, &registry, config)?;
        let find = |name: &str| variables.iter().find(|(known, _)| *known == name);
        wanted.settle(&here(), |name| find(name).map(|(_, value)| OsString::from(value)))
    }

    #[test]
    fn an_agent_writes_to_what_is_its_own_and_sees_no_keys() {
        let auto = config(Asked::Auto, &["~/.cargo/registry", "/srv/cache", "relative"]);
        let made = settled("claude", &auto, &[("HOME", "/people/ann")]).unwrap();
        assert_eq!((made.level, made.missing.as_deref()), (Level::Bubblewrap, None));
        for written in ["/people/ann/.claude", "/people/ann/.cargo/registry", "/srv/cache"] {
            assert!(made.writes.contains(&written.into()), "{written}: {made:?}");
        }
        assert_eq!(made.writes.len(), 4, "and its cache: {made:?}");
        assert!(made.keeps.contains(&"/people/ann/.claude/settings.json".into()));
        for hidden in [".ssh", ".aws", ".git-credentials", ".codex/auth.json", ".gemini/oauth_creds.json"] {
            assert!(made.hides.contains(&Path::new("/people/ann").join(hidden)), "{hidden}: {made:?}");
        }
        assert!(!made.hides.contains(&"/people/ann/.claude/.credentials.json".into()), "its own login");
    }

    #[test]
    fn variables_say_where_its_own_is() {
        let auto = config(Asked::Auto, &[]);
        let variables = [("HOME", "/people/ann"), ("CLAUDE_CONFIG_DIR", "/srv/claude")];
        let made = settled("claude", &auto, &variables).unwrap();
        assert!(made.writes.contains(&"/srv/claude".into()), "{made:?}");
        let made = settled("opencode", &auto, &variables).unwrap();
        assert!(made.hides.contains(&"/srv/claude/.credentials.json".into()), "{made:?}");
    }

    #[test]
    fn the_login_to_a_provider_is_seen_by_who_uses_it() {
        let auto = config(Asked::Auto, &[]);
        let variables = [("HOME", "/people/ann"), ("CLAUDE_CODE_USE_BEDROCK", "1")];
        let hides =
            |adapter, path: &str| settled(adapter, &auto, &variables).unwrap().hides.contains(&path.into());
        assert!(!hides("claude", "/people/ann/.aws") && hides("claude", "/people/ann/.azure"));
        assert!(hides("gemini", "/people/ann/.aws"));
    }

    #[test]
    fn what_somebody_names_is_not_hidden() {
        let named = config(Asked::Auto, &["~/.config/gh"]);
        let made = settled("gemini", &named, &[("HOME", "/people/ann")]).unwrap();
        assert!(!made.hides.contains(&"/people/ann/.config/gh".into()));
        assert!(made.writes.contains(&"/people/ann/.config/gh".into()));
        // Any program may be behind it, with a login of its own.
        let made = settled("acp", &named, &[("HOME", "/people/ann")]).unwrap();
        assert!(!made.hides.contains(&"/people/ann/.codex/auth.json".into()));
        assert!(made.hides.contains(&"/people/ann/.ssh".into()));
    }

    #[test]
    fn a_level_that_is_named_and_can_not_be_had_is_said() {
        let home = [("HOME", "/people/ann")];
        let made = settled("claude", &config(Asked::Named(Level::Landlock), &[]), &home).unwrap();
        assert_eq!((made.level, made.missing.as_deref()), (Level::Landlock, Some("no")));
        assert_eq!(settled("claude", &config(Asked::Off, &[]), &home), None);
    }

    #[test]
    fn commands_and_codex_are_in_none_and_what_may_do_everything_only_in_a_named_one() {
        for adapter in ["shell", "command", "codex"] {
            assert_eq!(
                settled(adapter, &config(Asked::Named(Level::Bubblewrap), &[]), &[]),
                None,
                "{adapter}"
            );
        }
        let claude = ClaudeConfig { permissions: Permissions::Full, ..ClaudeConfig::default() };
        let registry = Registry::new(AdapterConfig { claude, ..AdapterConfig::default() });
        let wanted = |asked| Wanted::of(registry.get("claude").unwrap(), &registry, &config(asked, &[]));
        assert_eq!(wanted(Asked::Auto), None);
        assert!(wanted(Asked::Named(Level::Bubblewrap)).is_some());
    }
}
