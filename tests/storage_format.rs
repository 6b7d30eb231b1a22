//! The exact bytes of all that is stored or signed. Deployed objects and tokens in people's hands must
//! still be read after an upgrade: a change here needs a migration, not a new expectation.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "what is not as expected ends the test"
)]

use serde_json::json;
use willcall::account::command::{AskingClient, Begin, Command as Account, Reply as AccountReply};
use willcall::account::grants::replica::GrantReplica;
use willcall::account::object::AccountObject;
use willcall::account::throttle::{Command as Throttle, Reply as ThrottleReply, ThrottleObject};
use willcall::directory::application::Application;
use willcall::directory::event::EventRecord;
use willcall::directory::event_command::{Command as Event, Reply as EventReply};
use willcall::directory::event_object::EventObject;
use willcall::directory::integration::Integration;
use willcall::directory::platform_command::{Command as Platform, Reply as PlatformReply};
use willcall::directory::platform_object::{HostRecord, PlatformObject};
use willcall::directory::usage::{Counts, UsageLine};
use willcall::grant::entitlement::Rules;
use willcall::ledger::Ledger as _;
use willcall::ledger::outbox::{Now, Object, pending};
use willcall::protocol::client::{ClientId, ClientType};
use willcall::protocol::pkce::CodeChallenge;
use willcall::protocol::scope::Scope;
use willcall::protocol::secret::Secret;
use willcall::protocol::time::UnixTime;
use willcall::store::memory::MemoryLedger;
use willcall::token::access_token::{AccessToken, Issuer, Subject};
use willcall::token::authorization_code::{AuthorizationCode, Binding};
use willcall::token::client_secret;
use willcall::token::cookie::{CookieValue, KnownBrowser, SessionCookie, VisitCookie};
use willcall::token::form_token::{self, Form};
use willcall::token::id::{AccountId, EventId, GrantId, SessionId};
use willcall::token::key::KeyRing;
use willcall::token::personal_access_token::PersonalAccessToken;
use willcall::token::refresh_token::{RefreshToken, replica_hash};

/// 2026-03-01T09:30:00.250Z.
const NOW: Now = Now::at(1_772_357_400_250);
/// "correct horse battery" at the least cost Argon2 has.
const PASSWORD: &str =
    "$argon2id$v=19$m=8,t=1,p=1$c2l4dGVlbiBieXRlcyAuLg$XwJU3+17Pqn/THxHN5CMCUoKhHGFEM8WYtaNX72L2y8";

fn later(seconds: u64) -> Now {
    Now::at(NOW.ms + seconds * 1000)
}

fn evt(id: &str) -> EventId {
    EventId::parse(id).unwrap()
}

fn acc(id: &str) -> AccountId {
    AccountId::parse(id).unwrap()
}

fn gr(id: &str) -> GrantId {
    GrantId::parse(id).unwrap()
}

fn ses(id: &str) -> SessionId {
    SessionId::parse(id).unwrap()
}

fn client() -> ClientId {
    ClientId::number(1001)
}

/// Every row, in the order of their keys.
fn dump(ledger: &MemoryLedger) -> String {
    let rows = ledger.scan("", None, false, usize::MAX);
    let shown = |value: &str| if value.is_empty() { "(empty)" } else { value }.to_owned();
    rows.iter()
        .map(|(key, value)| format!("{key} = {}\n", shown(value)))
        .collect()
}

/// The rows of a [`dump`].
fn rows(dump: &str) -> MemoryLedger {
    let mut ledger = MemoryLedger::default();
    for (key, value) in dump.lines().filter_map(|line| line.split_once(" = ")) {
        ledger.put(key, if value == "(empty)" { "" } else { value });
    }
    ledger
}

/// What an object has to tell, as the adapter is handed it.
fn effects<O: Object>(ledger: &MemoryLedger, now: Now) -> String {
    let notes = pending(ledger, None, false, 100);
    let effects = notes
        .iter()
        .filter_map(|note| O::effect(ledger, &note.target, now).ok().flatten());
    effects
        .filter_map(|effect| serde_json::to_string(&effect).ok())
        .map(|line| line + "\n")
        .collect()
}

fn profile() -> serde_json::Value {
    json!({
        "id": "acc_1", "event_id": "evt_1", "version": 3, "name": "Robin \u{e9}\"", "email": "Robin@people.example",
        "permissions": ["badges"], "roles": ["staff"], "status": "active", "epoch": 2, "session_epoch": 5,
        "service": false,
    })
}

fn rules() -> Rules {
    Rules {
        approved: [
            ("pii:basic".into(), None),
            ("pii:email".into(), None),
            ("badge:print".into(), Some("badges".into())),
        ]
        .into(),
        roles: [("staff".into(), ["shirts".into()].into())].into(),
        authoritative: true,
    }
}

fn begin(attempt: &str, hash: &str) -> Begin {
    Begin {
        attempt: attempt.into(),
        kid: "kid1".into(),
        token_hash: hash.into(),
        incarnation: "inc_1".into(),
        rules: rules(),
    }
}

fn code(grant_id: &str) -> AuthorizationCode {
    AuthorizationCode {
        grant_id: gr(grant_id),
        account_id: acc("acc_1"),
        client_id: client(),
        incarnation: "inc_1".into(),
        scope: Scope::of(["pii:basic", "pii:email"]),
        account_epoch: 2,
        revocations: 1,
        expires_at: NOW.seconds().plus(60),
    }
}

