//! Contract 3: signing in, consent, and a person's own page; refusals first.

mod support;

use serde_json::json;
use support::answer::{Answer, unescape};
use support::browser::{Browser, authorization};
use support::people::{Client, Person};
use support::scene::catalogue;
use support::{CHALLENGE, EMAIL, NAME, ORIGIN, PASSWORD, Scene, cheap_hash};
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

fn other_person(s: &Scene, email: &str) -> Person {
    s.person(&s.event, json!({"email": email, "name": "Casey"}))
}

// -- Signing in: what is refused ------------------------------------------------------------------------

#[test]
fn contract_3_a_wrong_attempt_shows_the_form_again_and_does_not_say_what_was_wrong() {
    let s = Scene::new();
    let browser = s.browser();
    let shown = |email: &str, password: &str| {
        let answer = browser.try_to_sign_in(email, password);
        let page = answer.page(400);
        assert!(page.contains("<button type=\"submit\">Sign in</button>"));
        let token = answer
            .form("/login")
            .iter()
            .find(|(name, _)| name == "form_token")
            .unwrap()
            .1
            .clone();
        page.replace(email, "EMAIL").replace(&token, "TOKEN")
    };
    let unknown = shown("nobody@people.example", PASSWORD);
    assert_eq!(shown(EMAIL, WRONG), unknown);
    assert_eq!(shown(EMAIL, &PASSWORD.to_uppercase()), unknown);
    assert_eq!(shown(EMAIL, &"x".repeat(5000)), unknown);
    s.disable_robin();
    assert_eq!(shown(EMAIL, PASSWORD), unknown);
    let without = s.person(
        &s.event,
        json!({"email": "new@people.example", "name": "N", "password_hash": "none"}),
    );
    assert_eq!(shown(&without.email, "none"), unknown);
    for (email, password) in [("", PASSWORD), (EMAIL, ""), ("", "")] {
        browser.try_to_sign_in(email, password).page(400);
    }
    assert!(!browser.is_signed_in());
}

#[test]
fn contract_3_a_sign_in_form_without_its_own_token_is_403() {
    let s = Scene::new();
    let browser = s.browser();
    let right = [("email", EMAIL), ("password", PASSWORD)];
    browser.post("/login", &right).page(403);
    let page = browser.get("/login");
    let hidden = page.form("/login");
    let token = |name: &str| {
        hidden
            .iter()
            .find(|(known, _)| known == name)
            .unwrap()
            .1
            .clone()
    };
    let (token, target) = (token("form_token"), token("return"));
    let sent = |token: &str, target: &str| {
        [
            right[0],
            right[1],
            ("form_token", token),
            ("return", target),
        ]
        .map(|(n, v)| (n.to_owned(), v.to_owned()))
    };
    let post = |browser: &Browser<'_>, fields: &[(String, String)]| {
        let fields: Vec<(&str, &str)> = fields
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect();
        browser.post("/login", &fields)
    };
    post(&s.browser(), &sent(&token, &target)).page(403);
    let elsewhere = s.browser();
    elsewhere.get("/login");
    post(&elsewhere, &sent(&token, &target)).page(403);
    post(&browser, &sent(&format!("{token}x"), &target)).page(403);
    post(&browser, &sent(&token, "/oauth/authorize?client_id=1")).page(403);
    s.wait(4 * 3600 + 1);
    post(&browser, &sent(&token, &target)).page(403);
    assert!(!browser.is_signed_in());
}

#[test]
fn contract_3_a_foreign_origin_is_refused_and_null_is_not_foreign() {
    let s = Scene::new();
    let browser = s.browser();
    let attempt = |origin: &str| {
        let page = browser.get("/login");
        let mut fields = page.form("/login");
        fields.push(("email".into(), EMAIL.into()));
        fields.push(("password".into(), PASSWORD.into()));
        let pairs: Vec<(&str, &str)> = fields
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect();
        browser
            .send(browser.call("POST", "/login").form(&pairs).origin(origin))
            .status()
    };
    for foreign in [
        "https://evil.example",
        "http://reg.example",
        "https://reg.example:8443",
        "https://reg.example.evil.example",
        "",
    ] {
        assert_eq!(attempt(foreign), 403, "{foreign}");
    }
    assert_eq!(attempt("null"), 303);
    assert_eq!(attempt(ORIGIN), 303);
}

#[test]
fn contract_3_a_foreign_origin_is_refused_at_every_form_of_the_account_and_changes_nothing() {
    let s = Scene::new();
    let (browser, other) = (s.signed_in(), s.signed_in());
    let scope = [("scope", "pii:basic")];
    let tokens = s.client.redeem(&s, &browser.code(&s.client, &scope));
    let make = [("name", "n"), ("scope", "pii:basic"), ("expires", "30")];
    let account = browser.get("/account");
    browser.submit(&account, "/account/tokens", &make).page(200);
    let account = browser.get("/account");
    let consent = browser.authorize(&s.client, &[("scope", "pii:email")]);
    let token = account.form_actions("/account/tokens/").remove(0);
    let forms = [
        (
            &consent,
            "/account/consent",
            &[("decision", "authorize")][..],
        ),
        (&account, "/account/tokens", &make),
        (&account, &token, &[]),
        (&account, "/account/sessions/", &[]),
        (&account, "/account/applications/", &[]),
    ];
    let before = s.memory.everything_stored();
    for (page, action, fields) in forms {
        let hidden = page.form(action);
        let mut pairs: Vec<(&str, &str)> = hidden
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        pairs.extend_from_slice(fields);
        let call = browser.call("POST", &page.form_action(action));
        let foreign = call.form(&pairs).origin("https://evil.example");
        browser.send(foreign).page(403);
        assert_eq!(s.memory.everything_stored(), before, "{action}");
    }
    assert!(other.is_signed_in());
    s.assert_lives(&tokens);
    for (page, action, fields) in forms {
        let own = browser.submit(page, action, fields).status();
        assert!(matches!(own, 200 | 303), "{action} {own}");
    }
    assert!(!other.is_signed_in());
}

