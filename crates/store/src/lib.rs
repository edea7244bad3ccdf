//! Under construction.
pub mod export;
pub mod import;
