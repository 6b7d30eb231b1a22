//! How often a request waits for an object or for KV. Each time is a way across the network and back, however little
//! there is to do at its end: what does not depend on each other is asked for together.

mod support;

use support::Scene;
use willcall::ledger::outbox::ObjectKind::{Account, Event, Throttle};

const SCOPE: [(&str, &str); 1] = [("scope", "pii:basic")];

#[test]
fn what_this_isolate_knows_it_answers_without_waiting() {
    let s = Scene::new();
    let tokens = s.granted("pii:basic");
    let whoami = || s.get("/api/users/current").bearer(&tokens.access).send();
    s.client.as_service(&s, "stats:read");
    whoami().ok();

    s.client.as_service(&s, "stats:read");
    assert_eq!(s.waits(), 0, "client_credentials");
    whoami().ok();
    assert_eq!(s.waits(), 0, "a token that was checked before");
}

#[test]
fn a_token_that_must_be_decided_or_looked_up_takes_one_way_to_one_object() {
    let s = Scene::new();
    let browser = s.signed_in();
    let code = browser.code(&s.client, &SCOPE);
    s.take_asked();

    let tokens = s.client.redeem(&s, &code);
    assert_eq!((s.waits(), s.take_asked()), (1, vec![Account]), "a code");
    let tokens = s.client.refresh(&s, &tokens.refresh);
    assert_eq!((s.waits(), s.take_asked()), (1, vec![Account]), "a refresh");
    s.get("/api/users/current").bearer(&tokens.access).send();
    assert_eq!((s.waits(), s.take_asked()), (1, vec![Account]), "a check");
    assert!(s.client.is_active(&s, &tokens.access));
    assert_eq!((s.waits(), s.take_asked()), (1, vec![Account]), "a look-up");
    browser.authorize(&s.client, &[SCOPE[0], ("prompt", "consent")]);
    assert_eq!((s.waits(), s.take_asked()), (1, vec![Account]), "the page");
}

#[test]
fn an_isolate_that_knows_nothing_reads_the_host_the_event_and_then_all_of_the_client() {
    let s = Scene::new();
    s.another_isolate();
    s.take_asked();
    s.client.as_service(&s, "stats:read");
    assert_eq!((s.waits(), s.take_asked()), (3, vec![]));
}

#[test]
fn the_account_page_looks_all_applications_up_at_once() {
    let s = Scene::new();
    let browser = s.signed_in();
    s.client.redeem(&s, &browser.code(&s.client, &SCOPE));
    s.another_isolate();
    browser.get("/account").page(200);
    let with_one = s.waits();

    let others = [(); 40].map(|()| s.another_client());
    for client in &others {
        client.redeem(&s, &browser.code(client, &SCOPE));
    }
    s.another_isolate();
    let page = browser.get("/account").page(200);
    assert_eq!(page.matches("Shirt Shop</").count(), others.len());
    assert_eq!(s.waits(), with_one);

    // The authority has the last word on what is paused: two objects for each, of all at once.
    for client in &others {
        s.suspend(client);
    }
    s.another_isolate();
    browser.get("/account").page(200);
    assert_eq!(s.waits(), with_one + 2);
}

#[test]
fn a_sign_in_asks_all_counters_at_once() {
    let s = Scene::new();
    let browser = s.browser();
    s.take_asked();
    browser.sign_in(&s.robin);
    let counted = [Throttle, Throttle];
    let hops = [&[Event][..], &counted, &[Account], &counted].concat();
    assert_eq!((s.waits(), s.take_asked()), (4, hops));
}