#[test]
fn contract_3_sign_in_leads_back_to_our_own_pages_only() {
    let s = Scene::new();
    for elsewhere in [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/api/users/current",
        "/oauth/authorize@evil.example",
    ] {
        let browser = s.browser();
        let page = browser.send(browser.call("GET", &format!("/login?return={elsewhere}")));
        let answer = browser.submit(&page, "/login", &[("email", EMAIL), ("password", PASSWORD)]);
        assert_eq!(answer.redirect().base, "/account", "{elsewhere}");
    }
}

#[test]
fn contract_2_a_state_survives_sign_in_to_the_letter_even_unescaped() {
    let s = Scene::new();
    let uri = &s.client.redirect_uri;
    for prompt in ["", "&prompt=login"] {
        let request = format!(
            "/oauth/authorize?response_type=code&client_id={}&redirect_uri={uri}&scope=pii:basic&state=a\\b\\\\'|c{prompt}",
            s.client.id
        );
        let browser = s.browser();
        let page = browser.sign_in_where_asked(&browser.get(&request), &s.robin);
        let back = browser.decide(&page, "authorize").redirect();
        assert_eq!(back.get("state"), Some("a\\b\\\\'|c"), "{prompt}");
    }
}

#[test]
fn contract_3_an_unknown_e_mail_takes_the_same_hops_as_a_known_one() {
    let s = Scene::new();
    let hops = |email: &str| {
        let browser = s.browser();
        let page = browser.get("/login");
        s.take_asked();
        let fields = [("email", email), ("password", WRONG)];
        browser.submit(&page, "/login", &fields).page(400);
        s.take_asked()
    };
    let known = hops(EMAIL);
    assert!(known.contains(&ObjectKind::Account), "{known:?}");
    assert_eq!(hops("nobody@people.example"), known);
    s.disable_robin();
    assert_eq!(hops(EMAIL), known, "disabled");
}

// -- Throttling -------------------------------------------------------------------------------------------

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
    let casey = other_person(&s, "casey@people.example");
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
        shared.sign_in(&other_person(&s, &format!("desk{n}@people.example")));
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
        .map(|n| other_person(&s, &format!("p{n}@people.example")))
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

// -- Sessions -----------------------------------------------------------------------------------------------

#[test]
fn contract_3_the_sign_in_page_has_the_labels_people_and_programs_look_for() {
    let s = Scene::new();
    let page = s.browser().get("/login").page(200);
    for part in [
        "<label for=\"email\">Email</label>",
        "<label for=\"password\">Password</label>",
        ">Sign in</button>",
        "Harbour Con",
    ] {
        assert!(page.contains(part), "{part}");
    }
}

#[test]
fn contract_3_an_e_mail_in_any_letters_can_be_typed_and_signs_in() {
    let s = Scene::new();
    let joerg = other_person(&s, "jörg@bücher.example");
    let browser = s.browser();
    let page = browser.get("/login").page(200);
    assert!(!page.contains("type=\"email\""), "{page}");
    for part in ["inputmode=\"email\"", "autocomplete=\"username\""] {
        assert!(page.contains(part), "{part}");
    }
    browser.sign_in(&joerg);
    assert!(browser.get("/account").page(200).contains(&joerg.email));
    let loud = s.browser();
    loud.try_to_sign_in("JÖRG@BÜCHER.EXAMPLE", PASSWORD)
        .redirect();
    assert!(loud.get("/account").page(200).contains(&joerg.email));
}

#[test]
fn contract_3_cookies_are_for_this_host_alone_and_out_of_scripts_reach() {
    let s = Scene::new();
    let answer = s.browser().get("/login");
    let mut lines: Vec<String> = answer
        .headers("set-cookie")
        .iter()
        .map(|line| (*line).to_owned())
        .collect();
    let answer = s.browser().try_to_sign_in(EMAIL, PASSWORD);
    lines.extend(
        answer
            .headers("set-cookie")
            .iter()
            .map(|line| (*line).to_owned()),
    );
    assert_eq!(lines.len(), 3);
    for line in lines {
        assert!(
            line.starts_with("__Host-") && !line.contains("Domain"),
            "{line}"
        );
        for part in ["; Path=/", "; Secure", "; HttpOnly", "; SameSite=Lax"] {
            assert!(line.contains(part), "{line}");
        }
    }
}

#[test]
fn contract_3_signing_in_ends_the_session_this_browser_had() {
    let s = Scene::new();
    let browser = s.signed_in();
    let old = browser.jar.borrow().clone();
    browser.sign_in(&s.robin);
    let stale = s.browser();
    stale.jar.replace(old);
    assert!(!stale.is_signed_in());
    assert!(browser.is_signed_in());
}

#[test]
fn contract_3_a_sign_in_whose_first_answer_was_lost_ends_nobody_elses_session() {
    let s = Scene::new();
    let first = s.signed_in();
    s.wait(10);
    // An account has at most 100 sessions.
    let others: Vec<_> = (0..98).map(|_| s.signed_in()).collect();
    s.lose_answers();
    let last = s.signed_in();
    s.keep_answers();
    for browser in others.iter().chain([&first, &last]) {
        assert!(browser.is_signed_in());
    }
}

