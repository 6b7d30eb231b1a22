//! The front's own tries that are delivered twice, or late: each is the same command once more, after something else has
//! happened since. What they did at first is done once, and what happened since stays.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "what is not as expected ends the test"
)]

mod support;

use serde_json::{Value, json};
use support::browser::Browser;
use support::{EMAIL, HOST, NAME, PASSWORD, PASSWORD_HASH, Scene};
use willcall::account::command::Reply;
use willcall::account::object::AccountObject;
use willcall::directory::event_command as event;
use willcall::directory::platform_command as platform;
use willcall::ledger::outbox::{Now, Object as _};
use willcall::store::memory::MemoryLedger;
use willcall::token::cookie::{CookieValue as _, SessionCookie};
use willcall::token::key::KeyRing;

/// A command to Robin's object.
fn robin(s: &Scene, command: Value) -> Reply {
    let owner = format!("{}/{}", s.event, s.robin.id);
    s.run::<AccountObject>(&owner, &serde_json::from_value(command).unwrap())
}

/// The id of a browser's session.
fn session(s: &Scene, browser: &Browser<'_>) -> String {
    let ring = KeyRing::new(Some(support::SECRET), None).unwrap();
    let jar = browser.jar.borrow();
    let cookie = SessionCookie::open(&ring, &s.event, &jar["__Host-willcall"]).unwrap();
    cookie.session_id.into()
}

#[test]
fn contract_7_an_account_whose_creation_arrives_after_a_change_stays_as_it_was_changed() {
    let s = Scene::new();
    let browser = s.signed_in();
    let made = json!({"create_token": {"session_id": session(&s, &browser), "token_id": "pat_1", "name": "x",
        "scope": "pii:basic", "expires_at": null}});
    robin(&s, made);
    let lives = || {
        let used = robin(&s, json!({"use_token": {"token_id": "pat_1"}}));
        matches!(used, Reply::Alive(_)) && browser.is_signed_in()
    };
    assert!(lives());
    s.disable_robin();
    let patch = json!({"email": EMAIL, "name": NAME, "permissions": ["badges"], "roles": ["staff"],
        "password_hash": *PASSWORD_HASH});
    let create = event::Command::CreateAccount {
        fresh_id: s.robin.account(),
        patch: serde_json::from_value(patch).unwrap(),
    };
    let entries = s.audit(100);
    let event::Reply::Account(row) = s.event(&s.event, &create) else {
        panic!("another answer");
    };
    assert_eq!((row.version, row.epoch), (2, 1));
    assert_eq!(s.audit(100), entries);
    s.enable_robin();
    assert!(!lives(), "enabling brings none back");
}

#[test]
fn contract_7_a_deletion_that_arrives_late_ends_nothing_that_was_made_since() {
    let s = Scene::new();
    let id = support::scene::number(&s.client);
    let known = event::Command::GetIntegration {
        client_id: id.clone(),
    };
    let event::Reply::Integration { integration, .. } = s.event(&s.event, &known) else {
        panic!("another answer");
    };
    for incarnation in [integration.integration.incarnation, String::new()] {
        let delete = event::Command::DeleteIntegration {
            client_id: id.clone(),
            incarnation: Some(incarnation),
        };
        s.event(&s.event, &delete);
        s.change(&s.client, json!({"obo_scopes": ["pii:basic"]}));
        let tokens = s.granted("pii:basic");
        s.event(&s.event, &delete);
        s.another_isolate();
        s.assert_lives(&tokens);
    }
    let mut event = s.event.clone();
    for id in [s.event.to_string(), String::new()] {
        let delete = platform::Command::DeleteEvent {
            host: HOST.into(),
            id: Some(id.clone()),
        };
        let replied = s.platform(&delete);
        assert_eq!(matches!(replied, platform::Reply::Done), !id.is_empty());
        let again = s.put_event(HOST, json!({"name": "Again"}));
        assert_eq!(event == again, id.is_empty());
        event = again;
        s.platform(&delete);
        s.another_isolate();
        assert_eq!(s.get("/login").send().status(), 200, "{id}");
    }
}