fn refresh(presented: u64, attempt: &str) -> Account {
    Account::Refresh {
        grant_id: gr("gr_1"),
        client_id: client(),
        presented,
        asked: Some(Scope::of(["pii:basic"])),
        window: 10,
        idle_days: Some(30),
        idle_ended_before: UnixTime(0),
        begin: begin(attempt, "hash2"),
    }
}

#[track_caller]
fn account(ledger: &mut MemoryLedger, command: Account, now: Now) -> AccountReply {
    AccountObject::handle(ledger, command, now).unwrap()
}

fn written_account() -> MemoryLedger {
    let mut ledger = MemoryLedger::default();
    let profile = serde_json::from_value(profile()).unwrap();
    account(
        &mut ledger,
        Account::Push {
            profile,
            password: Some(PASSWORD.into()),
        },
        NOW,
    );
    let signed_in = account(
        &mut ledger,
        Account::SignIn {
            password: Secret::new("correct horse battery".into()),
            session_id: ses("s_1"),
            browser: "Firefox on Linux".into(),
        },
        NOW,
    );
    assert_eq!(signed_in, AccountReply::SignedIn);
    account(
        &mut ledger,
        Account::RevokeApplication {
            session_id: ses("s_1"),
            client_id: client(),
            attempt: Some("try1".into()),
        },
        NOW,
    );
    for id in ["gr_1", "gr_2"] {
        let begun = account(
            &mut ledger,
            Account::Redeem {
                code: code(id),
                asked: None,
                begin: begin("try1", "hash1"),
            },
            NOW,
        );
        assert!(matches!(begun, AccountReply::Issued { .. }));
    }
    assert!(matches!(
        account(&mut ledger, refresh(1, "try2"), later(5)),
        AccountReply::Issued { .. }
    ));
    account(
        &mut ledger,
        Account::RevokeGrant {
            grant_id: gr("gr_2"),
            client_id: client(),
        },
        later(6),
    );
    let token = |id: &str, expires_at, attempt: Option<&str>| Account::CreateToken {
        session_id: ses("s_1"),
        token_id: id.into(),
        name: "My script".into(),
        scope: Scope::of(["pii:basic"]),
        expires_at,
        attempt: attempt.map(str::to_owned),
    };
    account(
        &mut ledger,
        token("pat_1", Some(UnixTime(1_775_000_000)), Some("try1")),
        NOW,
    );
    account(&mut ledger, token("pat_2", None, None), NOW);
    account(
        &mut ledger,
        Account::UseToken {
            token_id: "pat_1".into(),
        },
        later(7),
    );
    account(
        &mut ledger,
        Account::RevokeLone {
            jti: "jti_1".into(),
            expires_at: NOW.seconds().plus(3600),
        },
        NOW,
    );
    ledger
}

const ACCOUNT_ROWS: &str = r##"account = {"id":"acc_1","event_id":"evt_1","version":3,"name":"Robin é\"","email":"Robin@people.example","permissions":["badges"],"roles":["staff"],"status":"active","epoch":2,"session_epoch":5,"service":false}
grant/gr_1 = {"client_id":"1001","incarnation":"inc_1","scope":"pii:basic","previous_scope":"pii:basic pii:email","created_at":1772357400,"last_used_at":1772357405,"generation":2,"kid":"kid1","token_hash":"hash2","rotated_at_ms":1772357405250,"attempt":"try2","previous_attempt":"try1","account_epoch":2,"revocations":1,"ended":null,"revision":2}
grant/gr_2 = {"client_id":"1001","incarnation":"inc_1","scope":"pii:basic pii:email","previous_scope":"pii:basic pii:email","created_at":1772357400,"last_used_at":1772357400,"generation":1,"kid":"kid1","token_hash":"hash1","rotated_at_ms":1772357400250,"attempt":"try1","account_epoch":2,"revocations":1,"ended":{"at":1772357406,"why":"revoked_by_client"},"revision":2}
live/1001/gr_1 = {"scope":"pii:basic","incarnation":"inc_1","epoch":2,"revocations":1}
outbox/grant/gr_1 = 2
outbox/grant/gr_2 = 2
outbox/revoked/jti_1 = 1
password = $argon2id$v=19$m=8,t=1,p=1$c2l4dGVlbiBieXRlcyAuLg$XwJU3+17Pqn/THxHN5CMCUoKhHGFEM8WYtaNX72L2y8
pat/pat_1 = {"name":"My script","scope":"pii:basic","created_at":1772357400,"expires_at":1775000000,"last_used_at":1772357407,"epoch":2,"attempt":"try1","pressed_at_ms":1772357400250}
pat/pat_2 = {"name":"My script","scope":"pii:basic","created_at":1772357400,"expires_at":null,"last_used_at":null,"epoch":2}
revocations/1001 = 1
revoked/jti_1 = 1772361000
revoked_by/1001 = {"attempt":"try1","any":false}
session/s_1 = {"browser":"Firefox on Linux","signed_in_at":1772357400,"last_seen_at":1772357400,"epoch":2,"session_epoch":5}
tomb/0000000069a41564/jti/jti_1 = (empty)
tomb/0000000069a4161e/gr_2 = (empty)
"##;

const ACCOUNT_EFFECTS: &str = r##"{"do":"write","namespace":"REFRESH_TOKENS","key":"grant/evt_1/acc_1/gr_1","value":"{\"version\":2,\"client_id\":\"1001\",\"generation\":2,\"token_hash\":\"hash2\",\"scope\":\"pii:basic\",\"live\":true}","ttl":null}
{"do":"write","namespace":"REFRESH_TOKENS","key":"grant/evt_1/acc_1/gr_2","value":"{\"version\":2,\"client_id\":\"1001\",\"generation\":1,\"token_hash\":null,\"scope\":\"pii:basic pii:email\",\"live\":false}","ttl":3840}
{"do":"write","namespace":"REFRESH_TOKENS","key":"revoked/evt_1/jti_1","value":"{\"revoked\":true}","ttl":3650}
"##;