#[test]
fn contract_3_a_101st_session_ends_the_one_least_recently_seen() {
    let s = Scene::new();
    let (first, second) = (s.signed_in(), s.signed_in());
    s.wait(3600);
    assert!(first.is_signed_in());
    let others: Vec<_> = (0..99).map(|_| s.signed_in()).collect();
    assert!(!second.is_signed_in(), "least recently seen");
    for browser in others.iter().chain([&first]) {
        assert!(browser.is_signed_in());
    }
}

#[test]
fn contract_3_the_sign_in_page_says_who_is_signed_in_already_unless_it_was_sent_for() {
    let s = Scene::new();
    let browser = s.signed_in();
    let answer = browser.get("/login");
    let page = answer.page(200);
    assert!(page.contains(EMAIL) && page.contains("href=\"/account\">Your account</a>"));
    let casey = other_person(&s, "casey@people.example");
    let fields = [("email", casey.email.as_str()), ("password", PASSWORD)];
    browser.submit(&answer, "/login", &fields).redirect();
    assert!(browser.get("/login").page(200).contains(&casey.email));

    let sent = browser.authorize(&s.client, &[("prompt", "login")]);
    for path in ["/login?return=/account", sent.header("location").unwrap()] {
        assert!(!browser.get(path).page(200).contains(&casey.email));
    }
    let nobody = s.browser().get("/login").page(200);
    assert!(!nobody.contains("Signed in as"));
    assert!(nobody.contains("Forgot your password? Ask the organiser of <bdi>Harbour Con</bdi>."));
}

#[test]
fn contract_3_signing_out_needs_its_form_and_ends_the_session() {
    let s = Scene::new();
    let browser = s.signed_in();
    let kept = browser.jar.borrow().clone();
    browser.post("/logout", &[]).page(403);
    let page = browser.get("/logout");
    assert!(browser.is_signed_in(), "showing the page signs nobody out");
    assert!(page.page(200).contains(">Sign out</button>"));
    browser.submit(&page, "/logout", &[]).page(200);
    assert!(!browser.is_signed_in());
    browser.jar.replace(kept);
    assert!(!browser.is_signed_in(), "the session itself has ended");
}

#[test]
fn contract_3_whoever_is_signed_out_already_is_told_so_and_nobody_else_is_signed_out() {
    let s = Scene::new();
    let browser = s.signed_in();
    let (one, other) = (browser.get("/account"), browser.get("/logout"));
    browser.submit(&one, "/logout", &[]).page(200);
    let answer = browser.submit(&other, "/logout", &[]);
    assert!(answer.page(200).contains("You are signed out"));
    s.browser().post("/logout", &[]).page(403);

    // A form of another site comes without our cookies: its answer takes none away.
    assert!(answer.headers("set-cookie").is_empty());
    let call = browser.call("POST", "/logout").form(&[]);
    browser.send(call.origin("https://evil.example")).page(403);
    // Signed in again, as anybody: the form from before signs nobody out.
    browser.sign_in(&s.robin);
    browser.submit(&other, "/logout", &[]).page(403);
    assert!(browser.is_signed_in());
    // A cookie that does not verify is nobody's.
    for value in browser.jar.borrow_mut().values_mut() {
        value.push('x');
    }
    browser.submit(&other, "/logout", &[]).page(200);
}

#[test]
fn contract_3_a_session_ends_by_time_password_disabling_or_deletion() {
    let s = Scene::new();
    let browser = s.signed_in();
    s.wait(30 * 86_400 - 1);
    assert!(browser.is_signed_in());
    s.wait(1);
    assert!(!browser.is_signed_in());
    let browser = s.signed_in();
    s.change_robin(json!({"password_hash": cheap_hash("another password")}));
    assert!(!browser.is_signed_in(), "a changed password");
    browser.try_to_sign_in(EMAIL, PASSWORD).page(400);
    assert_eq!(
        browser.try_to_sign_in(EMAIL, "another password").status(),
        303
    );
    s.change_robin(json!({"name": "Robin Z."}));
    assert!(browser.is_signed_in(), "nothing else ends it");
    s.disable_robin();
    assert!(!browser.is_signed_in(), "disabled");
    s.enable_robin();
    assert!(!browser.is_signed_in(), "enabling brings none back");
    assert_eq!(
        browser.try_to_sign_in(EMAIL, "another password").status(),
        303
    );
    s.delete_robin();
    assert!(!browser.is_signed_in(), "deleted");
    browser.try_to_sign_in(EMAIL, "another password").page(400);
}

#[test]
fn contract_3_a_forged_or_foreign_session_cookie_is_nobodys() {
    let s = Scene::new();
    s.put_event("other.example", json!({"name": "Other"}));
    let browser = s.signed_in();
    let jar = browser.jar.borrow().clone();
    let there = Browser::at(&s, "https://other.example");
    there.jar.replace(jar.clone());
    assert!(!there.is_signed_in());
    let session = jar.get("__Host-willcall").unwrap();
    for value in [
        "",
        "x",
        &format!("{session}x"),
        &session.replace('.', ""),
        jar.get("__Host-willcall-browser").unwrap(),
    ] {
        let forged = s.browser();
        forged
            .jar
            .borrow_mut()
            .insert("__Host-willcall".into(), value.to_owned());
        assert!(!forged.is_signed_in(), "{value}");
    }
}

// -- The consent page ------------------------------------------------------------------------------------------

