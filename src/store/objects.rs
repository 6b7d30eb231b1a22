//! Dispatch over the kinds of objects, for adapters that hold a kind as a value.

use crate::account::object::AccountObject;
use crate::account::throttle::ThrottleObject;
use crate::directory::event_object::EventObject;
use crate::directory::platform_object::PlatformObject;
use crate::ledger::outbox::{
    Effect, LOOK_AGAIN_AFTER, Note, Now, Object, ObjectKind, TELL_AFTER, pending, settle,
};
use crate::ledger::watched::Watched;
use crate::ledger::{Corrupt, Ledger};

/// How many notes are looked at at a time to find one that is urgent.
const NOTES: usize = 100;

/// What a command came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The reply, as JSON.
    pub reply: String,
    /// The targets that are to be told now.
    pub noted: Vec<String>,
    /// In how many seconds the object must be woken at the latest, if the command changed that.
    pub wake_after: Option<u64>,
}

/// Runs a command given as JSON.
///
/// # Errors
/// [`Corrupt`] if a record, or the command itself, cannot be read.
pub fn call<L: Ledger>(
    kind: ObjectKind,
    ledger: &mut L,
    command: &str,
    now: Now,
) -> Result<Outcome, Corrupt> {
    fn run<O: Object, L: Ledger>(
        ledger: &mut L,
        command: &str,
        now: Now,
    ) -> Result<Outcome, Corrupt> {
        let command = serde_json::from_str(command).map_err(|_| Corrupt("command".into()))?;
        let mut watched = Watched::of::<O>(ledger);
        let reply = O::handle(&mut watched, command, now)?;
        let touched = watched.into_touched();
        let wake_after = if touched.waking {
            soonest::<O, L>(ledger, now)
        } else {
            (!touched.noted.is_empty()).then_some(LOOK_AGAIN_AFTER)
        };
        Ok(Outcome {
            reply: serde_json::to_string(&reply).map_err(|_| Corrupt("reply".into()))?,
            noted: touched.noted,
            wake_after,
        })
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

/// Whether an alarm must see to it that a target is told.
#[must_use]
pub fn is_urgent(kind: ObjectKind, target: &str) -> bool {
    match kind {
        ObjectKind::Account => AccountObject::is_urgent(target),
        ObjectKind::Event => EventObject::is_urgent(target),
        ObjectKind::Platform => PlatformObject::is_urgent(target),
        ObjectKind::Throttle => ThrottleObject::is_urgent(target),
    }
}

/// A target was told. Whether its note is gone: it stays if it was noted again meanwhile.
pub fn told<L: Ledger>(kind: ObjectKind, ledger: &mut L, note: &Note) -> bool {
    let gone = settle(ledger, note);
    if gone {
        match kind {
            ObjectKind::Account => AccountObject::told(ledger, &note.target),
            ObjectKind::Event => EventObject::told(ledger, &note.target),
            ObjectKind::Platform => PlatformObject::told(ledger, &note.target),
            ObjectKind::Throttle => ThrottleObject::told(ledger, &note.target),
        }
    }
    gone
}

/// Clears up, one step; the targets that were noted.
///
/// # Errors
/// [`Corrupt`] if a record cannot be read.
pub fn sweep<L: Ledger>(
    kind: ObjectKind,
    ledger: &mut L,
    now: Now,
) -> Result<Vec<String>, Corrupt> {
    fn run<O: Object, L: Ledger>(ledger: &mut L, now: Now) -> Result<Vec<String>, Corrupt> {
        let mut watched = Watched::of::<O>(ledger);
        O::sweep(&mut watched, now)?;
        Ok(watched.into_touched().noted)
    }
    match kind {
        ObjectKind::Account => run::<AccountObject, L>(ledger, now),
        ObjectKind::Event => run::<EventObject, L>(ledger, now),
        ObjectKind::Platform => run::<PlatformObject, L>(ledger, now),
        ObjectKind::Throttle => run::<ThrottleObject, L>(ledger, now),
    }
}

fn soonest<O: Object, L: Ledger>(ledger: &L, now: Now) -> Option<u64> {
    let mut told = None;
    let mut after: Option<String> = None;
    loop {
        let notes = pending(ledger, after.as_deref(), false, NOTES);
        if notes.iter().any(|note| O::is_urgent(&note.target)) {
            told = Some(TELL_AFTER);
            break;
        }
        let Some(last) = notes.into_iter().next_back() else {
            break;
        };
        told = Some(LOOK_AGAIN_AFTER);
        after = Some(last.target);
    }
    told.into_iter().chain(O::wake_after(ledger, now)).min()
}

/// In how many seconds the object wants to be woken, to tell something or to clear up.
pub fn wake_after<L: Ledger>(kind: ObjectKind, ledger: &L, now: Now) -> Option<u64> {
    match kind {
        ObjectKind::Account => soonest::<AccountObject, L>(ledger, now),
        ObjectKind::Event => soonest::<EventObject, L>(ledger, now),
        ObjectKind::Platform => soonest::<PlatformObject, L>(ledger, now),
        ObjectKind::Throttle => soonest::<ThrottleObject, L>(ledger, now),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::account_row::AccountPatch;
    use crate::directory::event_command::Command;
    use crate::directory::event_settings::EventSettings;
    use crate::store::memory::MemoryLedger;
    use crate::token::id::AccountId;
    use crate::token::id::tests::event;

    #[test]
    fn a_sweep_says_what_it_noted() {
        let mut ledger = MemoryLedger::default();
        let mut said = |command: &Command| {
            let command = serde_json::to_string(command).unwrap();
            call(ObjectKind::Event, &mut ledger, &command, Now::at(0)).unwrap();
        };
        let id = event("evt_1");
        said(&Command::Configure {
            id: id.clone(),
            host: String::from("reg.example"),
            settings: EventSettings {
                name: String::from("Con"),
                retry_window: 10,
                refresh_idle_days: None,
                idle_ended_before: crate::protocol::time::UnixTime::default(),
                pat_max_days: None,
                accent: None,
            },
            version: 1,
        });
        said(&Command::CreateAccount {
            fresh_id: AccountId::parse("acc_1").unwrap(),
            patch: AccountPatch {
                email: Some(String::from("robin@people.example")),
                name: Some(String::from("Robin")),
                ..AccountPatch::default()
            },
        });
        said(&Command::Close { id });
        let noted = sweep(ObjectKind::Event, &mut ledger, Now::at(0)).unwrap();
        assert_eq!(noted, ["account/acc_1"]);
    }
}
