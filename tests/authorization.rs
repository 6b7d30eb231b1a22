//! Contract 2: the authorization request, refusals first.

mod support;

use serde_json::json;
use support::answer::unescape;
use support::browser::{Browser, authorization};
use support::people::Client;
use support::{CHALLENGE, ORIGIN, Scene, VERIFIER};
use willcall::ledger::outbox::ObjectKind;
use willcall::protocol::encoding::form_encode;

const PKCE: [(&str, &str); 2] = [
    ("code_challenge", CHALLENGE),
    ("code_challenge_method", "S256"),
];

/// The 400 page, which leads nowhere: with `prompt=none` or not, signed in or not.
#[track_caller]
fn assert_unanswerable(s: &Scene, browser: &Browser<'_>, request: &str) {
    for suffix in ["", "&prompt=none"] {
        for browser in [browser, &s.browser()] {
            let page = browser.get(&format!("{request}{suffix}")).page(400);
            assert!(page.contains("This link does not work"), "{page}");
        }
    }
}

/// The error that a request of this client comes back with, and that it comes with all it should.
#[track_caller]
fn error_of(browser: &Browser<'_>, client: &Client, extra: &[(&str, &str)]) -> String {
    let back = browser.authorize(client, extra).redirect();
    assert_eq!(back.base, client.redirect_uri);
    assert_eq!(back.get("state"), Some("st4te"));
    assert_eq!(back.get("iss"), Some(ORIGIN));
    assert_eq!(back.get("code"), None);
    assert!(
        back.get("error_description")
            .is_some_and(|words| !words.is_empty())
    );
    back.error().to_owned()
}

// -- The 400 page, never a redirect -----------------------------------------------------------------

#[test]
fn contract_2_an_unknown_client_id_is_a_page_and_never_a_redirect() {
    let s = Scene::new();
    let browser = s.signed_in();
    let uri = form_encode(&s.client.redirect_uri);
    let id = &s.client.id;
    for client_id in [
        String::new(),
        "client_id=".into(),
        "client_id=9999".into(),
        "client_id=buddy".into(),
        format!("client_id=0{id}"),
        format!("client_id=+{id}"),
        format!("client_id={id}%00"),
        format!("client_id={id}&client_id={id}"),
        "client_id=%ff".into(),
        format!("client_id={}", "9".repeat(40)),
    ] {
        let request = format!("/oauth/authorize?response_type=code&redirect_uri={uri}&{client_id}");
        assert_unanswerable(&s, &browser, &request);
    }
}

#[test]
fn contract_2_a_client_this_event_has_not_approved_or_has_suspended_is_a_page() {
    let s = Scene::new();
    let browser = s.signed_in();
    let request = authorization(&s.client, &[]);
    let stranger = s.register(json!({}));
    assert_unanswerable(&s, &browser, &authorization(&stranger, &[]));
    s.suspend(&s.client);
    s.another_isolate();
    assert_unanswerable(&s, &browser, &request);
    s.resume(&s.client);
    s.another_isolate();
    assert!(browser.get(&request).asks_for_consent());
    s.change_application(&s.client, json!({"status": "suspended"}));
    s.another_isolate();
    assert_unanswerable(&s, &browser, &request);
    s.change_application(&s.client, json!({"status": "active"}));
    s.delete_integration(&s.client);
    s.another_isolate();
    assert_unanswerable(&s, &browser, &request);
    s.change(&s.client, json!({"obo_scopes": ["pii:basic"]}));
    s.delete_application(&s.client);
    s.another_isolate();
    assert_unanswerable(&s, &browser, &request);
}

#[test]
fn contract_2_the_400_page_blames_nobody_for_what_the_organiser_decided_and_tells_developers_the_rest()
 {
    let s = Scene::new();
    let (blame, developers) = ("made a mistake", "<h2>For developers</h2>");
    let organiser =
        "The organiser of this event has not approved this application, or it is suspended.";
    let stranger = s.register(json!({}));
    let not_approved = s.browser().authorize(&stranger, &[]).page(400);
    assert!(not_approved.contains("cannot use this application at this event"));
    assert!(not_approved.contains(organiser), "{not_approved}");
    assert!(!not_approved.contains(blame) && !not_approved.contains(developers));

    let uri = s.client.redirect_uri.as_str();
    let long = "x".repeat(9000);
    for (extra, words) in [
        (
            ("client_id", ""),
            "client_id is missing, repeated, or not a number.",
        ),
        (
            ("client_id", "9999"),
            "There is no application with this client_id.",
        ),
        (
            ("redirect_uri", "https://evil.example/"),
            "redirect_uri is not one of the addresses registered for this application.",
        ),
        (("state", &long), "The request is longer than 8 KiB."),
    ] {
        let page = s.browser().authorize(&s.client, &[extra]).page(400);
        let (people, developers) = page.split_once(developers).unwrap();
        assert!(people.contains(blame) && !people.contains(words), "{page}");
        assert!(developers.contains(words), "{page}");
    }
    let sent = json!({"client_id": s.client.id, "redirect_uri": uri, "response_type": "code"});
    let page = s.post("/oauth/authorize").json(&sent).send().page(400);
    let (_, developers) = page.split_once(developers).unwrap();
    assert!(developers.contains("application/x-www-form-urlencoded"));
    assert!(!page.contains("client_id"), "{page}");

    s.suspend(&s.client);
    s.another_isolate();
    let suspended = s.browser().authorize(&s.client, &[]).page(400);
    assert_eq!(suspended, not_approved, "which of the two is not said");
}