/// An object of an account with a session, by itself: what it is asked comes at a time, after some waiting.
struct Alone(MemoryLedger);

impl Alone {
    fn new() -> Self {
        let mut alone = Self(MemoryLedger::default());
        let profile = json!({"id": "acc_1", "event_id": "evt_1", "version": 1, "name": "Robin", "email": "r@people.example",
            "permissions": [], "roles": [], "status": "active", "epoch": 0, "session_epoch": 0});
        alone.ask(
            0,
            0,
            json!({"push": {"profile": profile, "password": *PASSWORD_HASH}}),
        );
        let sign_in =
            json!({"sign_in": {"password": PASSWORD, "session_id": "s_1", "browser": "x"}});
        assert_eq!(alone.ask(0, 0, sign_in), Reply::SignedIn);
        alone
    }

    fn ask(&mut self, at_ms: u64, waited_ms: u64, command: Value) -> Reply {
        let now = Now {
            ms: support::BEGIN * 1000 + at_ms,
            waited_ms,
        };
        let command = serde_json::from_value(command).unwrap();
        AccountObject::handle(&mut self.0, command, now).unwrap()
    }

    fn press(&mut self, at_ms: u64, waited_ms: u64, id: &str) -> Reply {
        let command = json!({"create_token": {"session_id": "s_1", "token_id": id, "name": "x", "scope": "pii:basic",
            "expires_at": null, "attempt": "a"}});
        self.ask(at_ms, waited_ms, command)
    }

    fn tokens(&mut self) -> Vec<String> {
        match self.ask(9000, 0, json!({"overview": {"session_id": "s_1"}})) {
            Reply::Overview(all) => all.tokens.into_iter().map(|token| token.id).collect(),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn contract_6_of_a_form_pressed_twice_the_later_press_wins_whichever_is_decided_last() {
    // The object is silent at the first press, and answers the second, which the browser shows. The front tries the
    // first again.
    let mut one = Alone::new();
    one.press(1000, 0, "pat_second");
    assert_eq!(one.press(4000, 4000, "pat_first"), Reply::MadeBefore);
    assert_eq!(one.tokens(), ["pat_second"]);
    // It is silent at both.
    let mut one = Alone::new();
    one.press(4000, 4000, "pat_first");
    let replaced = vec!["pat_first".to_owned()];
    assert_eq!(
        one.press(5000, 4000, "pat_second"),
        Reply::TokenMade { replaced }
    );
    assert_eq!(one.tokens(), ["pat_second"]);
}

#[test]
fn contract_6_a_try_of_ours_that_comes_again_leaves_a_token_as_it_is() {
    let mut one = Alone::new();
    one.press(0, 0, "pat_1");
    let used = one.ask(2000, 0, json!({"use_token": {"token_id": "pat_1"}}));
    assert!(matches!(used, Reply::Alive(_)));
    let replaced = Vec::new();
    assert_eq!(one.press(4000, 0, "pat_1"), Reply::TokenMade { replaced });
    // Had its use been forgotten, the form sent again would end it.
    assert_eq!(one.press(6000, 0, "pat_2"), Reply::MadeBefore);
    assert_eq!(one.tokens(), ["pat_1"]);
}

#[test]
fn contract_3_revoke_access_that_is_tried_twice_ends_nothing_that_was_granted_since() {
    let s = Scene::new();
    let session = session(&s, &s.signed_in());
    let revoke = |attempt: &str| {
        robin(
            &s,
            json!({"revoke_application": {"session_id": session, "client_id": s.client.id, "attempt": attempt}}),
        )
    };
    assert_eq!(revoke("none yet"), Reply::Nothing);
    let before = s.granted("pii:basic");
    assert_eq!(revoke("none yet"), Reply::Nothing);
    assert_eq!(revoke("one"), Reply::Done);
    s.assert_ended(&before);
    let since = s.granted("pii:basic");
    // What is in the audit log rests on the answer: it is the first decision.
    assert_eq!(revoke("one"), Reply::Done);
    s.assert_lives(&since);
    assert_eq!(revoke("two"), Reply::Done);
    s.assert_ended(&since);
}
