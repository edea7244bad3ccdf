//! `wg undo`: takes an operation back by a new one.

use std::io::Write;

use serde::Serialize;
use wg_core::command::Command;
use wg_core::id::OpSeq;
use wg_core::submit::Receipt;

use crate::context::Context;
use crate::error::Result;
use crate::telling::history;
use crate::telling::receipt;

/// Take an operation back
///
/// A new operation sets what that one changed back to what it was; it is refused where a later operation changed
/// the same again. What happened (an attempt started, ended) can't be undone. An undo can be undone.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The operation's number; absent: your own last one that can be undone
    #[arg(value_name = "N")]
    operation: Option<u64>,
}

#[derive(Serialize)]
struct Told<'a> {
    undid: Option<OpSeq>,
    summary: &'a str,
    #[serde(flatten)]
    receipt: receipt::Said<'a>,
}

/// Takes it back.
pub fn run(args: Args, ctx: &mut Context) -> Result<()> {
    let receipt = ctx.submit(Command::Undo { operation: args.operation.map(OpSeq) })?;
    let (undid, summary) = undone(ctx, &receipt)?;
    if ctx.out.form.json {
        let receipt = receipt::Said::of(&receipt);
        return Ok(ctx.out.json(&Told { undid, summary: &summary, receipt })?);
    }
    let which = undid.map(|seq| seq.to_string()).unwrap_or_default();
    writeln!(ctx.out, "undid operation {which}: {summary}")?;
    let paint = ctx.out.paint();
    let seq = receipt.operation;
    writeln!(ctx.out, "{}", paint.dim(&format!("operation {seq}; `wg undo {seq}` takes the undo back")))?;
    Ok(())
}

/// Which operation was taken back (a bare undo learns it only now), and what it was.
fn undone(ctx: &mut Context, receipt: &Receipt) -> Result<(Option<OpSeq>, String)> {
    ctx.read(|read| {
        let undid = match read.operation(receipt.operation)?.map(|operation| operation.command) {
            Some(Command::Undo { operation }) => operation,
            _ => None,
        };
        let operation = match undid {
            Some(seq) => read.operation(seq)?,
            None => None,
        };
        let told = operation.map(|operation| history::Told::of(read, operation)).transpose()?;
        Ok((undid, told.map(|told| told.what()).unwrap_or_default()))
    })
}