#[test]
fn contract_2_a_redirect_uri_is_byte_for_byte_one_of_those_registered() {
    let s = Scene::new();
    let browser = s.signed_in();
    for wrong in [
        "https://buddy.example/callback/",
        "https://buddy.example/callback?x=1",
        "https://buddy.example/callback#",
        "https://buddy.example/Callback",
        "https://BUDDY.example/callback",
        "HTTPS://buddy.example/callback",
        "https://buddy.example:443/callback",
        "https://buddy.example/callbac",
        "https://buddy.example/callback%00",
        "https://buddy.example/%63allback",
        "https://buddy.example/x/../callback",
        "https://buddy.example@evil.example/callback",
        "https://evil.example/?https://buddy.example/callback",
        "http://buddy.example/callback",
        "//buddy.example/callback",
        "javascript:alert(1)",
        " https://buddy.example/callback",
        "https://buddy.example/callback ",
    ] {
        let request = authorization(&s.client, &[("redirect_uri", wrong)]);
        assert_unanswerable(&s, &browser, &request);
    }
    let request = authorization(&s.client, &[]);
    assert_unanswerable(
        &s,
        &browser,
        &format!(
            "{request}&redirect_uri={}",
            form_encode(&s.client.redirect_uri)
        ),
    );
    let bad = authorization(&s.client, &[("redirect_uri", "")]);
    assert_unanswerable(&s, &browser, &format!("{bad}&redirect_uri=%ff"));
}

#[test]
fn contract_2_a_redirect_uri_may_be_left_out_only_when_exactly_one_is_registered() {
    let s = Scene::new();
    let browser = s.signed_in();
    let left_out = authorization(&s.client, &[("redirect_uri", "")]);
    let answer = browser.get(&left_out);
    assert_eq!(
        browser.decide(&answer, "deny").redirect().base,
        s.client.redirect_uri
    );
    assert!(
        browser
            .get(&format!("{left_out}&redirect_uri="))
            .asks_for_consent(),
        "empty counts as absent"
    );
    s.change_application(
        &s.client,
        json!({"redirect_uris": [s.client.redirect_uri, "https://buddy.example/2"]}),
    );
    s.another_isolate();
    assert_unanswerable(&s, &browser, &left_out);
    s.change_application(&s.client, json!({"redirect_uris": []}));
    s.another_isolate();
    assert_unanswerable(&s, &browser, &left_out);
}

#[test]
fn rfc8252_7_3_a_public_clients_loopback_address_matches_on_any_port_and_nothing_else_does() {
    let s = Scene::new();
    let browser = s.signed_in();
    let registered = [
        "http://127.0.0.1/cb",
        "http://[::1]:3000/cb",
        "http://localhost:3000/cb",
    ];
    let public = s.public_client(&registered);
    for right in [
        "http://127.0.0.1/cb",
        "http://127.0.0.1:49152/cb",
        "http://[::1]/cb",
        "http://[::1]:1/cb",
        "http://localhost:3000/cb",
    ] {
        let request = authorization(&public, &[PKCE[0], PKCE[1], ("redirect_uri", right)]);
        let answer = browser.get(&request);
        assert_eq!(browser.decide(&answer, "deny").redirect().base, right);
    }
    for wrong in [
        "http://localhost:3001/cb",
        "http://localhost/cb",
        "http://127.0.0.1:49152/other",
        "http://127.0.0.1:49152/cb?x",
        "http://127.0.0.1:x/cb",
        "http://127.0.0.1:99999/cb",
        "http://127.0.0.1.evil.example/cb",
        "http://127.0.0.1@evil.example/cb",
        "http://127.0.0.2:3000/cb",
        "https://127.0.0.1:3000/cb",
    ] {
        assert_unanswerable(
            &s,
            &browser,
            &authorization(&public, &[PKCE[0], PKCE[1], ("redirect_uri", wrong)]),
        );
    }
    let confidential = s.register(json!({"redirect_uris": ["http://127.0.0.1/cb"]}));
    s.change(&confidential, json!({"obo_scopes": ["pii:basic"]}));
    assert_unanswerable(
        &s,
        &browser,
        &authorization(&confidential, &[("redirect_uri", "http://127.0.0.1:5/cb")]),
    );
}

