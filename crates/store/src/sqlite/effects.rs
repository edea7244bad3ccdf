//! `effects`: what is to be done in the world, and who has it.

use rusqlite::{OptionalExtension, Row, params};
use wg_core::effect::{Effect, EffectKind, EffectRow, EffectState};
use wg_core::id::{AttemptRef, Fence};

use super::trouble::Trouble;
use super::view::View;
use crate::codec;

const COLUMNS: &str = "attempt, kind, fence, state, host, sum";

/// Of the whole row.
fn sum(effect: &Effect, state: &EffectState) -> i64 {
    let (number, host) = codec::effect_state(state);
    codec::sum(&[
        &effect.attempt.0.to_le_bytes(),
        &codec::effect_kind(effect.kind).to_le_bytes(),
        &effect.fence.0.to_le_bytes(),
        &number.to_le_bytes(),
        host.unwrap_or_default().as_bytes(),
    ])
}

fn effect(row: &Row<'_>) -> Result<EffectRow, Trouble> {
    let kind = codec::effect_kind_of(row.get(1)?);
    let state = codec::effect_state_of(row.get(3)?, row.get(4)?);
    let (Some(kind), Some(state)) = (kind, state) else {
        return Err(Trouble::nonsense("an effect is of no kind or in no state that there is"));
    };
    let (attempt, fence) = (AttemptRef(row.get(0)?), Fence(row.get(2)?));
    let effect = Effect { kind, attempt, fence };
    if row.get::<_, i64>(5)? != sum(&effect, &state) {
        return Err(Trouble::nonsense("an effect is not as it was written: its sum differs"));
    }
    Ok(EffectRow { effect, state })
}

impl View<'_> {
    pub(super) fn read_open_effects(&self) -> Result<Vec<EffectRow>, Trouble> {
        self.effects_of("INDEXED BY effects_open WHERE state < 2")
    }

    /// The settled ones too, which only a check wants.
    pub(super) fn read_all_effects(&self) -> Result<Vec<EffectRow>, Trouble> {
        self.effects_of("")
    }

    fn effects_of(&self, which: &str) -> Result<Vec<EffectRow>, Trouble> {
        let sql = format!("SELECT {COLUMNS} FROM effects {which} ORDER BY attempt, kind");
        let mut statement = self.statement(&sql)?;
        let mut rows = statement.query([])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(effect(row)?);
        }
        Ok(found)
    }

    pub(super) fn read_effect(
        &self,
        attempt: AttemptRef,
        kind: EffectKind,
    ) -> Result<Option<EffectRow>, Trouble> {
        let sql = format!("SELECT {COLUMNS} FROM effects WHERE attempt = ?1 AND kind = ?2");
        let params = params![attempt.0.cast_signed(), codec::effect_kind(kind)];
        self.statement(&sql)?.query_row(params, |row| Ok(effect(row))).optional()?.transpose()
    }

    pub(super) fn write_effect(&self, effect: &Effect, state: &EffectState) -> Result<(), Trouble> {
        self.current()?;
        let (number, host) = codec::effect_state(state);
        self.statement(
            "INSERT INTO effects (attempt, kind, fence, state, host, sum) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
             ON CONFLICT (attempt, kind) DO UPDATE SET fence = excluded.fence, state = excluded.state, \
             host = excluded.host, sum = excluded.sum WHERE state < 2",
        )?
        .execute(params![
            effect.attempt.0.cast_signed(),
            codec::effect_kind(effect.kind),
            effect.fence.0.cast_signed(),
            number,
            host,
            sum(effect, state),
        ])?;
        Ok(())
    }

    pub(super) fn free_claims(&self, host: &str) -> Result<(), Trouble> {
        self.current()?;
        let claimed = |row: &EffectRow| matches!(&row.state, EffectState::Claimed(by) if by == host);
        for row in self.read_open_effects()?.into_iter().filter(claimed) {
            self.write_effect(&row.effect, &EffectState::Pending)?;
        }
        Ok(())
    }
}
