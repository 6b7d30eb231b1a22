//! Dispatch over the kinds of objects, for adapters that hold a kind as a value.

use crate::account::object::AccountObject;
use crate::account::throttle::ThrottleObject;
use crate::directory::event_object::EventObject;
use crate::directory::platform_object::PlatformObject;
use crate::ledger::outbox::{Effect, Note, Now, Object, ObjectKind, settle};
use crate::ledger::{Corrupt, Ledger};

/// Runs a command given as JSON and answers with JSON.
///
/// # Errors
/// [`Corrupt`] if a record, or the command itself, cannot be read.
pub fn call<L: Ledger>(
    kind: ObjectKind,
    ledger: &mut L,
    command: &str,
    now: Now,
) -> Result<String, Corrupt> {
    fn run<O: Object, L: Ledger>(
        ledger: &mut L,
        command: &str,
        now: Now,
    ) -> Result<String, Corrupt> {
        let command = serde_json::from_str(command).map_err(|_| Corrupt("command".into()))?;
        let reply = O::handle(ledger, command, now)?;
        serde_json::to_string(&reply).map_err(|_| Corrupt("reply".into()))
    }
    match kind {
        ObjectKind::Account => run::<AccountObject, L>(ledger, command, now),
        ObjectKind::Event => run::<EventObject, L>(ledger, command, now),
        ObjectKind::Platform => run::<PlatformObject, L>(ledger, command, now),
        ObjectKind::Throttle => run::<ThrottleObject, L>(ledger, command, now),
    }
}

/// What there is to tell a target.
///
/// # Errors
/// [`Corrupt`] if a record cannot be read.
pub fn effect<L: Ledger>(
    kind: ObjectKind,
    ledger: &L,
    target: &str,
    now: Now,
) -> Result<Option<Effect>, Corrupt> {
    match kind {
        ObjectKind::Account => AccountObject::effect(ledger, target, now),
        ObjectKind::Event => EventObject::effect(ledger, target, now),
        ObjectKind::Platform => PlatformObject::effect(ledger, target, now),
        ObjectKind::Throttle => ThrottleObject::effect(ledger, target, now),
    }
}

/// A target was told.
pub fn told<L: Ledger>(kind: ObjectKind, ledger: &mut L, note: &Note) {
    if settle(ledger, note) {
        match kind {
            ObjectKind::Account => AccountObject::told(ledger, &note.target),
            ObjectKind::Event => EventObject::told(ledger, &note.target),
            ObjectKind::Platform => PlatformObject::told(ledger, &note.target),
            ObjectKind::Throttle => ThrottleObject::told(ledger, &note.target),
        }
    }
}

/// Clears up, one step.
///
/// # Errors
/// [`Corrupt`] if a record cannot be read.
pub fn sweep<L: Ledger>(kind: ObjectKind, ledger: &mut L, now: Now) -> Result<(), Corrupt> {
    match kind {
        ObjectKind::Account => AccountObject::sweep(ledger, now),
        ObjectKind::Event => EventObject::sweep(ledger, now),
        ObjectKind::Platform => PlatformObject::sweep(ledger, now),
        ObjectKind::Throttle => ThrottleObject::sweep(ledger, now),
    }
}

/// In how many seconds there is something to clear up, if there is.
pub fn wake_after<L: Ledger>(kind: ObjectKind, ledger: &L, now: Now) -> Option<u64> {
    match kind {
        ObjectKind::Account => AccountObject::wake_after(ledger, now),
        ObjectKind::Event => EventObject::wake_after(ledger, now),
        ObjectKind::Platform => PlatformObject::wake_after(ledger, now),
        ObjectKind::Throttle => ThrottleObject::wake_after(ledger, now),
    }
}
