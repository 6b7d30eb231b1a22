//! The front's own tries that are delivered twice, or late: each is the same command once more, after something else has
//! happened since. What they did at first is done once, and what happened since stays.

mod support;

use serde_json::{Value, json};
use support::browser::Browser;
use support::{EMAIL, HOST, NAME, PASSWORD_HASH, Scene};
use willcall::account::command::Reply;
use willcall::account::object::AccountObject;
use willcall::directory::event_command as event;
use willcall::directory::platform_command as platform;
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
    cookie.session_id
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
        fresh_id: s.robin.id.clone(),
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
    for id in [s.event.clone(), String::new()] {
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