#[test]
fn an_accounts_records_are_written_as_ever() {
    let ledger = written_account();
    assert_eq!(dump(&ledger), ACCOUNT_ROWS);
    assert_eq!(
        effects::<AccountObject>(&ledger, later(10)),
        ACCOUNT_EFFECTS
    );
}

#[test]
fn an_accounts_records_of_today_can_be_read_for_ever() {
    let mut ledger = rows(ACCOUNT_ROWS);
    let visit = Account::Visit {
        session_id: ses("s_1"),
        client: Some(AskingClient {
            client_id: client(),
            incarnation: "inc_1".into(),
            idle_days: None,
            idle_ended_before: UnixTime(0),
            scope: Some(Scope::of(["pii:basic"])),
        }),
    };
    let AccountReply::Visit(visit) = account(&mut ledger, visit, later(20)) else {
        panic!("the session is gone");
    };
    assert_eq!((visit.covered, visit.revocations), (true, 1));
    assert_eq!(serde_json::to_value(&visit.profile).unwrap(), profile());
    let inspect = |id: &str, generation| Account::Inspect {
        grant_id: gr(id),
        generation,
        client_id: client(),
        incarnation: "inc_1".into(),
    };
    assert!(matches!(
        account(&mut ledger, inspect("gr_1", 2), later(20)),
        AccountReply::Alive(_)
    ));
    assert_eq!(
        account(&mut ledger, inspect("gr_2", 1), later(20)),
        AccountReply::Nothing
    );
    assert!(matches!(
        account(&mut ledger, refresh(2, "try3"), later(20)),
        AccountReply::Issued { generation: 3, .. }
    ));
    for id in ["pat_1", "pat_2"] {
        assert!(matches!(
            account(
                &mut ledger,
                Account::UseToken {
                    token_id: id.into(),
                },
                later(20)
            ),
            AccountReply::Alive(_)
        ));
    }
    assert_eq!(
        account(
            &mut ledger,
            Account::InspectLone {
                jti: "jti_1".into()
            },
            later(20)
        ),
        AccountReply::Nothing
    );
    let replayed = account(
        &mut ledger,
        Account::Redeem {
            code: code("gr_2"),
            asked: None,
            begin: begin("try9", "hash9"),
        },
        later(20),
    );
    assert!(matches!(replayed, AccountReply::Refused(_)));
    AccountObject::sweep(&mut ledger, later(5000)).unwrap();
    for (key, kept) in [
        ("grant/gr_1", true),
        ("grant/gr_2", false),
        ("revoked/jti_1", false),
    ] {
        assert_eq!(ledger.get(key).is_some(), kept, "{key}");
    }
    let right = Account::SignIn {
        password: Secret::new("correct horse battery".into()),
        session_id: ses("s_2"),
        browser: String::new(),
    };
    assert_eq!(
        account(&mut ledger, right, later(20)),
        AccountReply::SignedIn
    );
}

const ERASED_ROWS: &str = r##"erased = {"event_id":"evt_1","id":"acc_1"}
outbox/grant/gr_1 = 3
outbox/grant/gr_2 = 2
outbox/revoked/jti_1 = 1
"##;

const ERASED_EFFECTS: &str = r##"{"do":"write","namespace":"REFRESH_TOKENS","key":"grant/evt_1/acc_1/gr_1","value":"{\"version\":18446744073709551615,\"client_id\":null,\"generation\":18446744073709551615,\"token_hash\":null,\"scope\":\"\",\"live\":false}","ttl":3840}
{"do":"write","namespace":"REFRESH_TOKENS","key":"grant/evt_1/acc_1/gr_2","value":"{\"version\":18446744073709551615,\"client_id\":null,\"generation\":18446744073709551615,\"token_hash\":null,\"scope\":\"\",\"live\":false}","ttl":3840}
"##;

#[test]
fn an_erased_account_leaves_ids_and_tombstones_as_ever() {
    let mut ledger = written_account();
    let erase = Account::Erase {
        event_id: evt("evt_1"),
        id: acc("acc_1").into(),
    };
    account(&mut ledger, erase, later(10));
    assert_eq!(dump(&ledger), ERASED_ROWS);
    assert_eq!(effects::<AccountObject>(&ledger, later(10)), ERASED_EFFECTS);
    let mut ledger = rows(ERASED_ROWS);
    let profile = serde_json::from_value(profile()).unwrap();
    assert_eq!(
        account(
            &mut ledger,
            Account::Push {
                profile,
                password: None
            },
            later(11)
        ),
        AccountReply::Nothing
    );
}

#[track_caller]
fn event(ledger: &mut MemoryLedger, command: Event) -> EventReply {
    EventObject::handle(ledger, command, NOW).unwrap()
}

