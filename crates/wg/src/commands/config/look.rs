//! `wg config list`, `get`, `explain` and `path`.

use std::io::Write;
use std::path::PathBuf;

use serde::Serialize;

use crate::config::{ALL, Config, Layer, Setting, Value};
use crate::context::Context;
use crate::error::Result;
use crate::output::style::Tone;
use crate::output::{Cell, Column, Table, text};

/// A setting, and the value of one layer.
#[derive(Serialize)]
pub(super) struct Line<'a> {
    key: &'a str,
    value: Option<&'a Value>,
    origin: Option<String>,
}

#[derive(Serialize)]
struct Lines<'a> {
    settings: Vec<Line<'a>>,
}

#[derive(Serialize)]
struct Explained<'a> {
    key: &'a str,
    takes: String,
    doc: &'a str,
    variable: String,
    layers: Vec<Line<'a>>,
}

#[derive(Serialize)]
struct Paths {
    files: Vec<PathBuf>,
}

/// A setting and what a layer gives it.
pub(super) fn line<'a>(setting: &'a Setting, layer: Option<&'a Layer>) -> Line<'a> {
    let origin = layer.map(|layer| layer.origin.to_string());
    Line { key: setting.key, value: layer.map(|layer| &layer.value), origin }
}

/// Lists them all.
pub(super) fn list(config: &Config, ctx: &mut Context) -> Result<()> {
    if ctx.out.form.json {
        let settings = ALL.into_iter().map(|setting| line(setting, config.holds(setting))).collect();
        return Ok(ctx.out.json(&Lines { settings })?);
    }
    let columns = [Column::fixed("KEY"), Column::flexible("VALUE", 8), Column::flexible("FROM", 8).leaves(1)];
    let mut table = Table::new(columns);
    for setting in ALL {
        let (value, origin) = config
            .holds(setting)
            .map(|layer| (layer.value.to_string(), layer.origin.to_string()))
            .unwrap_or_default();
        let tone = if origin == "default" { Tone::Dim } else { Tone::Plain };
        table.row([Cell::new(setting.key, Tone::Cyan), Cell::new(value, tone), Cell::new(origin, Tone::Dim)]);
    }
    Ok(ctx.out.table(&table)?)
}

/// Prints one value.
pub(super) fn get(config: &Config, setting: &'static Setting, ctx: &mut Context) -> Result<()> {
    let layer = config.holds(setting);
    if ctx.out.form.json {
        return Ok(ctx.out.json(&line(setting, layer))?);
    }
    let value = layer.map(|layer| layer.value.to_string()).unwrap_or_default();
    Ok(writeln!(ctx.out, "{value}")?)
}

/// Says all there is to say of one.
pub(super) fn explain(config: &Config, setting: &'static Setting, ctx: &mut Context) -> Result<()> {
    let layers = config.layers(setting);
    if ctx.out.form.json {
        return Ok(ctx.out.json(&Explained {
            key: setting.key,
            takes: setting.kind.to_string(),
            doc: setting.doc,
            variable: setting.variable(),
            layers: layers.iter().map(|layer| line(setting, Some(layer))).collect(),
        })?);
    }
    let paint = ctx.out.paint();
    for part in text::wrap(&format!("{}: {}", setting.key, setting.doc), ctx.out.form.width) {
        writeln!(ctx.out, "{part}")?;
    }
    writeln!(
        ctx.out,
        "{}",
        paint.dim(&format!("takes a {}; environment: {}", setting.kind, setting.variable()))
    )?;
    if layers.is_empty() {
        return Ok(writeln!(ctx.out, "it is not set")?);
    }
    let mut table =
        Table::new([Column::flexible("VALUE", 8), Column::flexible("FROM", 8), Column::fixed("")]);
    for (n, layer) in layers.iter().enumerate() {
        let holds = n + 1 == layers.len();
        let (tone, word) = if holds { (Tone::Bold, "holds") } else { (Tone::Dim, "") };
        let value = Cell::new(layer.value.to_string(), tone);
        table.row([value, Cell::new(layer.origin.to_string(), Tone::Dim), Cell::new(word, Tone::Green)]);
    }
    Ok(ctx.out.table(&table)?)
}

/// Prints the files that are read.
pub(super) fn path(files: Vec<PathBuf>, ctx: &mut Context) -> Result<()> {
    if ctx.out.form.json {
        return Ok(ctx.out.json(&Paths { files })?);
    }
    files.iter().try_for_each(|path| Ok(writeln!(ctx.out, "{}", path.display())?))
}
