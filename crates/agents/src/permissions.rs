//! What an agent program may do without being asked; nobody is there to be asked.

use crate::account::Allowed;

/// It is said for each adapter, never assumed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Permissions {
    /// Edit files below its folder, and run `git` and `wg`.
    #[default]
    Edit,
    /// Anything.
    Full,
}

impl Permissions {
    /// What these mean for people, of a program which in `edit` may do this much.
    pub(crate) fn allowed(self, edit: &'static str) -> Allowed {
        match self {
            Self::Edit => Allowed { permissions: Some("edit"), means: edit },
            Self::Full => Allowed { permissions: Some("full"), ..Allowed::ANYTHING },
        }
    }
}