#[test]
fn contract_3_a_consent_form_that_is_not_ours_is_403_and_grants_nothing() {
    let s = Scene::new();
    let browser = s.signed_in();
    let page = browser.authorize(&s.client, &[("scope", "pii:basic")]);
    let hidden = page.form("/account/consent");
    let with = |name: &str, value: &str| -> Vec<(String, String)> {
        let mut fields: Vec<(String, String)> = hidden
            .iter()
            .filter(|(known, _)| known != name)
            .cloned()
            .collect();
        if !value.is_empty() {
            fields.push((name.to_owned(), value.to_owned()));
        }
        fields.push(("decision".into(), "authorize".into()));
        fields
    };
    let post = |browser: &Browser<'_>, fields: &[(String, String)], origin: &str| {
        let pairs: Vec<(&str, &str)> = fields
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect();
        browser.send(
            browser
                .call("POST", "/account/consent")
                .form(&pairs)
                .origin(origin),
        )
    };
    let request = hidden
        .iter()
        .find(|(name, _)| name == "request")
        .unwrap()
        .1
        .clone();
    for fields in [
        with("form_token", ""),
        with("form_token", "x.1.y"),
        with("scope", "pii:basic pii:email"),
        with("scope", ""),
        with("request", ""),
        with("request", &request.replace("pii%3Abasic", "pii%3Aemail")),
        with("request", &format!("{request}&state=other")),
    ] {
        post(&browser, &fields, "null").page(403);
    }
    let right = with("", "");
    post(&browser, &right, "https://evil.example").page(403);
    post(&s.browser(), &right, "null").page(403);
    post(&s.signed_in(), &right, "null").page(403);
    let undecided: Vec<(String, String)> = hidden.clone();
    post(&browser, &undecided, "null").page(400);
    s.wait(4 * 3600 + 1);
    post(&browser, &right, "null").page(403);
    let again = browser.authorize(&s.client, &[("scope", "pii:basic")]);
    browser.decide(&again, "authorize").redirect().code();
}

#[test]
fn contract_3_a_consent_form_counts_for_the_session_it_was_shown_to_and_no_other() {
    let s = Scene::new();
    let casey = other_person(&s, "casey@people.example");
    let caseys = s.browser();
    caseys.sign_in(&casey);
    let form = caseys
        .authorize(&s.client, &[("scope", "pii:basic")])
        .form("/account/consent");
    let robins = s.signed_in();
    let cookie = |browser: &Browser<'_>| browser.jar.borrow()["__Host-willcall"].clone();
    let (of_casey, of_robin) = (cookie(&caseys), cookie(&robins));
    let answered = |first: &str, second: &str, decision: &str| {
        let mut pairs: Vec<(&str, &str)> = form
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        pairs.push(("decision", decision));
        let mut call = robins.call("POST", "/account/consent").form(&pairs);
        call.head.cookie = Some(format!("__Host-willcall={first}; __Host-willcall={second}"));
        call.send()
    };
    for decision in ["authorize", "deny"] {
        answered(&of_robin, &of_casey, decision).page(403);
    }
    answered(&of_casey, &of_robin, "authorize")
        .redirect()
        .code();
    s.change_account(&s.event, &casey, json!({"status": "disabled"}));
    for decision in ["authorize", "deny"] {
        answered(&of_casey, &of_robin, decision).page(403);
        answered(&of_robin, &of_casey, decision).page(403);
    }
}

#[test]
fn contract_3_a_consent_form_of_a_session_that_is_over_is_403_and_leads_back_to_the_request() {
    let s = Scene::new();
    let casey = other_person(&s, "casey@people.example");
    let browser = s.signed_in();
    let extra = [("scope", "pii:basic"), ("state", "a&b=\"<")];
    let ask = || browser.authorize(&s.client, &extra);
    let way_on = |page: &str| {
        let link = page.split("<a class=\"button\" href=\"").nth(1).unwrap();
        unescape(link.split('"').next().unwrap())
    };

    // Signed out in another tab.
    let page = ask();
    let account = browser.get("/account");
    browser.submit(&account, "/logout", &[]).page(200);
    for decision in ["authorize", "deny"] {
        let refused = browser.decide(&page, decision).page(403);
        assert!(refused.contains("<h1>You are not signed in</h1>"));
        assert!(refused.contains("Badge Buddy"), "{refused}");
        let again = browser.get(&way_on(&refused));
        assert!(again.asks_to_sign_in(), "{}", way_on(&refused));
    }
    let refused = browser.decide(&page, "authorize").page(403);
    let again = browser.sign_in_where_asked(&browser.get(&way_on(&refused)), &s.robin);
    let answer = browser.decide(&again, "authorize").redirect();
    assert!(!answer.code().is_empty());
    assert_eq!(answer.get("state"), Some("a&b=\"<"));

    // Signed in anew in another tab, as anybody; open for too long.
    for person in [&s.robin, &casey] {
        let page = ask();
        browser.sign_in(person);
        let refused = browser.decide(&page, "authorize").page(403);
        assert!(refused.contains("<h1>This form is no longer valid</h1>"));
        let again = browser.get(&way_on(&refused));
        assert!(again.asks_for_consent() && again.text().contains(&person.email));
    }
    let page = ask();
    s.wait(4 * 3600 + 1);
    let refused = browser.decide(&page, "authorize").page(403);
    assert!(browser.get(&way_on(&refused)).asks_for_consent());

    // It leads to a request of an application that may ask, and nowhere else.
    for request in ["", "client_id=1", "x", "//evil.example", "\r\nx: y"] {
        for browser in [&browser, &s.browser()] {
            let fields = [("request", request), ("decision", "authorize")];
            let refused = browser.post("/account/consent", &fields).page(403);
            assert_eq!(way_on(&refused), "/account", "{request:?}");
        }
    }
}

#[test]
fn contract_3_a_form_of_the_account_page_says_that_nobody_is_signed_in() {
    let s = Scene::new();
    let browser = s.signed_in();
    s.signed_in();
    let account = browser.get("/account");
    browser.submit(&account, "/logout", &[]).page(200);
    for action in ["/account/sessions/", "/account/tokens"] {
        let refused = browser.submit(&account, action, &[]).page(403);
        assert!(refused.contains("<h1>You are not signed in</h1>"));
        assert!(refused.contains("href=\"/account\""));
    }
    browser.sign_in(&s.robin);
    let refused = browser.submit(&account, "/account/tokens", &[]).page(403);
    assert!(refused.contains("<h1>This form is no longer valid</h1>"));
}