#[test]
fn contract_2_a_request_of_more_than_8_kib_is_the_400_page() {
    let s = Scene::new();
    let browser = s.signed_in();
    let bare = authorization(&s.client, &[]);
    let query = bare.split_once('?').unwrap().1;
    let filled = |length: usize| {
        let filler = "x".repeat(length - query.len() - 3);
        format!("{query}&x={filler}")
    };
    let (most, more) = (filled(8192), filled(8193));
    assert_eq!((most.len(), more.len()), (8192, 8193));
    assert!(
        browser
            .get(&format!("/oauth/authorize?{most}"))
            .asks_for_consent()
    );
    browser.get(&format!("/oauth/authorize?{more}")).page(400);
    let post = |body: &str| {
        let form = "application/x-www-form-urlencoded";
        s.post("/oauth/authorize").raw(form, body.as_bytes()).send()
    };
    assert_eq!(post(&most).status(), 303);
    post(&more).page(400);
}

// -- POST -------------------------------------------------------------------------------------------

#[test]
fn contract_2_a_post_is_checked_for_the_400_cases_and_sent_on_as_get_from_anywhere() {
    let s = Scene::new();
    for path in [
        "/oauth/authorize",
        "/oauth2/authorize",
        "/connect/authorize",
    ] {
        let usual = [
            ("response_type", "code"),
            ("client_id", s.client.id.as_str()),
            ("redirect_uri", &s.client.redirect_uri),
            ("state", "a b&c=d#é\r\n"),
            ("nonsense", "kept"),
        ];
        let answer = s
            .post(path)
            .origin("https://evil.example")
            .form(&usual)
            .send();
        let onward = answer.redirect();
        assert_eq!(onward.base, path);
        for (name, value) in usual {
            assert_eq!(onward.get(name), Some(value));
        }
        let wrong = [
            usual[0],
            usual[1],
            ("redirect_uri", "https://evil.example/"),
        ];
        s.post(path).form(&wrong).send().page(400);
    }
    let text = s
        .post("/oauth/authorize")
        .raw("text/plain", b"client_id=1001");
    text.send().page(400);
    s.post("/oauth/authorize")
        .raw("application/x-www-form-urlencoded", b"")
        .send()
        .page(400);
}

#[test]
fn contract_7_a_redirect_uri_taken_away_or_pkce_demanded_holds_within_90_seconds() {
    let s = Scene::new();
    let browser = s.signed_in();
    let request = authorization(&s.client, &[("scope", "pii:basic")]);
    assert!(browser.get(&request).asks_for_consent());
    s.change_application(&s.client, json!({"require_pkce": true}));
    s.wait(support::STALE);
    assert_eq!(
        error_of(&browser, &s.client, &[("scope", "pii:basic")]),
        "invalid_request"
    );
    assert!(browser.authorize(&s.client, &PKCE).asks_for_consent());
    let elsewhere = json!({"redirect_uris": ["https://buddy.example/new"]});
    s.change_application(&s.client, elsewhere);
    s.wait(support::STALE);
    assert_unanswerable(&s, &browser, &request);
}

#[test]
fn contract_2_a_post_of_each_of_the_400_cases_is_the_page() {
    let s = Scene::new();
    let post = |pairs: &[(&str, &str)]| {
        let code = [("response_type", "code")];
        let all: Vec<(&str, &str)> = code.iter().chain(pairs).copied().collect();
        s.post("/oauth/authorize").form(&all).send()
    };
    let stranger = s.register(json!({}));
    post(&[("client_id", &stranger.id)]).page(400);
    let id = ("client_id", s.client.id.as_str());
    let uri = ("redirect_uri", s.client.redirect_uri.as_str());
    post(&[id, id, uri]).page(400);
    post(&[id, uri, uri]).page(400);
    post(&[id]).redirect();
    let two = json!({"redirect_uris": [uri.1, "https://buddy.example/other"]});
    s.change_application(&s.client, two);
    s.another_isolate();
    post(&[id]).page(400);
    post(&[id, uri]).redirect();
    s.suspend(&s.client);
    s.another_isolate();
    post(&[id, uri]).page(400);
}

#[test]
fn contract_2_a_post_keeps_repeats_for_the_get_to_refuse() {
    let s = Scene::new();
    let browser = s.signed_in();
    let pairs = [
        ("response_type", "code"),
        ("client_id", s.client.id.as_str()),
        ("state", "one"),
        ("state", "two"),
    ];
    let answer = browser.post("/oauth/authorize", &pairs);
    let location = answer.header("location").unwrap();
    assert!(location.ends_with("&state=one&state=two"), "{location}");
    let back = browser.get(location).redirect();
    assert_eq!(
        (back.error(), back.get("state")),
        ("invalid_request", None),
        "{back:?}"
    );
}

#[test]
fn contract_2_a_posted_request_never_breaks_out_of_the_location_header() {
    let s = Scene::new();
    let body = format!(
        "client_id={}&state=\r\nSet-Cookie: a=b\u{e9}\"<>",
        s.client.id
    );
    let answer = s
        .post("/oauth/authorize")
        .raw("application/x-www-form-urlencoded", body.as_bytes())
        .send();
    let location = answer.header("location").unwrap();
    assert!(
        location.bytes().all(|byte| (0x21..=0x7e).contains(&byte)),
        "{location}"
    );
    assert_eq!(
        answer.redirect().get("state"),
        Some("\r\nSet-Cookie: a=b\u{e9}\"<>")
    );
}