fn written_event() -> MemoryLedger {
    let mut ledger = MemoryLedger::default();
    let settings = json!({"name": "Harbour Con", "retry_window": 10, "refresh_idle_days": 30, "pat_max_days": null, "accent": "#0a7cff"});
    event(
        &mut ledger,
        Event::Configure {
            id: evt("evt_1"),
            host: "reg.example".into(),
            settings: serde_json::from_value(settings).unwrap(),
            version: 7,
        },
    );
    // The built-in scopes have words of the event's own, so that ours may change.
    let scopes = json!([
        {"name": "badge:print", "title": "Print badges", "description": "Any badge.", "sensitive": true, "modes": ["obo", "service"], "permission": "badges"},
        {"name": "pii:basic", "title": "Name"},
        {"name": "pii:email", "title": "Email", "permission": "email"},
        {"name": "user:roles", "title": "Roles"},
        {"name": "user:read", "title": "Everybody", "sensitive": true},
        {"name": "token:introspect", "title": "Tokens"},
    ]);
    event(
        &mut ledger,
        Event::PutScopes(serde_json::from_value(scopes).unwrap()),
    );
    event(
        &mut ledger,
        Event::PutRoles(
            serde_json::from_value(
                json!([{"name": "staff", "title": "Staff", "permissions": ["badges"]}]),
            )
            .unwrap(),
        ),
    );
    let integrate = |number, incarnation: &str, patch| Event::PutIntegration {
        client_id: ClientId::number(number),
        patch: serde_json::from_value(patch).unwrap(),
        fresh_incarnation: incarnation.into(),
    };
    event(
        &mut ledger,
        integrate(
            1001,
            "inc_1",
            json!({"obo_scopes": ["badge:print"], "service_scopes": ["user:read"], "service_refresh_tokens": true}),
        ),
    );
    event(
        &mut ledger,
        integrate(
            1001,
            "inc_x",
            json!({"service_refresh_tokens": false, "status": "suspended"}),
        ),
    );
    event(&mut ledger, integrate(1002, "inc_2", json!({})));
    event(
        &mut ledger,
        Event::DeleteIntegration {
            client_id: ClientId::number(1002),
            incarnation: None,
        },
    );
    let patch = json!({"email": "Robin@people.example", "name": "Robin", "password_hash": "$hash", "roles": ["staff"], "permissions": ["shirts"]});
    event(
        &mut ledger,
        Event::CreateAccount {
            fresh_id: acc("acc_1"),
            patch: serde_json::from_value(patch).unwrap(),
        },
    );
    event(
        &mut ledger,
        Event::PatchAccount {
            id: acc("acc_1"),
            patch: serde_json::from_value(json!({"status": "disabled"})).unwrap(),
        },
    );
    let counts = Counts {
        tokens: [("refresh_token".to_owned(), 2)].into(),
        calls: 3,
        refusals: 4,
    };
    event(
        &mut ledger,
        Event::AddUsage(vec![UsageLine {
            day: "2026-03-01".into(),
            client_id: client(),
            counts,
        }]),
    );
    ledger
}

const EVENT_ROWS: &str = r##"account/acc_1 = {"id":"acc_1","email":"Robin@people.example","name":"Robin","roles":["staff"],"permissions":["shirts"],"status":"disabled","created_at":1772357400,"version":2,"epoch":1,"session_epoch":1}
audit/0000000000000000 = {"at":1772357400,"type":"event.created","actor":"operator","host":"reg.example"}
audit/0000000000000001 = {"at":1772357400,"type":"scopes.replaced","actor":"operator","added":"badge:print","changed":"pii:basic pii:email token:introspect user:read user:roles","count":"6"}
audit/0000000000000002 = {"at":1772357400,"type":"roles.replaced","actor":"operator","added":"staff","count":"1"}
audit/0000000000000003 = {"at":1772357400,"type":"integration.created","actor":"operator","client_id":"1001","obo_scopes":"badge:print","service_refresh_tokens":"on","service_scopes":"user:read","status":"active"}
audit/0000000000000004 = {"at":1772357400,"type":"integration.changed","actor":"operator","client_id":"1001","obo_scopes":"badge:print","service_refresh_tokens":"off","service_scopes":"user:read","status":"suspended"}
audit/0000000000000005 = {"at":1772357400,"type":"integration.created","actor":"operator","client_id":"1002","obo_scopes":"","service_refresh_tokens":"off","service_scopes":"","status":"active"}
audit/0000000000000006 = {"at":1772357400,"type":"integration.deleted","actor":"operator","client_id":"1002"}
audit/0000000000000007 = {"at":1772357400,"type":"account.created","actor":"operator","account":"acc_1","roles":"staff"}
audit/0000000000000008 = {"at":1772357400,"type":"account.changed","actor":"operator","account":"acc_1","changed":"status","password_changed":"no","status":"disabled"}
audit_count = 9
email/robin@people.example = acc_1
event = {"id":"evt_1","host":"reg.example","settings":{"name":"Harbour Con","retry_window":10,"refresh_idle_days":30,"pat_max_days":null,"accent":"#0a7cff"},"version":7,"revision":7,"deleted":false}
integration/00000000000003e9 = {"version":5,"client_id":"1001","incarnation":"inc_1","obo_scopes":["badge:print"],"service_scopes":["user:read"],"service_refresh_tokens":false,"status":"suspended","deleted":false}
integration/00000000000003ea = {"version":7,"client_id":"1002","incarnation":"inc_2","obo_scopes":[],"service_scopes":[],"service_refresh_tokens":false,"status":"active","deleted":true}
last_used/1001 = 2026-03-01
outbox/account/acc_1 = 2
outbox/event = 7
outbox/integration/00000000000003e9 = 2
outbox/integration/00000000000003ea = 2
outbox/service/svc_1001_inc_1 = 2
outbox/service/svc_1002_inc_2 = 2
pending_password/acc_1 = $hash
roles = [{"name":"staff","title":"Staff","permissions":["badges"]}]
scopes = [{"name":"badge:print","title":"Print badges","description":"Any badge.","sensitive":true,"modes":["obo","service"],"permission":"badges"},{"name":"pii:basic","title":"Name","description":"","sensitive":false,"modes":[]},{"name":"pii:email","title":"Email","description":"","sensitive":false,"modes":[],"permission":"email"},{"name":"user:roles","title":"Roles","description":"","sensitive":false,"modes":[]},{"name":"user:read","title":"Everybody","description":"","sensitive":true,"modes":[]},{"name":"token:introspect","title":"Tokens","description":"","sensitive":false,"modes":[]}]
service/svc_1001_inc_1 = {"version":2,"epoch":1}
usage/2026-03-01/1001 = {"tokens":{"refresh_token":2},"calls":3,"refusals":4}
"##;