#[test]
fn contract_3_what_changed_while_the_consent_page_was_open_is_judged_anew() {
    let s = Scene::new();
    let browser = s.signed_in();
    let open = || browser.authorize(&s.client, &[("scope", "badge:print")]);
    let page = open();
    s.change_robin(json!({"permissions": []}));
    browser.decide(&page, "authorize").page(403);
    s.change_robin(json!({"permissions": ["badges"]}));
    let page = open();
    s.suspend(&s.client);
    s.another_isolate();
    browser.decide(&page, "authorize").page(400);
    s.resume(&s.client);
    let page = open();
    s.change(&s.client, json!({"obo_scopes": ["pii:basic"]}));
    s.another_isolate();
    assert_eq!(
        browser.decide(&page, "authorize").redirect().error(),
        "invalid_scope"
    );
    s.change(
        &s.client,
        json!({"obo_scopes": ["pii:basic", "badge:print"]}),
    );
    s.another_isolate();
    let page = open();
    s.disable_robin();
    assert!(
        !matches!(browser.decide(&page, "authorize").status(), 200 | 400)
            || !browser.is_signed_in()
    );
    s.enable_robin();
    browser.sign_in(&s.robin);
    // Left out, the scope is what may be had at the time: more than was shown is shown again.
    s.change_robin(json!({"permissions": []}));
    let page = browser.authorize(&s.client, &[]);
    s.change_robin(json!({"permissions": ["badges"]}));
    let again = browser.decide(&page, "authorize");
    assert!(again.page(200).contains("Print badges") && again.asks_for_consent());
}

#[test]
fn contract_3_the_consent_page_shows_who_asks_for_what_of_whom() {
    let s = Scene::new();
    let answer = s
        .signed_in()
        .authorize(&s.client, &[("scope", "pii:basic stats:read")]);
    let page = unescape(&answer.page(200));
    for part in [
        "Harbour Con",
        "Badge Buddy",
        "Prints badges on the spot",
        "https://buddy.example/about",
        NAME,
        EMAIL,
        "Not you?",
        "See your name",
        "See statistics",
        ">Authorize Application</button>",
        ">Deny</button>",
        "buddy.example",
    ] {
        assert!(page.contains(part), "{part}");
    }
    assert!(
        !page.contains("See your email address")
            && !page.contains("This is an administrative permission")
    );
    assert!(!page.contains("danger"));
}

#[test]
fn contract_3_not_you_leads_to_signing_in_as_somebody_else_and_back() {
    let s = Scene::new();
    let casey = other_person(&s, "casey@people.example");
    let browser = s.signed_in();
    let switch = |page: &str, person: &Person| {
        let before = page.split("\">Not you?</a>").next().unwrap();
        let href = unescape(before.rsplit("href=\"").next().unwrap());
        let fields = [("email", person.email.as_str()), ("password", PASSWORD)];
        let back = browser.submit(&browser.get(&href), "/login", &fields);
        browser.get(back.header("location").unwrap())
    };
    let answer = browser.authorize(&s.client, &[("scope", "pii:basic")]);
    let again = switch(&answer.page(200), &casey);
    assert!(again.asks_for_consent() && again.page(200).contains(&casey.email));

    // Whoever may not grant it is most likely signed in to the wrong account.
    let answer = browser.authorize(&s.client, &[("scope", "badge:print"), ("state", "kept")]);
    let again = switch(&answer.page(403), &s.robin);
    assert!(again.page(200).contains(EMAIL));
    let answer = browser.decide(&again, "authorize").redirect();
    assert_eq!(answer.get("state"), Some("kept"));
    // The same page after an answer whose permission was taken away meanwhile.
    let asked = browser.authorize(&s.client, &[("scope", "badge:print")]);
    s.change_robin(json!({"permissions": []}));
    let refused = browser.decide(&asked, "authorize").page(403);
    let again = switch(&refused, &casey);
    assert!(again.page(403).contains(&casey.email));
}

#[test]
fn contract_3_a_sensitive_scope_is_red_says_so_and_makes_the_button_red() {
    let s = Scene::new();
    let page = s
        .signed_in()
        .authorize(&s.client, &[("scope", "badge:print pii:basic")])
        .page(200);
    assert_eq!(
        page.matches("This is an administrative permission").count(),
        1
    );
    let line = page
        .split("<li")
        .find(|line| line.contains("This is an administrative permission"))
        .unwrap();
    assert!(line.contains("Print badges") && line.contains("class=\"sensitive\""));
    let button = page
        .split("<button")
        .find(|button| button.contains("value=\"authorize\""))
        .unwrap();
    assert!(button.contains("class=\"danger\""));
}

#[test]
fn contract_3_deny_goes_back_with_access_denied_and_is_not_remembered() {
    let s = Scene::new();
    let browser = s.signed_in();
    let page = browser.authorize(&s.client, &[]);
    let back = browser.decide(&page, "deny").redirect();
    assert_eq!(
        (back.error(), back.get("state"), back.get("iss")),
        ("access_denied", Some("st4te"), Some(ORIGIN))
    );
    assert!(browser.authorize(&s.client, &[]).asks_for_consent());
}

// -- What is remembered ------------------------------------------------------------------------------------------