// -- Faults that are told to the application ---------------------------------------------------------

#[test]
fn contract_2_what_is_wrong_with_the_rest_is_told_by_redirect() {
    let s = Scene::new();
    let browser = s.signed_in();
    let strict = s.register(json!({"require_pkce": true}));
    s.change(&strict, json!({"obo_scopes": ["pii:basic"]}));
    let public = s.public_client(&["https://pocket.example/cb"]);
    let as_service_only = s.register(json!({}));
    s.change(&as_service_only, json!({"service_scopes": ["stats:read"]}));
    let challenge = ("code_challenge", CHALLENGE);
    let none: &[(&str, &str)] = &[];
    for (client, extra, error) in [
        (&s.client, &[("response_type", "")][..], "invalid_request"),
        (
            &s.client,
            &[("response_type", "token")],
            "unsupported_response_type",
        ),
        (
            &s.client,
            &[("response_type", "code id_token")],
            "unsupported_response_type",
        ),
        (
            &s.client,
            &[("response_type", "CODE")],
            "unsupported_response_type",
        ),
        (
            &s.client,
            &[("response_mode", "web_message")],
            "invalid_request",
        ),
        (&s.client, &[("prompt", "none login")], "invalid_request"),
        (&s.client, &[("prompt", "consent none")], "invalid_request"),
        (&s.client, &[("max_age", "soon")], "invalid_request"),
        (&s.client, &[("max_age", "-1")], "invalid_request"),
        (&s.client, &[("max_age", "+5")], "invalid_request"),
        (&s.client, &[challenge], "invalid_request"),
        (
            &s.client,
            &[challenge, ("code_challenge_method", "plain")],
            "invalid_request",
        ),
        (
            &s.client,
            &[challenge, ("code_challenge_method", "s256")],
            "invalid_request",
        ),
        (
            &s.client,
            &[("code_challenge_method", "S256")],
            "invalid_request",
        ),
        (
            &s.client,
            &[
                ("code_challenge", "short"),
                ("code_challenge_method", "S256"),
            ],
            "invalid_request",
        ),
        (&strict, none, "invalid_request"),
        (&public, none, "invalid_request"),
        (&as_service_only, none, "unauthorized_client"),
        (&s.client, &[("scope", "schedule:edit")], "invalid_scope"),
        (
            &s.client,
            &[("scope", "pii:basic no:such")],
            "invalid_scope",
        ),
        (&s.client, &[("scope", "report:read")], "invalid_scope"),
        (&s.client, &[("scope", "user:read")], "invalid_scope"),
        (&s.client, &[("scope", "pii:basic\u{e9}")], "invalid_scope"),
        (&s.client, &[("scope", "PII:basic")], "invalid_scope"),
    ] {
        assert_eq!(error_of(&browser, client, extra), error, "{extra:?}");
    }
    let asked = [("scope", "pii:basic,pii:email pii:basic")];
    let back = browser.authorize(&s.client, &asked).redirect();
    let said = back.get("error_description").unwrap();
    assert!(
        said.starts_with("The scope pii:basic,pii:email is unknown"),
        "{said}"
    );
}

#[test]
fn contract_2_a_repeated_parameter_is_invalid_request() {
    let s = Scene::new();
    let browser = s.signed_in();
    for name in [
        "response_type",
        "scope",
        "response_mode",
        "prompt",
        "max_age",
        "login_hint",
        "code_challenge",
        "code_challenge_method",
    ] {
        let request = authorization(&s.client, &[("response_type", "")]);
        let twice = format!("{request}&{name}=code&{name}=code");
        let with_type = if name == "response_type" {
            twice
        } else {
            format!("{twice}&response_type=code")
        };
        let back = browser.get(&with_type).redirect();
        assert_eq!(
            (back.error(), back.get("state")),
            ("invalid_request", Some("st4te")),
            "{name}"
        );
        let said = |words: &str| Some(format!("{name} {words}."));
        assert_eq!(
            back.get("error_description").map(str::to_owned),
            said("is repeated")
        );
        let not_text =
            with_type.replace(&format!("{name}=code&{name}=code"), &format!("{name}=%ff"));
        let back = browser.get(&not_text).redirect();
        assert_eq!(back.error(), "invalid_request", "{name}");
        assert_eq!(
            back.get("error_description").map(str::to_owned),
            said("is not valid UTF-8")
        );
    }
}

#[test]
fn contract_2_of_a_repeated_state_none_is_returned() {
    let s = Scene::new();
    let request = authorization(&s.client, &[]);
    let back = s
        .signed_in()
        .get(&format!("{request}&state=other"))
        .redirect();
    assert_eq!((back.error(), back.get("state")), ("invalid_request", None));
}

