//! What an agent program may do without being asked; nobody is there to be asked.

/// It is said for each adapter, never assumed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Permissions {
    /// Edit files below its folder, and run `git` and `wg`.
    #[default]
    Edit,
    /// Anything.
    Full,
}