const EVENT_EFFECTS: &str = r##"{"do":"tell","kind":"account","name":"evt_1/acc_1","command":"{\"push\":{\"profile\":{\"id\":\"acc_1\",\"event_id\":\"evt_1\",\"version\":2,\"name\":\"Robin\",\"email\":\"Robin@people.example\",\"permissions\":[\"shirts\"],\"roles\":[\"staff\"],\"status\":\"disabled\",\"epoch\":1,\"session_epoch\":1,\"service\":false},\"password\":\"$hash\"}}"}
{"do":"write","namespace":"DIRECTORY","key":"event/evt_1","value":"{\"version\":7,\"id\":\"evt_1\",\"host\":\"reg.example\",\"settings\":{\"name\":\"Harbour Con\",\"retry_window\":10,\"refresh_idle_days\":30,\"pat_max_days\":null,\"accent\":\"#0a7cff\"},\"scopes\":[{\"name\":\"badge:print\",\"title\":\"Print badges\",\"description\":\"Any badge.\",\"sensitive\":true,\"modes\":[\"obo\",\"service\"],\"permission\":\"badges\"},{\"name\":\"pii:basic\",\"title\":\"Name\",\"description\":\"\",\"sensitive\":false,\"modes\":[\"obo\"]},{\"name\":\"pii:email\",\"title\":\"Email\",\"description\":\"\",\"sensitive\":false,\"modes\":[\"obo\"],\"permission\":\"email\"},{\"name\":\"token:introspect\",\"title\":\"Tokens\",\"description\":\"\",\"sensitive\":false,\"modes\":[\"service\"]},{\"name\":\"user:read\",\"title\":\"Everybody\",\"description\":\"\",\"sensitive\":true,\"modes\":[\"service\"]},{\"name\":\"user:roles\",\"title\":\"Roles\",\"description\":\"\",\"sensitive\":false,\"modes\":[\"obo\"]}],\"roles\":[{\"name\":\"staff\",\"title\":\"Staff\",\"permissions\":[\"badges\"]}],\"deleted\":false}","ttl":null}
{"do":"write","namespace":"DIRECTORY","key":"integration/evt_1/1001","value":"{\"version\":5,\"client_id\":\"1001\",\"incarnation\":\"inc_1\",\"obo_scopes\":[\"badge:print\"],\"service_scopes\":[\"user:read\"],\"service_refresh_tokens\":false,\"status\":\"suspended\",\"deleted\":false}","ttl":null}
{"do":"write","namespace":"DIRECTORY","key":"integration/evt_1/1002","value":"{\"version\":7,\"client_id\":\"1002\",\"incarnation\":\"inc_2\",\"obo_scopes\":[],\"service_scopes\":[],\"service_refresh_tokens\":false,\"status\":\"active\",\"deleted\":true}","ttl":null}
{"do":"tell","kind":"account","name":"evt_1/svc_1001_inc_1","command":"{\"push\":{\"profile\":{\"id\":\"svc_1001_inc_1\",\"event_id\":\"evt_1\",\"version\":2,\"name\":\"\",\"email\":\"\",\"permissions\":[],\"roles\":[],\"status\":\"active\",\"epoch\":1,\"session_epoch\":0,\"service\":true},\"password\":null}}"}
{"do":"tell","kind":"account","name":"evt_1/svc_1002_inc_2","command":"{\"erase\":{\"event_id\":\"evt_1\",\"id\":\"svc_1002_inc_2\"}}"}
"##;

#[test]
fn an_events_records_and_replicas_are_written_as_ever() {
    let ledger = written_event();
    assert_eq!(dump(&ledger), EVENT_ROWS);
    assert_eq!(effects::<EventObject>(&ledger, NOW), EVENT_EFFECTS);
}

#[test]
fn an_events_records_of_today_can_be_read_for_ever() {
    let (mut ledger, mut written) = (rows(EVENT_ROWS), written_event());
    let page = || willcall::ledger::PageRequest {
        after: None,
        limit: 100,
    };
    for command in [
        Event::Directory {
            client_id: Some(client()),
        },
        Event::ListIntegrations(page()),
        Event::ListAccounts(page()),
        Event::ListAudit(page()),
        Event::FindAccount {
            email: "ROBIN@people.example".into(),
        },
        Event::ListUsage {
            client_id: None,
            from: None,
            to: None,
            page: page(),
        },
    ] {
        let read = serde_json::to_value(event(&mut ledger, command.clone())).unwrap();
        assert_eq!(
            read,
            serde_json::to_value(event(&mut written, command)).unwrap()
        );
        assert!(read.to_string().len() > 40, "{read}");
    }
}

#[track_caller]
fn platform(ledger: &mut MemoryLedger, command: Platform) -> PlatformReply {
    PlatformObject::handle(ledger, command, NOW).unwrap()
}