#[test]
fn contract_2_an_unusable_response_mode_is_answered_in_the_query() {
    let s = Scene::new();
    let browser = s.signed_in();
    let request = authorization(&s.client, &[("response_mode", "")]);
    for bad in [
        "response_mode=nonsense",
        "response_mode=fragment&response_mode=fragment",
        "response_mode=%ff",
    ] {
        let answer = browser.get(&format!("{request}&{bad}"));
        assert!(
            answer
                .header("location")
                .unwrap()
                .contains("?error=invalid_request&"),
            "{bad}"
        );
    }
}

#[test]
fn contract_2_an_empty_parameter_counts_as_absent_and_unknown_ones_are_ignored() {
    let s = Scene::new();
    let browser = s.signed_in();
    let request = authorization(&s.client, &[("state", "")]);
    let empty = "state=&scope=&response_mode=&prompt=&max_age=&login_hint=&code_challenge=&code_challenge_method=";
    let odd = "nonce=1&nonce=2&%ff=1&%ff&=&&resource=x&resource=y";
    let page = browser.get(&format!("{request}&{empty}&{odd}"));
    let back = browser.decide(&page, "authorize").redirect();
    assert_eq!(back.get("state"), None, "an empty state is no state");
    let tokens = s.client.redeem(&s, back.code());
    assert_eq!(
        tokens.scope,
        "badge:print pii:basic pii:email shirt:order stats:read user:roles"
    );
}

#[test]
fn contract_2_a_fault_of_ours_is_told_to_a_silent_application_and_shown_to_a_person() {
    let s = Scene::new();
    let browser = s.signed_in();
    s.take_down(Some(ObjectKind::Account));
    let silent = [("prompt", "none")];
    assert_eq!(
        error_of(&browser, &s.client, &silent),
        "temporarily_unavailable"
    );
    let shown = browser.authorize(&s.client, &[]);
    shown.page(503);
    assert!(shown.header("retry-after").is_some());
    for kind in [ObjectKind::Event, ObjectKind::Platform] {
        s.take_down(Some(kind));
        // Wrong by the replica's records, which may be behind, and nobody can be asked.
        let doubtful = [("prompt", "none"), ("scope", "no:such")];
        assert_eq!(
            error_of(&browser, &s.client, &doubtful),
            "temporarily_unavailable"
        );
        browser
            .authorize(&s.client, &[("scope", "no:such")])
            .page(503);
    }
    s.take_down(None);
    s.break_down(Some(ObjectKind::Account));
    let back = browser.authorize(&s.client, &silent).redirect();
    assert_eq!(
        (back.base.as_str(), back.error()),
        (s.client.redirect_uri.as_str(), "server_error")
    );
    assert_eq!(
        (back.get("state"), back.get("iss")),
        (Some("st4te"), Some(ORIGIN))
    );
    browser.authorize(&s.client, &[]).page(500);
}

#[test]
fn rfc9700_4_11_2_nobody_is_sent_on_before_they_signed_in() {
    let s = Scene::new();
    for extra in [
        &[("response_type", "token")][..],
        &[("scope", "no:such")],
        &[("prompt", "none login")],
        &[("code_challenge", "x")],
        &[("prompt", "nonsense")],
        &[],
    ] {
        let answer = s.browser().authorize(&s.client, extra);
        assert!(answer.asks_to_sign_in(), "{extra:?} {:?}", answer.0.headers);
    }
    // Signed in, the same person is told, and so is the application.
    let browser = s.browser();
    let asked = browser.authorize(&s.client, &[("scope", "no:such")]);
    let back = browser.sign_in_where_asked(&asked, &s.robin).redirect();
    assert_eq!(
        (back.base.as_str(), back.error()),
        (s.client.redirect_uri.as_str(), "invalid_scope")
    );
}

// -- prompt and max_age -------------------------------------------------------------------------------

#[test]
fn contract_2_prompt_none_never_shows_a_page() {
    let s = Scene::new();
    let silent = ("prompt", "none");
    assert_eq!(
        error_of(&s.browser(), &s.client, &[silent]),
        "login_required"
    );
    assert_eq!(
        error_of(&s.browser(), &s.client, &[silent, ("scope", "no:such")]),
        "invalid_scope"
    );
    let browser = s.signed_in();
    assert_eq!(error_of(&browser, &s.client, &[silent]), "consent_required");
    assert_eq!(
        error_of(&browser, &s.client, &[silent, ("max_age", "0")]),
        "login_required"
    );
    s.change_robin(json!({"permissions": []}));
    assert_eq!(
        error_of(&browser, &s.client, &[silent, ("scope", "badge:print")]),
        "invalid_request"
    );
    browser.code(&s.client, &[("scope", "pii:basic")]);
    let code = browser.code(&s.client, &[("scope", "stats:read")]);
    s.client.redeem(&s, &code);
    let back = browser
        .authorize(&s.client, &[silent, ("scope", "stats:read")])
        .redirect();
    assert!(back.get("error").is_none());
    s.client.redeem(&s, back.code());
}

