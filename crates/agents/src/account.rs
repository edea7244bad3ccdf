//! What an adapter knows of its program's account and of what the program may do: for people who want to know
//! whether it can work before they give it some. Looking is done elsewhere.

/// Where it shows that a program is logged in. None of it costs anything or asks anybody outside this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// This variable is set.
    Variable(&'static str),
    /// This file is there.
    File {
        /// The variable that names its folder, where there is one and it is set.
        variable: Option<&'static str>,
        /// Else its folder, below the home folder.
        folder: &'static str,
        /// Its name in that folder.
        name: &'static str,
    },
    /// The program, called with these arguments, leaves with 0 where it is logged in. Only for programs that answer
    /// from what is on this machine.
    Status(&'static [&'static str]),
}

/// What an adapter's program may do without being asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowed {
    /// The word of the adapter's setting `permissions`, where it has one.
    pub permissions: Option<&'static str>,
    /// What that means.
    pub means: &'static str,
}

impl Allowed {
    /// Whatever it wants.
    pub const ANYTHING: Self =
        Self { permissions: None, means: "whatever it does, as the user who runs the dispatcher" };
}
