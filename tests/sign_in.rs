//! Contract 3: signing in and out, and sessions; refusals first.

mod support;

use serde_json::json;
use support::browser::Browser;
use support::{EMAIL, ORIGIN, PASSWORD, Scene, cheap_hash};
use willcall::ledger::outbox::ObjectKind;

const WRONG: &str = "not the right one";

// -- Signing in: what is refused -----------------------------------------------------------------------------

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

// -- Sessions ------------------------------------------------------------------------------------------------

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
    let joerg = s.other_person("jörg@bücher.example");
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
    let casey = s.other_person("casey@people.example");
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