#[test]
fn contract_2_prompt_is_a_set_and_other_values_are_ignored() {
    let s = Scene::new();
    let browser = s.signed_in();
    let scope = ("scope", "pii:basic");
    s.client.redeem(&s, &browser.code(&s.client, &[scope]));
    let straight = |prompt: &str| browser.authorize(&s.client, &[scope, ("prompt", prompt)]);
    straight("select_account").redirect().code();
    straight("create").redirect().code();
    assert!(straight("consent").asks_for_consent());
    assert!(straight("select_account consent").asks_for_consent());
    assert!(straight("login").asks_to_sign_in());
    let both = browser.sign_in_where_asked(&straight("consent login"), &s.robin);
    assert!(both.asks_for_consent());
}

#[test]
fn contract_3_prompt_login_asks_again_even_with_a_session_and_once() {
    let s = Scene::new();
    let browser = s.signed_in();
    let again = browser.authorize(&s.client, &[("prompt", "login")]);
    let page = browser.sign_in_where_asked(&again, &s.robin);
    assert!(page.asks_for_consent(), "once is enough");
    let tokens = s
        .client
        .redeem(&s, browser.decide(&page, "authorize").redirect().code());
    s.assert_lives(&tokens);
    assert!(
        browser
            .authorize(&s.client, &[("prompt", "login")])
            .asks_to_sign_in(),
        "every request asks"
    );
}

#[test]
fn contract_3_the_proof_of_a_fresh_sign_in_is_for_one_request_and_one_session() {
    let s = Scene::new();
    let browser = s.browser();
    let demand = [("prompt", "login"), ("scope", "pii:basic")];
    let asked = browser.authorize(&s.client, &demand);
    let page = browser.get(asked.header("location").unwrap());
    let signed_in = browser.submit(
        &page,
        "/login",
        &[("email", &s.robin.email), ("password", support::PASSWORD)],
    );
    let proven = signed_in.header("location").unwrap().to_owned();
    let proof = proven.rsplit_once('&').unwrap().1;
    assert!(browser.get(&proven).asks_for_consent());
    let other = authorization(&s.client, &[("prompt", "login"), ("scope", "pii:email")]);
    assert!(
        browser.get(&format!("{other}&{proof}")).asks_to_sign_in(),
        "another request"
    );
    let elsewhere = s.signed_in();
    assert!(elsewhere.get(&proven).asks_to_sign_in(), "another session");
    assert!(
        browser
            .get(&proven.replace("wc_fresh=", "wc_fresh=x"))
            .asks_to_sign_in(),
        "forged"
    );
    s.wait(60);
    assert!(browser.get(&proven).asks_for_consent());
    s.wait(1);
    assert!(
        browser.get(&proven).asks_to_sign_in(),
        "the request opened again later"
    );
}

#[test]
fn oidc_core_3_1_2_1_max_age_asks_whoever_signed_in_longer_ago() {
    let s = Scene::new();
    let browser = s.signed_in();
    s.wait(100);
    assert!(
        browser
            .authorize(&s.client, &[("max_age", "100")])
            .asks_for_consent()
    );
    assert!(
        browser
            .authorize(&s.client, &[("max_age", "99")])
            .asks_to_sign_in()
    );
    let asked = browser.authorize(&s.client, &[("max_age", "0")]);
    assert!(
        browser
            .sign_in_where_asked(&asked, &s.robin)
            .asks_for_consent()
    );
}

#[test]
fn oidc_core_3_1_2_1_login_hint_is_written_into_the_sign_in_form() {
    let s = Scene::new();
    let browser = s.browser();
    let shown = |hint: &str| {
        let asked = browser.authorize(&s.client, &[("login_hint", hint)]);
        browser.get(asked.header("location").unwrap()).page(200)
    };
    assert!(shown("casey@people.example").contains("value=\"casey@people.example\""));
    assert!(!shown("\"><script>@x").contains("<script>@x"));
}

// -- What the person may grant ------------------------------------------------------------------------

#[test]
fn contract_2_a_scope_beyond_the_persons_permissions_is_a_403_page_with_one_way_back() {
    let s = Scene::new();
    s.change_robin(json!({"permissions": [], "roles": []}));
    let browser = s.signed_in();
    let asked = ("scope", "pii:basic badge:print shirt:order");
    let answer = browser.authorize(&s.client, &[asked]);
    let page = answer.page(403);
    assert!(page.contains("<h1>Invalid request</h1>"));
    assert!(page.contains("Print badges") && page.contains("Order shirts"));
    assert!(
        !page.contains("See your name"),
        "only those that are missing"
    );
    assert_eq!(page.matches("<button").count(), 1);
    let back = answer.form(&s.client.redirect_uri);
    let value = |name: &str| {
        back.iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    };
    assert_eq!(value("error"), Some("invalid_request"));
    assert_eq!(value("state"), Some("st4te"));
    assert_eq!(value("iss"), Some(ORIGIN));
    assert_eq!(value("code"), None);
    let silent = error_of(&browser, &s.client, &[asked, ("prompt", "none")]);
    assert_eq!(silent, "invalid_request");
}