#[test]
fn contract_3_consent_is_remembered_for_what_one_live_grant_covers() {
    let s = Scene::new();
    let browser = s.signed_in();
    let asks = |scope: &str| {
        browser
            .authorize(&s.client, &[("scope", scope)])
            .asks_for_consent()
    };
    let code = browser.code(&s.client, &[("scope", "pii:basic pii:email")]);
    assert!(
        asks("pii:basic"),
        "a code that was not redeemed is no grant"
    );
    let tokens = s.client.redeem(&s, &code);
    assert!(!asks("pii:basic pii:email") && !asks("pii:email"));
    assert!(asks("pii:email stats:read"), "wider");
    assert!(
        browser
            .authorize(&s.client, &[("scope", "pii:basic"), ("prompt", "consent")])
            .asks_for_consent()
    );
    let wider = browser
        .authorize(&s.client, &[("scope", "pii:basic stats:read")])
        .page(200);
    assert!(
        wider.contains("See your name") && wider.contains("See statistics"),
        "the whole set"
    );
    // Two grants together cover more than one of them: that is not remembered.
    s.client
        .redeem(&s, &browser.code(&s.client, &[("scope", "stats:read")]));
    assert!(!asks("stats:read") && asks("pii:basic stats:read"));
    // Another application, another person.
    assert!(
        browser
            .authorize(&s.another_client(), &[("scope", "pii:basic")])
            .asks_for_consent()
    );
    // The grant's present scope counts, and only while it lives.
    s.client
        .try_to_refresh(&s, &tokens.refresh, "pii:basic")
        .ok();
    assert!(asks("pii:email") && !asks("pii:basic"));
    s.client.revoke(&s, &tokens.refresh);
    assert!(asks("pii:basic"));
}

#[test]
fn contract_3_a_sensitive_scope_is_asked_for_every_time() {
    let s = Scene::new();
    let browser = s.signed_in();
    s.client.redeem(
        &s,
        &browser.code(&s.client, &[("scope", "badge:print pii:basic")]),
    );
    let asks = |scope: &str| {
        browser
            .authorize(&s.client, &[("scope", scope)])
            .asks_for_consent()
    };
    assert!(asks("badge:print") && asks("badge:print pii:basic") && !asks("pii:basic"));
    s.put_scopes(
        &s.event,
        json!([
            {"name": "badge:print", "title": "Print", "modes": ["obo"], "permission": "badges"},
            {"name": "shirt:order", "title": "Shirts", "modes": ["obo"], "permission": "shirts"},
            {"name": "stats:read", "title": "Stats", "modes": ["obo", "service"]},
            {"name": "report:read", "title": "Reports", "modes": ["service"]},
            {"name": "pii:basic", "title": "Your name, which is sensitive here", "sensitive": true},
        ]),
    );
    s.wait(support::STALE);
    assert!(!asks("badge:print"), "no longer sensitive");
    assert!(asks("pii:basic"), "sensitive now");
}

#[test]
fn contract_3_what_became_sensitive_while_the_page_was_open_is_shown_so_before_it_is_granted() {
    let s = Scene::new();
    let browser = s.signed_in();
    let before = browser.authorize(&s.client, &[("scope", "stats:read")]);
    assert!(!before.page(200).contains("administrative"));
    let mut catalogue = catalogue();
    for scope in catalogue.as_array_mut().unwrap() {
        scope["sensitive"] = json!(scope["name"] == "stats:read");
    }
    s.put_scopes(&s.event, catalogue);
    s.another_isolate();
    let again = browser.decide(&before, "authorize");
    assert!(again.page(200).contains("administrative"));
    assert!(
        browser
            .decide(&again, "authorize")
            .redirect()
            .get("code")
            .is_some()
    );
}

#[test]
fn contract_3_what_was_renamed_while_the_page_was_open_is_shown_so_before_it_is_granted() {
    let s = Scene::new();
    let browser = s.signed_in();
    let mut renamed = catalogue();
    let mut described = renamed.clone();
    renamed[2]["title"] = json!("Copy every ticket");
    described[2] = renamed[2].clone();
    described[2]["description"] = json!("With all addresses.");
    for (words, change) in [
        ("Badge Bully", None),
        ("Copy every ticket", Some(renamed)),
        ("With all addresses.", Some(described)),
    ] {
        let before = browser.authorize(&s.client, &[("scope", "stats:read")]);
        assert!(!before.page(200).contains(words), "{words}");
        match change {
            Some(catalogue) => s.put_scopes(&s.event, catalogue),
            None => s.change_application(&s.client, json!({"name": words})),
        }
        s.another_isolate();
        let again = browser.decide(&before, "authorize");
        assert!(again.page(200).contains(words), "{words}");
        let answered = browser.decide(&again, "authorize").redirect();
        assert!(answered.get("code").is_some(), "{words}");
    }
}

#[test]
fn contract_3_a_public_client_whose_redirect_is_not_https_is_asked_for_every_time() {
    let s = Scene::new();
    let uris = [
        "https://pocket.example/cb",
        "http://127.0.0.1/cb",
        "com.pocket.app:/cb",
    ];
    let public = s.public_client(&uris);
    let browser = s.signed_in();
    let ask_with = |uri: &str, prompt: &str| {
        let extra = [
            ("scope", "pii:basic"),
            ("redirect_uri", uri),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
            ("prompt", prompt),
        ];
        browser.authorize(&public, &extra)
    };
    let ask = |uri: &str| ask_with(uri, "");
    let back = browser.decide(&ask(uris[0]), "authorize").redirect();
    public
        .try_to_redeem(&s, back.code(), &[("code_verifier", support::VERIFIER)])
        .ok();
    assert!(!ask(uris[0]).asks_for_consent());
    for uri in ["http://127.0.0.1:4000/cb", uris[2]] {
        assert!(ask(uri).asks_for_consent(), "{uri}");
        let silent = ask_with(uri, "none").redirect();
        assert_eq!(
            (silent.base.as_str(), silent.error()),
            (uri, "consent_required")
        );
    }
    ask_with(uris[0], "none").redirect().code();
}

