//! Finding what is meant: the graph's folder, and the tasks and attempts that were named or described.

pub mod ignored;
pub mod locate;
pub mod nearest;
pub mod resolve;
pub mod selection;
pub mod worker;