#[test]
fn contract_2_with_no_scope_the_person_grants_what_they_may_of_what_is_approved() {
    let s = Scene::new();
    let browser = s.signed_in();
    s.change_robin(json!({"permissions": ["shirts"], "roles": []}));
    let tokens = s.client.redeem(&s, &browser.code(&s.client, &[]));
    assert_eq!(
        tokens.scope,
        "pii:basic pii:email shirt:order stats:read user:roles"
    );
    s.change(&s.client, json!({"obo_scopes": ["badge:print"]}));
    s.another_isolate();
    let page = browser.authorize(&s.client, &[]).page(403);
    assert!(page.contains("Invalid request") && page.contains("Print badges"));
    assert_eq!(
        error_of(&browser, &s.client, &[("prompt", "none")]),
        "invalid_request"
    );
}

#[test]
fn contract_2_the_403_pages_way_back_takes_the_request_s_own_mode() {
    let s = Scene::new();
    let own = "https://buddy.example/cb?flag&a=b%20c&k=x/y:z";
    let client = s.register(json!({"redirect_uris": [own]}));
    s.change(&client, json!({"obo_scopes": ["badge:print"]}));
    s.change_robin(json!({"permissions": []}));
    let browser = s.signed_in();
    // A browser would write the query of a form anew: what is registered comes back as it is.
    for (mode, mark) in [("query", '&'), ("fragment", '#')] {
        let page = browser
            .authorize(&client, &[("response_mode", mode)])
            .page(403);
        let link = page.split("class=\"button\" href=\"").nth(1).unwrap();
        let link = unescape(link.split('"').next().unwrap());
        let start = format!("{own}{mark}error=invalid_request&");
        assert!(link.starts_with(&start), "{link}");
        assert!(!page.contains("<button"), "one way back");
    }
    let post = browser.authorize(&client, &[("response_mode", "form_post")]);
    assert!(
        post.form(own)
            .contains(&("error".into(), "invalid_request".into()))
    );
    assert!(
        post.page(403)
            .contains("<form class=\"stub\" method=\"post\"")
    );
}

#[test]
fn contract_2_form_post_is_unusable_where_an_app_is_opened_by_its_scheme() {
    let s = Scene::new();
    let app = s.public_client(&["com.pocket.app:/cb"]);
    let browser = s.signed_in();
    let back = browser
        .authorize(&app, &[("response_mode", "form_post")])
        .redirect();
    assert_eq!(back.error(), "invalid_request");
}

// -- Success ------------------------------------------------------------------------------------------

#[test]
fn rfc9207_2_every_answer_names_its_issuer_and_returns_the_state_untouched() {
    let s = Scene::new();
    let browser = s.signed_in();
    for state in ["st4te", "a b+c&d=e%20#?é\"<>'\\", "\u{1F39F}", " ", "=&="] {
        for mode in ["query", "fragment"] {
            let extra = [("state", state), ("response_mode", mode)];
            let answer = browser.allow(&s.client, &extra);
            let mark = if mode == "query" { "?" } else { "#" };
            assert!(
                answer
                    .header("location")
                    .unwrap()
                    .starts_with(&format!("{}{mark}", s.client.redirect_uri))
            );
            let back = answer.redirect();
            assert_eq!(
                (back.get("state"), back.get("iss")),
                (Some(state), Some(ORIGIN))
            );
            assert!(!back.code().is_empty());
            assert_eq!(back.params.len(), 3);
        }
    }
}

#[test]
fn contract_2_form_post_is_a_page_that_posts_itself_with_a_button() {
    let s = Scene::new();
    let browser = s.signed_in();
    let answer = browser.allow(
        &s.client,
        &[("response_mode", "form_post"), ("state", "\"><b>")],
    );
    let page = answer.page(200);
    assert!(page.contains("<button type=\"submit\">") && page.contains("<script src=\"/static/"));
    let fields = answer.form(&s.client.redirect_uri);
    assert!(fields.contains(&("state".into(), "\"><b>".into())));
    assert!(fields.contains(&("iss".into(), ORIGIN.into())));
    let code = &fields.iter().find(|(name, _)| name == "code").unwrap().1;
    s.client.redeem(&s, code);
}

#[test]
fn rfc6749_3_1_2_a_registered_query_is_kept() {
    let s = Scene::new();
    let client = s.register(json!({"redirect_uris": ["https://buddy.example/cb?own=1"]}));
    s.change(&client, json!({"obo_scopes": ["pii:basic"]}));
    let browser = s.signed_in();
    let query = browser.allow(&client, &[]);
    assert!(
        query
            .header("location")
            .unwrap()
            .starts_with("https://buddy.example/cb?own=1&code=")
    );
    let fragment = browser.allow(&client, &[("response_mode", "fragment")]);
    assert!(
        fragment
            .header("location")
            .unwrap()
            .starts_with("https://buddy.example/cb?own=1#code=")
    );
}

