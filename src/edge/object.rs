//! A Durable Object's decisions, for the classes in `keeper.mjs`. What each call changes is kept as one, or, if it
//! throws, not at all.

use serde::Serialize;
use wasm_bindgen::prelude::*;

use super::clock::whole;
use crate::ledger::outbox::{self, Effect, Note, Now, ObjectKind};
use crate::ledger::{Corrupt, Ledger};
use crate::store::objects;

#[wasm_bindgen]
extern "C" {
    /// The object's one table.
    pub type Table;

    #[wasm_bindgen(method)]
    fn get(this: &Table, key: &str) -> Option<String>;

    #[wasm_bindgen(method)]
    fn put(this: &Table, key: &str, value: &str);

    #[wasm_bindgen(method)]
    fn remove(this: &Table, key: &str);

    /// Keys and values by turns.
    #[wasm_bindgen(method)]
    fn scan(
        this: &Table,
        prefix: &str,
        after: Option<&str>,
        backwards: bool,
        limit: u32,
    ) -> Vec<String>;
}

impl Ledger for Table {
    fn get(&self, key: &str) -> Option<String> {
        self.get(key)
    }

    fn put(&mut self, key: &str, value: &str) {
        Table::put(self, key, value);
    }

    fn delete(&mut self, key: &str) {
        self.remove(key);
    }

    fn scan(
        &self,
        prefix: &str,
        after: Option<&str>,
        backwards: bool,
        limit: usize,
    ) -> Vec<(String, String)> {
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        let mut flat = Table::scan(self, prefix, after, backwards, limit).into_iter();
        let mut rows = Vec::new();
        while let (Some(key), Some(value)) = (flat.next(), flat.next()) {
            rows.push((key, value));
        }
        rows
    }
}

fn kind_of(name: &str) -> Result<ObjectKind, JsError> {
    match name {
        "account" => Ok(ObjectKind::Account),
        "event" => Ok(ObjectKind::Event),
        "platform" => Ok(ObjectKind::Platform),
        "throttle" => Ok(ObjectKind::Throttle),
        _ => Err(JsError::new("no such kind of object")),
    }
}

fn thrown(corrupt: Corrupt) -> JsError {
    JsError::new(&corrupt.to_string())
}

/// Runs a command; texts are JSON, times milliseconds, `waited` how long its caller has waited for objects before. The
/// answer is the reply, the targets that were noted, and in how many seconds the object must be woken, if the command changed that.
///
/// # Errors
/// A record that cannot be read.
#[wasm_bindgen]
pub fn object_call(
    kind: &str,
    mut table: Table,
    command: &str,
    now: f64,
    waited: f64,
) -> Result<js_sys::Array, JsError> {
    let now = Now {
        ms: whole(now),
        waited_ms: whole(waited),
    };
    let outcome = objects::call(kind_of(kind)?, &mut table, command, now).map_err(thrown)?;
    Ok(js_sys::Array::of3(
        &JsValue::from(outcome.reply),
        &outcome
            .noted
            .iter()
            .map(JsValue::from)
            .collect::<js_sys::Array>(),
        &JsValue::from(outcome.wake_after.and_then(seconds)),
    ))
}

/// Seconds as JavaScript counts them.
fn seconds(seconds: u64) -> Option<f64> {
    u32::try_from(seconds).ok().map(f64::from)
}

/// So many of the next notes of the outbox after a target, the last first, as what is relied on (`revoked/…`) sorts behind what
/// is not (`grant/…`); as a JSON array of `{target, stamp, urgent, effect, fault}`.
///
/// # Errors
/// A record that cannot be read.
#[wasm_bindgen]
pub fn object_pending(
    kind: &str,
    table: Table,
    after: Option<String>,
    limit: u32,
    now: f64,
) -> Result<String, JsError> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let notes = outbox::pending(&table, after.as_deref(), true, limit);
    described(kind_of(kind)?, &table, notes, now)
}

/// The same of those of these targets that are noted.
///
/// # Errors
/// A record that cannot be read.
#[wasm_bindgen]
pub fn object_noted(
    kind: &str,
    table: Table,
    targets: Vec<String>,
    now: f64,
) -> Result<String, JsError> {
    let notes = targets
        .iter()
        .filter_map(|target| outbox::find(&table, target));
    described(kind_of(kind)?, &table, notes, now)
}

fn described(
    kind: ObjectKind,
    table: &Table,
    notes: impl IntoIterator<Item = Note>,
    now: f64,
) -> Result<String, JsError> {
    #[derive(Serialize)]
    struct Described {
        #[serde(flatten)]
        note: Note,
        urgent: bool,
        effect: Option<Effect>,
        /// Why it cannot be told; the others still can.
        fault: Option<String>,
    }
    let mut all = Vec::new();
    for note in notes {
        let effect = objects::effect(kind, table, &note.target, Now::at(whole(now)));
        let (effect, fault) = match effect {
            Ok(effect) => (effect, None),
            Err(corrupt) => (None, Some(corrupt.to_string())),
        };
        all.push(Described {
            urgent: objects::is_urgent(kind, &note.target),
            effect,
            fault,
            note,
        });
    }
    Ok(serde_json::to_string(&all)?)
}

/// A target was told. Whether its note is gone: it stays if it was noted again meanwhile.
///
/// # Errors
/// No such kind of object.
#[wasm_bindgen]
pub fn object_told(
    kind: &str,
    mut table: Table,
    target: String,
    stamp: f64,
) -> Result<bool, JsError> {
    let note = Note {
        target,
        stamp: whole(stamp),
    };
    Ok(objects::told(kind_of(kind)?, &mut table, &note))
}

/// Clears up, one step; the targets that were noted.
///
/// # Errors
/// A record that cannot be read.
#[wasm_bindgen]
pub fn object_sweep(kind: &str, mut table: Table, now: f64) -> Result<Vec<String>, JsError> {
    objects::sweep(kind_of(kind)?, &mut table, Now::at(whole(now))).map_err(thrown)
}

/// In how many seconds the object wants to be woken, if it has anything to wait for.
///
/// # Errors
/// No such kind of object.
#[wasm_bindgen]
pub fn object_wake_after(kind: &str, table: Table, now: f64) -> Result<Option<f64>, JsError> {
    Ok(objects::wake_after(kind_of(kind)?, &table, Now::at(whole(now))).and_then(seconds))
}
