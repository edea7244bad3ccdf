//! What an adapter's program bears of a sandbox around it, and which places it has to write to there. Whether one
//! can be had, and what it is made of, is the dispatcher's to find out.

use crate::permissions::Permissions;

/// Whether an adapter's agents are put into a sandbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sandboxing {
    /// Never: what is run is a person's own command.
    Never,
    /// Its program brings one of its own, and none is put around that.
    Own,
    /// Wherever one can be had.
    Always(Needs),
    /// Only in one that was asked for by name: a person has allowed it everything.
    Named(Needs),
}

impl Sandboxing {
    /// Of a program with these permissions.
    pub(crate) fn with(permissions: Permissions, needs: Needs) -> Self {
        match permissions {
            Permissions::Edit => Self::Always(needs),
            Permissions::Full => Self::Named(needs),
        }
    }
}

/// What a program needs of the places outside of its folder, found by running it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// The places.
    pub places: Vec<Place>,
    /// It may be any program, so no other program's login is kept from it.
    pub is_anybody: bool,
}

impl Needs {
    /// These places.
    pub(crate) fn of(places: impl IntoIterator<Item = Place>) -> Self {
        Self { places: places.into_iter().collect(), is_anybody: false }
    }
}

/// A file or folder of a program's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The variable that names the folder it lies in, where there is one and the agent has it.
    pub variable: Option<&'static str>,
    /// Else that folder, below the home folder.
    pub folder: &'static str,
    /// Its name there; empty where it is the folder itself.
    pub name: String,
    /// What is done with it.
    pub access: PlaceAccess,
}

/// What a program does with a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlaceAccess {
    /// It writes there; the folder is made where it is not there.
    Writes,
    /// It writes there, where it is there.
    WritesIfThere,
    /// Its login to a provider lies there, where this variable is set: it only reads that.
    ReadsWhere(&'static str),
    /// It lies in a folder that it writes to, and says what the program does when a person starts it: it only reads
    /// that.
    Keeps,
}

impl Place {
    /// A folder that it writes to.
    pub(crate) fn writes(variable: Option<&'static str>, folder: &'static str, name: &str) -> Self {
        Self { variable, folder, name: name.to_owned(), access: PlaceAccess::Writes }
    }

    /// One that it writes to where it is there.
    pub(crate) fn if_there(variable: Option<&'static str>, folder: &'static str, name: &str) -> Self {
        Self { access: PlaceAccess::WritesIfThere, ..Self::writes(variable, folder, name) }
    }

    /// Several that it only reads.
    pub(crate) fn keeps(
        variable: Option<&'static str>,
        folder: &'static str,
        names: &'static [&'static str],
    ) -> impl Iterator<Item = Self> {
        let keep =
            move |name: &&str| Self { access: PlaceAccess::Keeps, ..Self::writes(variable, folder, name) };
        names.iter().map(keep)
    }

    /// A folder of the home folder with its login to a provider, which it uses where this variable is set.
    pub(crate) fn login(variable: &'static str, folder: &'static str) -> Self {
        Self { access: PlaceAccess::ReadsWhere(variable), ..Self::writes(None, "", folder) }
    }

    /// Where programs keep what is theirs by convention (the XDG base directories), for one of this name.
    pub(crate) fn by_convention(name: &str) -> impl Iterator<Item = Self> {
        [
            Self::writes(Some("XDG_DATA_HOME"), ".local/share", name),
            Self::writes(Some("XDG_STATE_HOME"), ".local/state", name),
            Self::writes(Some("XDG_CONFIG_HOME"), ".config", name),
            Self::writes(Some("XDG_CACHE_HOME"), ".cache", name),
        ]
        .into_iter()
    }
}