fn written_platform() -> MemoryLedger {
    let mut ledger = MemoryLedger::default();
    for (host, id) in [("reg.example", "evt_1"), ("old.example", "evt_2")] {
        let patch = serde_json::from_value(json!({"name": "Harbour Con"})).unwrap();
        platform(
            &mut ledger,
            Platform::PutEvent {
                host: host.into(),
                patch,
                fresh_id: evt(id),
            },
        );
    }
    platform(
        &mut ledger,
        Platform::DeleteEvent {
            host: "old.example".into(),
            id: None,
        },
    );
    let patch = json!({"name": "Badge Buddy", "description": "Prints", "website": "https://buddy.example/", "redirect_uris": ["https://buddy.example/cb"], "require_pkce": true});
    let secret = Some(("sec_1".to_owned(), "hash1".to_owned()));
    platform(
        &mut ledger,
        Platform::CreateApplication {
            patch: serde_json::from_value(patch).unwrap(),
            client_type: ClientType::Confidential,
            secret,
            attempt: "att_1".into(),
        },
    );
    platform(
        &mut ledger,
        Platform::SecretUsed {
            client_id: client(),
            id: "sec_1".into(),
        },
    );
    platform(
        &mut ledger,
        Platform::AddSecret {
            client_id: client(),
            id: "sec_2".into(),
            hash: "hash2".into(),
        },
    );
    let public =
        serde_json::from_value(json!({"name": "Pocket", "redirect_uris": ["com.pocket.app:/cb"]}))
            .unwrap();
    platform(
        &mut ledger,
        Platform::CreateApplication {
            patch: public,
            client_type: ClientType::Public,
            secret: None,
            attempt: "att_2".into(),
        },
    );
    platform(
        &mut ledger,
        Platform::DeleteApplication {
            client_id: ClientId::number(1002),
        },
    );
    ledger
}

const PLATFORM_ROWS: &str = r##"application/00000000000003e9 = {"version":5,"client_id":"1001","name":"Badge Buddy","description":"Prints","website":"https://buddy.example/","redirect_uris":["https://buddy.example/cb"],"type":"confidential","require_pkce":true,"status":"active","secrets":[{"id":"sec_1","hash":"hash1","created_at":1772357400,"last_used_at":1772357400},{"id":"sec_2","hash":"hash2","created_at":1772357400,"last_used_at":null}],"created_at":1772357400,"deleted":false}
application/00000000000003ea = {"version":7,"client_id":"1002","name":"Pocket","description":"","website":null,"redirect_uris":[],"type":"public","require_pkce":false,"status":"active","secrets":[],"created_at":1772357400,"deleted":true}
event/reg.example = {"host":"reg.example","id":"evt_1","settings":{"name":"Harbour Con","retry_window":10,"refresh_idle_days":null,"pat_max_days":365,"accent":null},"created_at":1772357400,"version":1}
last_client_id = 1002
latest_registrations = [{"attempt":"att_2","client_id":"1002"},{"attempt":"att_1","client_id":"1001"}]
outbox/application/00000000000003e9 = 2
outbox/application/00000000000003ea = 2
outbox/close/evt_2 = 1
outbox/host/old.example = 2
outbox/host/reg.example = 1
outbox/tell/old.example = 1
outbox/tell/reg.example = 1
version = 7
"##;

const PLATFORM_EFFECTS: &str = r##"{"do":"write","namespace":"DIRECTORY","key":"application/1001","value":"{\"version\":5,\"client_id\":\"1001\",\"name\":\"Badge Buddy\",\"description\":\"Prints\",\"website\":\"https://buddy.example/\",\"redirect_uris\":[\"https://buddy.example/cb\"],\"type\":\"confidential\",\"require_pkce\":true,\"status\":\"active\",\"secrets\":[{\"id\":\"sec_1\",\"hash\":\"hash1\",\"created_at\":1772357400,\"last_used_at\":1772357400},{\"id\":\"sec_2\",\"hash\":\"hash2\",\"created_at\":1772357400,\"last_used_at\":null}],\"created_at\":1772357400,\"deleted\":false}","ttl":null}
{"do":"write","namespace":"DIRECTORY","key":"application/1002","value":"{\"version\":7,\"client_id\":\"1002\",\"name\":\"Pocket\",\"description\":\"\",\"website\":null,\"redirect_uris\":[],\"type\":\"public\",\"require_pkce\":false,\"status\":\"active\",\"secrets\":[],\"created_at\":1772357400,\"deleted\":true}","ttl":null}
{"do":"tell","kind":"event","name":"evt_2","command":"{\"close\":{\"id\":\"evt_2\"}}"}
{"do":"write","namespace":"DIRECTORY","key":"host/old.example","value":"{\"version\":7,\"event_id\":null}","ttl":null}
{"do":"write","namespace":"DIRECTORY","key":"host/reg.example","value":"{\"version\":7,\"event_id\":\"evt_1\"}","ttl":null}
{"do":"tell","kind":"event","name":"evt_1","command":"{\"configure\":{\"id\":\"evt_1\",\"host\":\"reg.example\",\"settings\":{\"name\":\"Harbour Con\",\"retry_window\":10,\"refresh_idle_days\":null,\"pat_max_days\":365,\"accent\":null},\"version\":1}}"}
"##;

#[test]
fn the_deployments_records_and_replicas_are_written_as_ever() {
    let ledger = written_platform();
    assert_eq!(dump(&ledger), PLATFORM_ROWS);
    assert_eq!(effects::<PlatformObject>(&ledger, NOW), PLATFORM_EFFECTS);
}

