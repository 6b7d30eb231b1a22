//! A record that cannot be read is a fault of ours. To take a counter for none would begin it anew: what was
//! revoked would live again, and numbers and versions be given out twice.
#![expect(clippy::unwrap_used, reason = "what is not as expected ends the test")]

use serde_json::{Value, json};
use willcall::ledger::Ledger as _;
use willcall::ledger::outbox::{Now, ObjectKind};
use willcall::store::memory::MemoryLedger;
use willcall::store::objects;

const NOW: Now = Now::at(1_772_357_400_250);

fn ask(kind: ObjectKind, ledger: &mut MemoryLedger, command: &Value) -> Result<String, String> {
    objects::call(kind, ledger, &command.to_string(), NOW)
        .map(|outcome| outcome.reply)
        .map_err(|corrupt| corrupt.0)
}

/// What is asked of an object that was begun by the other commands: done as long as the record is sound.
#[track_caller]
fn assert_refused(kind: ObjectKind, begun: &[Value], asked: &Value, key: &str) {
    let mut sound = MemoryLedger::default();
    for command in begun {
        ask(kind, &mut sound, command).unwrap();
    }
    let mut spoiled = sound.clone();
    spoiled.put(key, "what is no number");
    assert_eq!(ask(kind, &mut spoiled, asked), Err(key.to_owned()));
    sound.put(key, "7");
    ask(kind, &mut sound, asked).unwrap();
}

/// A service's object begins.
fn service() -> Value {
    let profile = json!({"id": "svc_1001_inc_1", "event_id": "evt_1", "version": 1, "name": "", "email": "",
        "permissions": [], "roles": [], "status": "active", "epoch": 0, "session_epoch": 0, "service": true});
    json!({"push": {"profile": profile, "password": null}})
}

#[test]
fn a_counter_that_cannot_be_read_is_not_begun_anew() {
    assert_refused(
        ObjectKind::Account,
        &[service()],
        &json!({"begin_service": {"grant_id": "gr_1", "client_id": "1001", "scope": "user:read", "begin": {
            "attempt": "a", "kid": "kid1", "token_hash": "hash", "incarnation": "inc_1",
            "rules": {"approved": {"user:read": null}, "roles": {}, "authoritative": true}}}}),
        "revocations/1001",
    );
    let settings = json!({"name": "Con", "retry_window": 10, "refresh_idle_days": null, "pat_max_days": null, "accent": null});
    assert_refused(
        ObjectKind::Event,
        &[
            json!({"configure": {"id": "evt_1", "host": "reg.example", "version": 1, "settings": settings}}),
        ],
        &json!({"put_roles": [{"name": "crew"}]}),
        "audit_count",
    );
    let event = json!({"put_event": {"host": "reg.example", "patch": {"name": "Con"}, "fresh_id": "evt_1"}});
    assert_refused(ObjectKind::Platform, &[], &event, "version");
    let application = json!({"create_application": {"patch": {"name": "One", "redirect_uris": []},
        "client_type": "public", "secret": null, "attempt": "a"}});
    assert_refused(ObjectKind::Platform, &[], &application, "last_client_id");
}

#[test]
fn what_an_account_has_ends_though_a_row_cannot_be_read() {
    let mut ledger = MemoryLedger::default();
    ask(ObjectKind::Account, &mut ledger, &service()).unwrap();
    let begin = json!({"attempt": "a", "kid": "kid1", "token_hash": "hash", "incarnation": "inc_1",
        "rules": {"approved": {"user:read": null}, "roles": {}, "authoritative": true}});
    let inspect = json!({"inspect": {"grant_id": "gr_1", "generation": 1, "client_id": "1001", "incarnation": "inc_1"}});
    ask(
        ObjectKind::Account,
        &mut ledger,
        &json!({"begin_service": {"grant_id": "gr_1", "client_id": "1001", "scope": "user:read", "begin": begin}}),
    )
    .unwrap();
    ledger.put("live/1002/gr_2", "what is no row");
    let inspected = |ledger: &mut MemoryLedger| ask(ObjectKind::Account, ledger, &inspect).unwrap();
    assert_ne!(inspected(&mut ledger), "\"nothing\"");
    let mut ended = service();
    ended["push"]["profile"]["version"] = json!(2);
    ended["push"]["profile"]["epoch"] = json!(1);
    ask(ObjectKind::Account, &mut ledger, &ended).unwrap();
    assert_eq!(inspected(&mut ledger), "\"nothing\"");
}

#[test]
fn when_a_revocation_ends_is_not_guessed() {
    let mut ledger = MemoryLedger::default();
    ask(ObjectKind::Account, &mut ledger, &service()).unwrap();
    for (until, readable) in [("1772357460", true), ("what is no number", false)] {
        ledger.put("revoked/jti_1", until);
        let effect = objects::effect(ObjectKind::Account, &ledger, "revoked/jti_1", NOW);
        assert_eq!(effect.is_ok_and(|effect| effect.is_some()), readable);
    }
}

#[test]
fn a_record_with_an_id_that_cannot_be_one_is_not_read() {
    let settings = json!({"name": "Con", "retry_window": 10, "refresh_idle_days": null, "pat_max_days": null, "accent": null});
    let configure = json!({"configure": {"id": "evt_1", "host": "reg.example", "version": 1, "settings": settings}});
    let mut ledger = MemoryLedger::default();
    ask(ObjectKind::Event, &mut ledger, &configure).unwrap();
    let row = ledger.get("event").unwrap();
    let asked = json!({"directory": {"client_id": null}});
    for (id, readable) in [("evt_1", true), ("", false), ("evt/1", false)] {
        ledger.put("event", &row.replace("evt_1", id));
        let found = ask(ObjectKind::Event, &mut ledger, &asked);
        assert_eq!(found.is_ok(), readable, "{id}");
        assert!(readable || found == Err(String::from("event")), "{id}");
    }
    let mut ledger = MemoryLedger::default();
    ask(ObjectKind::Account, &mut ledger, &service()).unwrap();
    let row = ledger.get("account").unwrap();
    let asked = json!({"inspect_lone": {"jti": "jti_1"}});
    for (id, readable) in [("svc_1001_inc_1", true), ("svc 1001", false)] {
        ledger.put("account", &row.replace("svc_1001_inc_1", id));
        let found = ask(ObjectKind::Account, &mut ledger, &asked);
        assert_eq!(found.is_ok(), readable, "{id}");
        assert!(readable || found == Err(String::from("account")), "{id}");
    }
}