// -- The account page -------------------------------------------------------------------------------------------

#[test]
fn contract_3_the_account_page_is_for_the_person_alone() {
    let s = Scene::new();
    assert!(s.browser().get("/account").asks_to_sign_in());
    for path in [
        "/account/applications/1001/revoke",
        "/account/sessions/s_x/end",
        "/account/tokens",
        "/account/tokens/x/revoke",
    ] {
        s.browser().post(path, &[]).page(403);
        s.signed_in().post(path, &[("form_token", "x")]).page(403);
    }
}

#[test]
fn contract_3_revoke_access_ends_all_of_one_applications_grants_and_the_next_request_asks() {
    let s = Scene::new();
    let browser = s.signed_in();
    let other = s.another_client();
    let one = s
        .client
        .redeem(&s, &browser.code(&s.client, &[("scope", "pii:basic")]));
    let two = s
        .client
        .redeem(&s, &browser.code(&s.client, &[("scope", "pii:email")]));
    let others = other.redeem(&s, &browser.code(&other, &[("scope", "pii:basic")]));
    let unredeemed = browser.code(&s.client, &[("scope", "pii:basic")]);
    let account = browser.get("/account");
    assert_eq!(
        account.form_actions("/account/applications/").len(),
        2,
        "each application once"
    );
    let action = format!("/account/applications/{}/revoke", s.client.id);
    assert_eq!(
        browser.submit(&account, &action, &[]).redirect().base,
        "/account"
    );
    s.assert_ended(&one);
    s.assert_ended(&two);
    s.whoami(&one.access).refused(401, "invalid_token");
    s.client
        .try_to_redeem(&s, &unredeemed, &[])
        .refused(400, "invalid_grant");
    assert!(other.is_active(&s, &others.access) && other.is_active(&s, &others.refresh));
    let page = browser.get("/account");
    assert_eq!(page.form_actions("/account/applications/").len(), 1);
    assert!(
        browser
            .authorize(&s.client, &[("scope", "pii:basic")])
            .asks_for_consent()
    );
    let tokens = s
        .client
        .redeem(&s, &browser.code(&s.client, &[("scope", "pii:basic")]));
    s.assert_lives(&tokens);
}

#[test]
fn contract_3_a_form_of_the_account_page_does_what_it_says_and_nothing_else() {
    let s = Scene::new();
    let browser = s.signed_in();
    let other = s.another_client();
    let kept = other.redeem(&s, &browser.code(&other, &[("scope", "pii:basic")]));
    s.client
        .redeem(&s, &browser.code(&s.client, &[("scope", "pii:basic")]));
    let account = browser.get("/account");
    let hidden = account.form(&format!("/account/applications/{}/revoke", s.client.id));
    let token = &hidden.first().unwrap().1;
    let elsewhere = format!("/account/applications/{}/revoke", other.id);
    browser.post(&elsewhere, &[("form_token", token)]).page(403);
    assert!(other.is_active(&s, &kept.access));
    let another_session = s.signed_in();
    let own = format!("/account/applications/{}/revoke", s.client.id);
    another_session
        .post(&own, &[("form_token", token)])
        .page(403);
}

#[test]
fn contract_3_sessions_are_listed_and_can_be_ended_one_by_one() {
    let s = Scene::new();
    let (here, there) = (s.signed_in(), s.signed_in());
    let account = here.get("/account");
    let others = account.form_actions("/account/sessions/");
    assert_eq!(others.len(), 1);
    assert!(account.page(200).contains("This browser"));
    assert_eq!(
        here.submit(&account, "/account/sessions/", &[])
            .redirect()
            .base,
        "/account"
    );
    assert!(here.is_signed_in() && !there.is_signed_in());
}

#[test]
fn contract_3_a_form_that_ends_one_session_ends_no_other() {
    let s = Scene::new();
    let (here, one) = (s.signed_in(), s.signed_in());
    let of_one = here
        .get("/account")
        .form_actions("/account/sessions/")
        .remove(0);
    let other = s.signed_in();
    let account = here.get("/account");
    let mut all = account.form_actions("/account/sessions/");
    all.retain(|action| *action != of_one);
    let token = &account.form(&of_one)[0].1;
    here.post(&all[0], &[("form_token", token)]).page(403);
    assert!(one.is_signed_in() && other.is_signed_in());
    here.post(&of_one, &[("form_token", token)]).redirect();
    assert!(!one.is_signed_in() && other.is_signed_in());
}