#[test]
fn the_deployments_records_of_today_can_be_read_for_ever() {
    let (mut ledger, mut written) = (rows(PLATFORM_ROWS), written_platform());
    let page = || willcall::ledger::PageRequest {
        after: None,
        limit: 100,
    };
    for command in [
        Platform::FindHost {
            host: "reg.example".into(),
        },
        Platform::ListEvents(page()),
        Platform::ListApplications(page()),
        Platform::GetApplication {
            client_id: client(),
        },
    ] {
        let read = serde_json::to_value(platform(&mut ledger, command.clone())).unwrap();
        assert_eq!(
            read,
            serde_json::to_value(platform(&mut written, command)).unwrap()
        );
        assert!(read.to_string().len() > 20, "{read}");
    }
    let patch = serde_json::from_value(json!({"name": "Next", "redirect_uris": []})).unwrap();
    let next = platform(
        &mut ledger,
        Platform::CreateApplication {
            patch,
            client_type: ClientType::Public,
            secret: None,
            attempt: "att_3".into(),
        },
    );
    let PlatformReply::Application(next) = next else {
        panic!("{next:?}")
    };
    assert_eq!(
        next.client_id,
        ClientId::number(1003),
        "a number is never used again"
    );
}

/// The values that KV has been given, in the order they were written.
fn values(effects: &str) -> Vec<(String, String)> {
    let lines = effects
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    lines
        .filter(|line| line["do"] == "write")
        .map(|line| {
            (
                line["key"].as_str().unwrap_or_default().to_owned(),
                line["value"].as_str().unwrap_or_default().to_owned(),
            )
        })
        .collect()
}

#[test]
fn replicas_of_today_can_be_read_for_ever() {
    for (key, value) in [
        values(ACCOUNT_EFFECTS),
        values(ERASED_EFFECTS),
        values(EVENT_EFFECTS),
        values(PLATFORM_EFFECTS),
    ]
    .concat()
    {
        let again = match key.split('/').next().unwrap() {
            "host" => serde_json::to_string(&serde_json::from_str::<HostRecord>(&value).unwrap()),
            "event" => serde_json::to_string(&serde_json::from_str::<EventRecord>(&value).unwrap()),
            "application" => {
                serde_json::to_string(&serde_json::from_str::<Application>(&value).unwrap())
            }
            "integration" => {
                serde_json::to_string(&serde_json::from_str::<Integration>(&value).unwrap())
            }
            "grant" => {
                serde_json::to_string(&serde_json::from_str::<GrantReplica>(&value).unwrap())
            }
            "revoked" => Ok(value.clone()),
            other => panic!("{other}"),
        };
        assert_eq!(again.unwrap(), value, "{key}");
    }
    // What an earlier version did not know of yet has its default.
    let old = r#"{"version":1,"client_id":"1001","incarnation":"i","obo_scopes":[],"service_scopes":[],"service_refresh_tokens":false,"status":"active"}"#;
    assert!(!serde_json::from_str::<Integration>(old).unwrap().deleted);
}

#[test]
fn a_counter_of_failures_is_kept_as_ever() {
    let mut ledger = MemoryLedger::default();
    let fail = |attempt: &str| Throttle::Fail {
        counter: "c1".into(),
        limit: 2,
        attempt: Some(attempt.into()),
    };
    for (attempt, now) in [("a1", NOW), ("a1", later(1)), ("a2", later(1))] {
        ThrottleObject::handle(&mut ledger, fail(attempt), now).unwrap();
    }
    let expected = "failures/c1 = [1772357400250,1772357401250]\nlatest/c1 = a2\n";
    assert_eq!(dump(&ledger), expected);
    let check = Throttle::Check {
        counter: "c1".into(),
        limit: 2,
    };
    let closed = ThrottleObject::handle(&mut rows(expected), check, later(2)).unwrap();
    assert_eq!(closed, ThrottleReply::Closed { retry_after: 58 });
}

// -- What is signed -------------------------------------------------------------------------------------------

fn ring() -> KeyRing {
    KeyRing::new(Some("the-deployment-secret-of-32-bytes"), None).unwrap()
}

const CODE: &str = "wc_ac_vuPDIF8s.eyJnIjoiZ3JfMSIsImEiOiJhY2NfMSIsImMiOiIxMDAxIiwiaSI6ImluY18xIiwicyI6InBpaTpiYXNpYyBwaWk6ZW1haWwiLCJlIjoyLCJyIjoxLCJ4IjoxNzcyMzU3NDYwfQ.m-hV49x-xhKWDC0reZYVP0J2dlDYN6b1Qs0sXtntBtc";
const ACCESS: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6InZ1UERJRjhzIn0.eyJpc3MiOiJodHRwczovL3JlZy5leGFtcGxlIiwic3ViIjoiYWNjXzEiLCJhdWQiOiJodHRwczovL3JlZy5leGFtcGxlIiwiY2xpZW50X2lkIjoiMTAwMSIsImlhdCI6MTc3MjM1NzQwMCwiZXhwIjoxNzcyMzYxMDAwLCJqdGkiOiJqdGlfMSIsInNjb3BlIjoicGlpOmJhc2ljIHBpaTplbWFpbCIsImluYyI6ImluY18xIiwiZ2lkIjoiZ3JfMSIsImdlbiI6Mn0.L3RWgxVE0Bxz7lkdVdou15P8XeGWF9eVhGvbji8WfYQ";
const REFRESH: &str = "wc_rt_vuPDIF8s.eyJhIjoiYWNjXzEiLCJnIjoiZ3JfMSIsIm4iOjJ9.xI8rb34_xrw6pkgvJWbsMuet9epP_qtnGZi-AfRBiY4";
const REFRESH_HASH: &str = "X54eZGpoVYft26AFGZu8bTs-1z6BMq7sczxzyjBPd4k";
const PERSONAL: &str = "wc_pat_vuPDIF8s.eyJhIjoiYWNjXzEiLCJwIjoicGF0XzEifQ.QtrJRuWIHILo5vmtJgZGtZlhkf-agPYaL6mGb2Y1Zmw";
const SESSION: &str =
    "vuPDIF8s.eyJhIjoiYWNjXzEiLCJzIjoic18xIn0.mI4ia8LswhOI_T9YrCEBBGBWwujPAEmKrb1UXBCqgtE";