#[test]
fn rfc7636_4_3_a_client_that_must_use_pkce_can() {
    let s = Scene::new();
    let browser = s.signed_in();
    let public = s.public_client(&["https://pocket.example/cb"]);
    let strict = s.register(json!({"require_pkce": true}));
    s.change(&strict, json!({"obo_scopes": ["pii:basic"]}));
    for client in [&public, &strict, &s.client] {
        let code = browser.code(client, &PKCE);
        client
            .try_to_redeem(&s, &code, &[("code_verifier", VERIFIER)])
            .ok();
    }
}

#[test]
fn contract_2_nothing_is_stored_before_a_code_is_redeemed() {
    let s = Scene::new();
    let browser = s.signed_in();
    let page = browser.authorize(&s.client, &[("state", "findme")]);
    let before = s.memory.everything_stored();
    let code = browser
        .decide(&page, "authorize")
        .redirect()
        .code()
        .to_owned();
    assert_eq!(s.memory.everything_stored(), before);
    assert!(code.len() < 1024, "{}", code.len());
    s.client.redeem(&s, &code);
    assert_ne!(s.memory.everything_stored(), before);
}

#[test]
fn contract_2_what_would_be_wrong_is_judged_by_the_authority_and_never_by_a_replica() {
    let s = Scene::new();
    let browser = s.signed_in();
    let late = s.register(json!({}));
    s.freeze();
    s.change(&late, json!({"obo_scopes": ["pii:basic"]}));
    s.another_isolate();
    browser.code(&late, &[]);
    // A scope, a permission's role and a redirect URI that no replica knows yet.
    s.put_roles(&s.event, json!([{"name": "staff", "permissions": ["shirts"]}, {"name": "printer", "permissions": ["badges"]}]));
    s.change_robin(json!({"permissions": [], "roles": ["printer"]}));
    s.another_isolate();
    browser.code(&s.client, &[("scope", "badge:print")]);
    s.change(&s.client, json!({"obo_scopes": ["schedule:edit"]}));
    s.another_isolate();
    browser.code(&s.client, &[("scope", "schedule:edit")]);
    s.change_application(
        &s.client,
        json!({"redirect_uris": ["https://buddy.example/new"]}),
    );
    s.another_isolate();
    let moved = [
        ("redirect_uri", "https://buddy.example/new"),
        ("scope", "schedule:edit"),
    ];
    browser.code(&s.client, &moved);
    s.change_application(&s.client, json!({"status": "suspended"}));
    s.thaw();
    s.another_isolate();
    s.browser().authorize(&s.client, &moved).page(400);
    s.freeze();
    s.change_application(&s.client, json!({"status": "active"}));
    s.another_isolate();
    browser.code(&s.client, &moved);
}

#[test]
fn contract_2_with_kv_empty_everything_still_works() {
    let s = Scene::new();
    s.freeze_empty();
    s.another_isolate();
    let tokens = s.granted("");
    s.another_isolate();
    s.whoami(&tokens.access).ok();
    let next = s.assert_lives(&tokens);
    s.another_isolate();
    s.client.revoke(&s, &next.refresh);
    s.assert_ended(&next);
}

#[test]
fn contract_2_a_scope_just_approved_is_among_those_a_request_without_scope_gets() {
    let s = Scene::new();
    let client =
        s.register(json!({"name": "Newcomer", "redirect_uris": ["https://new.example/cb"]}));
    s.change(&client, json!({"obo_scopes": ["pii:basic"]}));
    let browser = s.signed_in();
    browser.authorize(&client, &[]);
    s.freeze();
    s.change(&client, json!({"obo_scopes": ["pii:basic", "pii:email"]}));
    let code = browser.code(&client, &[]);
    assert_eq!(client.redeem(&s, &code).scope, "pii:basic pii:email");
}

#[test]
fn contract_7_no_code_is_made_for_an_integration_suspended_a_moment_ago() {
    let s = Scene::new();
    let browser = s.signed_in();
    browser.code(&s.client, &[("scope", "pii:basic")]);
    let page = browser.authorize(&s.client, &[("scope", "pii:email")]);
    s.freeze();
    s.suspend(&s.client);
    let answer = browser.submit(&page, "/account/consent", &[("decision", "authorize")]);
    assert_eq!(answer.status(), 400);
    let answer = browser.authorize(&s.client, &[("scope", "pii:basic")]);
    assert_eq!(answer.status(), 400);
}

#[test]
fn contract_2_a_silent_request_is_never_refused_on_a_replicas_word() {
    let s = Scene::new();
    let before = s.replicas_now();
    s.delete_integration(&s.client);
    s.change(
        &s.client,
        json!({"obo_scopes": support::scene::OBO, "service_scopes": support::scene::SERVICE}),
    );
    s.another_isolate();
    s.granted("pii:basic");
    let browser = s.signed_in();
    s.freeze_at(before);
    for parameters in [
        [("scope", "pii:basic"), ("prompt", "none")],
        [("scope", "pii:basic"), ("prompt", "")],
    ] {
        s.another_isolate();
        let answer = browser.authorize(&s.client, &parameters);
        if parameters[1].1 == "none" {
            let location = answer.header("location").unwrap_or_default();
            assert!(location.contains("code="), "{location}");
        } else {
            answer.page(200);
        }
    }
}
