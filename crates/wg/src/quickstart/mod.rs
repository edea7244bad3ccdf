//! The first minute: a small graph in a scratch folder, worked by the dispatcher and shown while it is.
//!
//! `story` is the graph, `scene` what is seen of it at a moment, `picture` how that looks, `screen` how a
//! picture replaces the one before it, `lines` the same for who has no terminal, `scratch` the folder, and
//! `play` brings them together. It looks at the graph only when the store says that it changed.

mod chart;
mod lines;
pub mod picture;
mod play;
pub mod scene;
mod scratch;
mod screen;
pub mod story;
mod styled;

pub use play::{Ending, News, channel, play};
pub use scratch::Scratch;