const VISIT: &str = "vuPDIF8s.eyJ2Ijoidl8xIn0.Rb_Ct0-UGIXGvFeKETgW409PAF6or_DSA7FB0nYBdHc";
const BROWSER: &str = "vuPDIF8s.eyJiIjoiYl8xIiwiYSI6WyJhY2NfMSIsImFjY18yIl19.KE7fYdZ2PpgZ9DrWgEjChbnebuKI4VwPrB9Ed8tzv3I";
const FORM: &str = "vuPDIF8s.1772357400.K6r8_l9y3lBCpa5gskP6jpyzhrZ3QFwOJ_FJhvuGKhE";

#[test]
fn a_code_is_signed_and_read_as_ever() {
    let challenge = CodeChallenge::parse("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM").unwrap();
    let binding = Binding {
        redirect_uri: "https://buddy.example/cb",
        redirect_uri_sent: true,
        challenge: Some(&challenge),
    };
    assert_eq!(
        code("gr_1").seal(&ring(), &evt("evt_1"), &binding).unwrap(),
        CODE
    );
    assert_eq!(
        AuthorizationCode::open(&ring(), &evt("evt_1"), CODE, &binding),
        Some(code("gr_1"))
    );
}

#[test]
fn an_access_token_is_signed_and_read_as_ever() {
    let issuer = Issuer::new("reg.example", None);
    let token = AccessToken {
        iss: issuer.as_str().into(),
        sub: Subject::Person(acc("acc_1")),
        aud: issuer.as_str().into(),
        client_id: client(),
        iat: UnixTime(1_772_357_400),
        exp: UnixTime(1_772_361_000),
        jti: "jti_1".into(),
        scope: Scope::of(["pii:basic", "pii:email"]),
        incarnation: "inc_1".into(),
        grant_id: Some(gr("gr_1")),
        generation: Some(2),
    };
    assert_eq!(token.seal(&ring(), &evt("evt_1")).unwrap(), ACCESS);
    assert_eq!(
        AccessToken::open(&ring(), &evt("evt_1"), &issuer, ACCESS),
        Some(token)
    );
}

#[test]
fn a_refresh_token_and_its_hash_are_made_and_read_as_ever() {
    let token = RefreshToken {
        owner: acc("acc_1").into(),
        grant_id: gr("gr_1"),
        generation: 2,
    };
    assert_eq!(
        token
            .seal(&ring(), &evt("evt_1"), ring().current_kid())
            .unwrap(),
        REFRESH
    );
    assert_eq!(
        RefreshToken::open(&ring(), &evt("evt_1"), REFRESH),
        Some(token)
    );
    assert_eq!(replica_hash(&ring(), &evt("evt_1"), REFRESH), REFRESH_HASH);
}

#[test]
fn a_personal_access_token_is_signed_and_read_as_ever() {
    let token = PersonalAccessToken {
        account_id: acc("acc_1"),
        id: "pat_1".into(),
    };
    assert_eq!(token.seal(&ring(), &evt("evt_1")).unwrap(), PERSONAL);
    assert_eq!(
        PersonalAccessToken::open(&ring(), &evt("evt_1"), PERSONAL),
        Some(token)
    );
}

#[test]
fn cookies_are_signed_and_read_as_ever() {
    let session = SessionCookie {
        account_id: acc("acc_1"),
        session_id: ses("s_1"),
    };
    let visit = VisitCookie { id: "v_1".into() };
    let browser = KnownBrowser {
        id: "b_1".into(),
        accounts: vec![acc("acc_1"), acc("acc_2")],
    };
    assert_eq!(session.seal(&ring(), &evt("evt_1")).unwrap(), SESSION);
    assert_eq!(visit.seal(&ring(), &evt("evt_1")).unwrap(), VISIT);
    assert_eq!(browser.seal(&ring(), &evt("evt_1")).unwrap(), BROWSER);
    assert_eq!(
        SessionCookie::open(&ring(), &evt("evt_1"), SESSION),
        Some(session)
    );
    assert_eq!(
        VisitCookie::open(&ring(), &evt("evt_1"), VISIT),
        Some(visit)
    );
    assert_eq!(
        KnownBrowser::open(&ring(), &evt("evt_1"), BROWSER),
        Some(browser)
    );
}

#[test]
fn a_form_token_is_signed_and_read_as_ever() {
    let form = Form {
        session: "s_1",
        action: "consent",
        subject: "what it shows",
    };
    assert_eq!(
        form_token::seal(&ring(), &evt("evt_1"), &form, NOW.seconds()),
        FORM
    );
    assert!(form_token::verifies(
        &ring(),
        &evt("evt_1"),
        &form,
        FORM,
        NOW.seconds()
    ));
}

#[test]
fn a_client_secret_and_its_hash_are_read_as_ever() {
    let secret = "wc_cs_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcZl5G";
    assert!(client_secret::is_well_formed(secret));
    assert_eq!(
        client_secret::hash(secret),
        "JL-clpSYayKgn3ge2fYDMyOu31lkTH8T6x3hZLZdO6U"
    );
}
