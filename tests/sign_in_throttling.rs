//! Contract 4: wrong passwords, and who waits for them.

mod support;

use support::answer::Answer;
use support::browser::Browser;
use support::people::Person;
use support::{EMAIL, PASSWORD, Scene};
use willcall::ledger::outbox::ObjectKind;

const WRONG: &str = "not the right one";

/// Wrong attempts, each of which shows the form again.
#[track_caller]
fn fail(browser: &Browser<'_>, email: &str, times: usize) {
    for _ in 0..times {
        browser.try_to_sign_in(email, WRONG).page(400);
    }
}

/// Tries to sign in from an address.
#[track_caller]
fn try_from(browser: &Browser<'_>, address: &str, email: &str, password: &str) -> Answer {
    let page = browser.get("/login");
    let mut fields = page.form("/login");
    fields.push(("email".into(), email.into()));
    fields.push(("password".into(), password.into()));
    let pairs: Vec<(&str, &str)> = fields
        .iter()
        .map(|(n, v)| (n.as_str(), v.as_str()))
        .collect();
    browser.send(browser.call("POST", "/login").form(&pairs).address(address))
}

#[test]
fn contract_4_an_e_mail_known_or_not_waits_after_10_wrong_passwords_in_a_minute() {
    for email in [EMAIL, "nobody@people.example"] {
        let s = Scene::new();
        let browser = s.browser();
        fail(&browser, email, 5);
        fail(&browser, &email.to_uppercase(), 5);
        s.wait(20);
        let answer = browser.try_to_sign_in(email, PASSWORD);
        let page = answer.page(429);
        let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=60).contains(&wait) && wait == 40, "{wait}");
        assert!(page.contains("wait 40 seconds"));
        s.browser().try_to_sign_in(email, WRONG).page(429);
        s.wait(wait - 1);
        browser.try_to_sign_in(email, PASSWORD).page(429);
        s.wait(1);
        let right = browser.try_to_sign_in(email, PASSWORD).status();
        assert_eq!(right, if email == EMAIL { 303 } else { 400 });
    }
}

#[test]
fn contract_4_a_right_password_waits_if_others_failed_while_it_was_checked() {
    let s = Scene::new();
    let own = s.signed_in();
    let browser = s.browser();
    let page = browser.get("/login");
    s.meanwhile(ObjectKind::Account, |world| {
        fail(&Browser::new(world), EMAIL, 10);
    });
    let right = [("email", EMAIL), ("password", PASSWORD)];
    browser.submit(&page, "/login", &right).page(429);
    assert!(!browser.is_signed_in(), "it has no session");
    let account = own.get("/account");
    assert_eq!(
        account.form_actions("/account/sessions/").len(),
        0,
        "the session that was made has ended"
    );
}

#[test]
fn contract_4_nobody_waits_longer_than_60_seconds_however_many_try() {
    let s = Scene::new();
    let browser = s.browser();
    fail(&browser, EMAIL, 10);
    for _ in 0..20 {
        s.wait(2);
        browser.try_to_sign_in(EMAIL, WRONG).page(429);
    }
    s.wait(20);
    browser.sign_in(&s.robin);
}

#[test]
fn contract_4_nor_if_the_clock_goes_back() {
    let s = Scene::new();
    let browser = s.browser();
    s.wait(600);
    fail(&browser, EMAIL, 10);
    s.set_now_ms((s.now().0 - 600) * 1000);
    browser.try_to_sign_in(EMAIL, PASSWORD).page(429);
    s.wait(60);
    browser.sign_in(&s.robin);
}

#[test]
fn contract_4_a_failure_whose_answer_was_lost_counts_once() {
    let s = Scene::new();
    let browser = s.browser();
    s.lose_answers();
    fail(&browser, EMAIL, 9);
    s.keep_answers();
    assert_eq!(browser.try_to_sign_in(EMAIL, PASSWORD).status(), 303);
}

#[test]
fn contract_4_a_browser_that_has_signed_in_before_has_a_count_of_its_own() {
    let s = Scene::new();
    let own = s.signed_in();
    let page = own.get("/logout");
    own.submit(&page, "/logout", &[]);
    fail(&s.browser(), EMAIL, 10);
    s.browser().try_to_sign_in(EMAIL, PASSWORD).page(429);
    own.sign_in(&s.robin);
    // Its own failures count, for it alone and for this account alone.
    let casey = s.other_person("casey@people.example");
    fail(&own, EMAIL, 10);
    own.try_to_sign_in(EMAIL, PASSWORD).page(429);
    own.sign_in(&casey);
    s.wait(61);
    own.sign_in(&s.robin);
}

#[test]
fn contract_4_a_browser_that_many_share_is_known_to_each_of_them() {
    let s = Scene::new();
    let shared = s.browser();
    shared.sign_in(&s.robin);
    for n in 1..50 {
        shared.sign_in(&s.other_person(&format!("desk{n}@people.example")));
    }
    fail(&s.browser(), EMAIL, 10);
    shared.sign_in(&s.robin);
    let largest = shared.jar.borrow().values().map(String::len).max();
    assert!(
        largest < Some(4000),
        "browsers keep no cookie of more than 4096 bytes"
    );
}

#[test]
fn contract_4_an_address_waits_after_100_failures_and_only_that_address() {
    let s = Scene::new();
    let at = |address: &str, email: &str, password: &str| {
        try_from(&s.browser(), address, email, password).status()
    };
    let people: Vec<Person> = (0..10)
        .map(|n| s.other_person(&format!("p{n}@people.example")))
        .collect();
    for person in &people {
        for _ in 0..10 {
            assert_eq!(at("192.0.2.1", &person.email, WRONG), 400);
        }
    }
    assert_eq!(at("192.0.2.1", EMAIL, PASSWORD), 429);
    assert_eq!(at("192.0.2.2", EMAIL, PASSWORD), 303);
    s.wait(60);
    assert_eq!(at("192.0.2.1", EMAIL, PASSWORD), 303);
}

#[test]
fn contract_4_a_known_browser_signs_in_from_an_address_that_waits_where_a_wrong_password_is_429() {
    let s = Scene::new();
    let address = "192.0.2.1";
    let own = s.signed_in();
    for n in 0..99 {
        let email = format!("p{}@people.example", n / 10);
        try_from(&s.browser(), address, &email, WRONG).page(400);
    }
    try_from(&own, address, EMAIL, WRONG).page(400);
    try_from(&s.browser(), address, EMAIL, PASSWORD).page(429);
    try_from(&own, address, EMAIL, WRONG).page(429);
    try_from(&own, address, EMAIL, PASSWORD).redirect();
}

#[test]
fn contract_4_nothing_but_wrong_passwords_counts_at_sign_in() {
    let s = Scene::new();
    let browser = s.browser();
    for _ in 0..12 {
        browser
            .post("/login", &[("email", EMAIL), ("password", WRONG)])
            .page(403);
        browser.try_to_sign_in(EMAIL, "").page(400);
        browser.sign_in(&s.robin);
    }
    s.browser().sign_in(&s.robin);
}