#[test]
fn contract_3_the_account_page_says_what_was_just_taken_back_and_no_other_words() {
    let s = Scene::new();
    let browser = s.signed_in();
    s.signed_in();
    s.client
        .redeem(&s, &browser.code(&s.client, &[("scope", "pii:basic")]));
    let fields = [("name", "n"), ("scope", "pii:basic"), ("expires", "30")];
    let account = browser.get("/account");
    let made = browser.submit(&account, "/account/tokens", &fields);
    let notice = |page: &str| {
        let notice = page.split("<p class=\"done\" role=\"status\" tabindex=\"-1\" autofocus>");
        let mut parts = notice.skip(1);
        let words = parts
            .next()
            .map(|rest| rest.split("</p>").next().unwrap().to_owned());
        assert!(parts.next().is_none());
        words
    };
    assert_eq!(notice(&account.page(200)), None);
    assert_eq!(notice(&made.page(200)), None, "the token says it itself");

    let account = browser.get("/account");
    for (form, sentence) in [
        (
            "/account/applications/",
            "<bdi>Badge Buddy</bdi> can no longer use your account.",
        ),
        ("/account/sessions/", "That session has ended."),
        ("/account/tokens/", "The token no longer works."),
    ] {
        let action = account.form_actions(form).remove(0);
        // The second time it is as true as the first.
        for _ in 0..2 {
            let answer = browser.submit(&account, &action, &[]);
            let page = browser.get(answer.header("location").unwrap());
            assert_eq!(notice(&page.page(200)).as_deref(), Some(sentence), "{form}");
        }
    }
    let elsewhere = s.register(json!({"name": "Nowhere Buddy"}));
    for client_id in ["", "1", "x", "1001&client_id=1002", &elsewhere.id] {
        let page = browser.get(&format!("/account?done=access&client_id={client_id}"));
        assert_eq!(notice(&page.page(200)), None, "{client_id}");
    }
    // What is listed can still use the account.
    s.client
        .redeem(&s, &browser.code(&s.client, &[("scope", "pii:basic")]));
    let page = browser.get(&format!("/account?done=access&client_id={}", s.client.id));
    assert_eq!(notice(&page.page(200)), None);
    for other in [
        "",
        "done",
        "done=",
        "done=Access",
        "done=access",
        "done=access+x",
        "done=%3Cb%3Ex",
        "done=access&done=token",
        "notice=x",
    ] {
        let page = browser.get(&format!("/account?{other}")).page(200);
        assert_eq!(notice(&page), None, "{other}");
    }
    let nobody = s.browser().get("/account?done=token");
    assert_eq!(nobody.header("location"), Some("/login?return=/account"));
}

#[test]
fn contract_3_the_account_page_lists_what_an_application_may_do_until_its_integration_goes() {
    let s = Scene::new();
    let browser = s.signed_in();
    s.client.redeem(
        &s,
        &browser.code(&s.client, &[("scope", "badge:print pii:basic")]),
    );
    let listed = || {
        browser
            .get("/account")
            .form_actions("/account/applications/")
            .len()
    };
    let page = browser.get("/account").page(200);
    for part in [
        "Badge Buddy",
        "Prints badges on the spot",
        "Print badges",
        "See your name",
        ">Revoke access</button>",
        ">Sign out</button>",
    ] {
        assert!(page.contains(part), "{part}");
    }
    s.suspend(&s.client);
    s.another_isolate();
    assert_eq!(listed(), 1, "what is paused can be taken back");
    s.resume(&s.client);
    s.delete_integration(&s.client);
    s.another_isolate();
    assert_eq!(listed(), 0);
    s.change(&s.client, json!({"obo_scopes": ["pii:basic"]}));
    s.another_isolate();
    assert_eq!(listed(), 0, "re-creating revives nothing");
    assert!(
        browser
            .authorize(&s.client, &[("scope", "pii:basic")])
            .asks_for_consent()
    );
}

#[test]
fn contract_3_the_account_page_says_what_is_paused_and_lists_only_what_is_approved_still() {
    let s = Scene::new();
    let browser = s.signed_in();
    s.client.redeem(
        &s,
        &browser.code(&s.client, &[("scope", "badge:print pii:basic")]),
    );
    // The form that makes a token names the scopes too.
    let listed = || {
        let page = browser.get("/account").page(200);
        let sections: Vec<&str> = page.split("<section").collect();
        sections[1].to_owned()
    };
    let paused = "Paused by the organiser";
    s.suspend(&s.client);
    s.another_isolate();
    assert!(listed().contains(paused) && listed().contains("Print badges"));
    s.resume(&s.client);
    assert!(!listed().contains(paused), "that is the authority's word");

    s.change_application(&s.client, json!({"status": "suspended"}));
    s.another_isolate();
    assert!(!listed().contains(paused) && listed().contains("Paused at every event"));
    s.change_application(&s.client, json!({"status": "active"}));
    s.another_isolate();

    s.change(&s.client, json!({"obo_scopes": ["pii:basic"]}));
    s.another_isolate();
    assert!(listed().contains("See your name") && !listed().contains("Print badges"));
    s.change(&s.client, json!({"obo_scopes": []}));
    s.another_isolate();
    assert!(!listed().contains("See your name") && listed().contains("No access at present"));
    assert!(listed().contains(">Revoke access</button>"));
    // Approved again, and granted, while the replica still has what was before.
    s.freeze();
    s.change(&s.client, json!({"obo_scopes": ["pii:basic"]}));
    assert!(listed().contains("See your name") && !listed().contains("No access at present"));
}

#[test]
fn contract_3_one_persons_browser_does_nothing_for_another() {
    let s = Scene::new();
    let casey = other_person(&s, "casey@people.example");
    let robins = s.signed_in();
    let page = robins.authorize(&s.client, &[("scope", "pii:basic")]);
    robins.sign_in(&casey);
    let answer = robins.decide(&page, "authorize");
    assert_eq!(answer.status(), 403, "the page was shown to Robin");
    assert!(robins.get("/account").page(200).contains("Casey"));
    let again = robins.get(&authorization(&s.client, &[("scope", "pii:basic")]));
    assert!(again.page(200).contains(&casey.email));
}

#[test]
fn contract_3_account_lists_each_application_however_many_grants_another_has() {
    let s = Scene::new();
    let other = s.another_client();
    assert!(s.client.id < other.id);
    let browser = s.signed_in();
    let grant = |client: &Client| {
        let code = browser.code(client, &[("scope", "pii:basic")]);
        client.redeem(&s, &code);
    };
    for _ in 0..201 {
        grant(&s.client);
    }
    grant(&other);
    let listed = browser
        .get("/account")
        .form_actions("/account/applications/");
    assert_eq!(listed.len(), 2, "{listed:?}");
}
