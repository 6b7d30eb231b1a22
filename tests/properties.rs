//! What holds whatever happens.

mod support;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;
use support::people::Tokens;
use support::scene::{catalogue, words};
use support::world::in_url;
use support::{CHALLENGE, PASSWORD, Scene, VERIFIER};
use willcall::protocol::scope::Scope;

const PATHS: [&str; 30] = [
    "/oauth/authorize",
    "/oauth2/authorize",
    "/connect/authorize",
    "/api/oauth/token",
    "/oauth2/token",
    "/connect/token",
    "/api/oauth/revoke",
    "/connect/revocation",
    "/api/oauth/introspect",
    "/connect/introspect",
    "/.well-known/oauth-authorization-server",
    "/api/users/current",
    "/api/users",
    "/api/users/acc_1",
    "/api/users/%00",
    "/",
    "/login",
    "/logout",
    "/account",
    "/account/consent",
    "/account/tokens",
    "/account/tokens/x/revoke",
    "/account/sessions/x/end",
    "/account/applications/1001/revoke",
    "/account/applications/x/revoke",
    "/static/willcall.css",
    "/static/x",
    "/healthz",
    "/api/admin/events",
    "/api/admin/x/y/z",
];
const NAMES: [&str; 24] = [
    "client_id",
    "client_secret",
    "response_type",
    "redirect_uri",
    "scope",
    "state",
    "response_mode",
    "prompt",
    "max_age",
    "login_hint",
    "code_challenge",
    "code_challenge_method",
    "grant_type",
    "code",
    "code_verifier",
    "refresh_token",
    "token",
    "return",
    "email",
    "password",
    "form_token",
    "decision",
    "request",
    "wc_fresh",
];
const VALUES: [&str; 28] = [
    "",
    "1001",
    "1002",
    "code",
    "token",
    "https://buddy.example/callback",
    "http://127.0.0.1:99/cb",
    "https://evil.example/",
    "pii:basic",
    "badge:print pii:email",
    "no:such",
    "query",
    "fragment",
    "form_post",
    "none",
    "login consent",
    "0",
    "99999999999999999999",
    CHALLENGE,
    "S256",
    "authorization_code",
    "refresh_token",
    "client_credentials",
    VERIFIER,
    "%ff",
    "a%00b",
    "/oauth/authorize?client_id=1001",
    "authorize",
];

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => select(&VALUES[..]).prop_map(str::to_owned),
        1 => "\\PC{0,20}",
        1 => "[ -~]{0,40}",
    ]
}

fn pairs() -> impl Strategy<Value = String> {
    let name = prop_oneof![9 => select(&NAMES[..]).prop_map(str::to_owned), 1 => "[ -~]{0,8}"];
    let usual =
        "response_type=code&client_id=1001&redirect_uri=https://buddy.example/callback".to_owned();
    (any::<bool>(), vec((name, value()), 0..8)).prop_map(move |(well_begun, pairs)| {
        let mut all: Vec<String> = pairs
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        if well_begun {
            all.insert(0, usual.clone());
        }
        all.join("&")
    })
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => pairs().prop_map(String::into_bytes),
        1 => vec(any::<u8>(), 0..200),
        1 => vec((select(&NAMES[..]), value()), 0..6).prop_map(|pairs| {
            let members: Vec<String> = pairs.iter().map(|(name, value)| format!("{name:?}:{}", json!(value))).collect();
            format!("{{{}}}", members.join(",")).into_bytes()
        }),
    ]
}

/// Some of the headers a client sends.
#[derive(Clone, Debug)]
struct Headers {
    authorization: Option<String>,
    content_type: Option<String>,
    origin: Option<String>,
    accept: Option<String>,
    cookie: Option<String>,
    signed_in: bool,
}

fn headers() -> impl Strategy<Value = Headers> {
    let some = |known: &'static [&'static str]| {
        proptest::option::of(
            prop_oneof![4 => select(known).prop_map(str::to_owned), 1 => "\\PC{0,30}"],
        )
    };
    (
        some(&[
            "Bearer x",
            "Bearer a.b.c",
            "Basic MTAwMTp4",
            "Basic /",
            "Bearer wc_pat_a.b.c",
            "Bearer",
        ]),
        some(&[
            "application/x-www-form-urlencoded",
            "application/json",
            "text/plain",
        ]),
        some(&["https://reg.example", "null", "https://evil.example"]),
        some(&["application/json", "text/html"]),
        some(&[
            "__Host-willcall=x",
            "__Host-willcall-visit=a.b.c; __Host-willcall-browser=..",
            ";;=;",
        ]),
        any::<bool>(),
    )
        .prop_map(
            |(authorization, content_type, origin, accept, cookie, signed_in)| Headers {
                authorization,
                content_type,
                origin,
                accept,
                cookie,
                signed_in,
            },
        )
}

fn method() -> impl Strategy<Value = String> {
    prop_oneof![
        9 => select(&["GET", "POST", "HEAD", "OPTIONS"][..]).prop_map(str::to_owned),
        1 => "[A-Z]{0,7}",
    ]
}

fn path() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => select(&PATHS[..3]).prop_map(str::to_owned),
        5 => select(&PATHS[..]).prop_map(str::to_owned),
        1 => "/[ -~&&[^?#]]{0,30}",
        1 => "(/\\PC{0,6}){1,6}",
    ]
}

/// Whether an address is one of ours, or one that is registered with what is added to it.
fn is_allowed_to_lead_to(location: &str) -> bool {
    let ours =
        location.starts_with('/') && !location.starts_with("//") && !location.starts_with("/\\");
    let registered = [
        "https://buddy.example/callback",
        "https://pocket.example/cb",
    ];
    ours || registered.iter().any(|known| {
        location
            .strip_prefix(known)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['?', '#']))
    })
}

#[test]
fn contract_2_no_request_whatever_panics_is_a_fault_of_ours_or_redirects_to_where_nothing_is_registered()
 {
    let s = Scene::new();
    s.public_client(&["https://pocket.example/cb"]);
    let robin = s.signed_in();
    s.client
        .redeem(&s, &robin.code(&s.client, &[("scope", "pii:basic")]));
    let config = ProptestConfig {
        cases: 1500,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |(method in method(), path in path(), query in pairs(), headers in headers(), body in body())| {
        s.wait(61);
        let path = in_url(&path);
        let call = if headers.signed_in { robin.call(&method, &path) } else { s.call(&method, &path) };
        let mut call = call.raw("", &body);
        call.head.query = in_url(&query);
        call.head.authorization = headers.authorization;
        call.head.content_type = headers.content_type;
        call.head.origin = headers.origin;
        call.head.accept = headers.accept;
        if !headers.signed_in {
            call.head.cookie = headers.cookie;
        }
        let answer = call.send();
        prop_assert!((200..500).contains(&answer.status()), "{}", answer.status());
        let location = answer.headers("location");
        prop_assert!(location.len() <= 1);
        for location in location {
            prop_assert!(is_allowed_to_lead_to(location), "{location}");
            prop_assert!(location.bytes().all(|byte| (0x21..=0x7e).contains(&byte)), "{location:?}");
        }
        for (name, value) in &answer.0.headers {
            prop_assert!(!value.bytes().any(|byte| byte < 0x20 || byte == 0x7f), "{name}: {value:?}");
        }
        if answer.header("content-type").is_some_and(|kind| kind.starts_with("text/html")) {
            for action in answer.form_actions("") {
                prop_assert!(is_allowed_to_lead_to(&action), "{action}");
            }
        }
    });
}

/// Any subset of the scopes there are.
fn some_scopes() -> impl Strategy<Value = String> {
    let all = [
        "pii:basic",
        "pii:email",
        "user:roles",
        "badge:print",
        "shirt:order",
        "stats:read",
    ];
    proptest::sample::subsequence(all.to_vec(), 0..=all.len()).prop_map(|names| names.join(" "))
}

/// What may happen between two refreshes.
#[derive(Clone, Debug)]
enum Change {
    Nothing,
    Approve(String),
    Permit(bool, bool),
    Wait(u64),
    Suspended,
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        3 => Just(Change::Nothing),
        2 => some_scopes().prop_map(Change::Approve),
        2 => (any::<bool>(), any::<bool>()).prop_map(|(badges, staff)| Change::Permit(badges, staff)),
        2 => (0u64..100).prop_map(Change::Wait),
        1 => Just(Change::Suspended),
    ]
}

fn make(s: &Scene, change: &Change) {
    match change {
        Change::Nothing => s.another_isolate(),
        Change::Approve(scopes) => s.change(&s.client, json!({"obo_scopes": words(scopes)})),
        Change::Permit(badges, staff) => {
            let permissions: &[&str] = if *badges { &["badges"] } else { &[] };
            let roles: &[&str] = if *staff { &["staff"] } else { &[] };
            s.change_robin(json!({"permissions": permissions, "roles": roles}));
        }
        Change::Wait(seconds) => s.wait(*seconds),
        Change::Suspended => {
            s.suspend(&s.client);
            s.wait(support::STALE);
            s.resume(&s.client);
            s.wait(support::STALE);
        }
    }
}

#[test]
fn contract_4_scope_never_grows_from_consent_through_redemption_and_refreshes() {
    let steps = vec((change(), some_scopes(), any::<bool>()), 1..8);
    let config = ProptestConfig {
        cases: 150,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |(consented in some_scopes(), asked in some_scopes(), steps in steps)| {
        let s = Scene::new();
        let code = s.signed_in().code(&s.client, &[("scope", &consented)]);
        let bound = |scope: &str| Scope::parse(scope).map_err(|_| TestCaseError::fail("scope"));
        let mut most = bound(&consented)?;
        if most.is_empty() {
            most = bound("badge:print pii:basic pii:email shirt:order stats:read user:roles")?;
        }
        let answer = s.client.try_to_redeem(&s, &code, &[("scope", &asked)]);
        if answer.status() != 200 {
            return Ok(());
        }
        let mut tokens = Tokens::of(&answer.json());
        prop_assert!(bound(&tokens.scope)?.is_within(&most));
        for (change, asked, retried) in &steps {
            most = bound(&tokens.scope)?;
            make(&s, change);
            let answer = s.client.try_to_refresh(&s, &tokens.refresh, asked);
            if answer.status() != 200 {
                continue;
            }
            let next = Tokens::of(&answer.json());
            prop_assert!(!next.scope.is_empty() && bound(&next.scope)?.is_within(&most));
            if *retried {
                let retry = s.client.refresh(&s, &tokens.refresh);
                prop_assert_eq!(&retry.refresh, &next.refresh);
                prop_assert_eq!(&retry.scope, &next.scope);
            }
            tokens = next;
        }
    });
}

/// What may happen around a code.
#[derive(Clone, Copy, Debug)]
enum Happening {
    Redeemed,
    RedeemedWithTheWrongVerifier,
    RedeemedByAnother,
    RedeemedElsewhere,
    Refreshed,
    Revoked,
    TakenBack,
    Waited(u64),
    Suspended(bool),
    Disabled(bool),
    ReCreated,
    Frozen(bool),
    AnswersLost,
}

fn happening() -> impl Strategy<Value = Happening> {
    use Happening::*;
    prop_oneof![
        6 => Just(Redeemed),
        1 => Just(RedeemedWithTheWrongVerifier),
        1 => Just(RedeemedByAnother),
        2 => Just(RedeemedElsewhere),
        3 => Just(Refreshed),
        1 => Just(Revoked),
        1 => Just(TakenBack),
        2 => (0u64..40).prop_map(Waited),
        1 => any::<bool>().prop_map(Suspended),
        1 => any::<bool>().prop_map(Disabled),
        1 => Just(ReCreated),
        1 => any::<bool>().prop_map(Frozen),
        1 => Just(AnswersLost),
    ]
}

#[test]
fn rfc6749_4_1_2_whatever_happens_a_code_is_redeemed_at_most_once() {
    let config = ProptestConfig {
        cases: 250,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |(happenings in vec(happening(), 1..14))| {
        let s = Scene::new();
        let other = s.another_client();
        let browser = s.signed_in();
        let pkce = [("code_challenge", CHALLENGE), ("code_challenge_method", "S256"), ("scope", "pii:basic")];
        let code = browser.code(&s.client, &pkce);
        let right = [("code_verifier", VERIFIER)];
        let mut latest: Option<Tokens> = None;
        let mut redeemed = 0;
        let mut suspended = false;
        for happening in happenings {
            match happening {
                Happening::Redeemed | Happening::RedeemedElsewhere => {
                    if matches!(happening, Happening::RedeemedElsewhere) {
                        s.another_isolate();
                    }
                    let in_time = s.now().0 < support::BEGIN + 60;
                    let answer = s.client.try_to_redeem(&s, &code, &right);
                    match (answer.status(), &latest) {
                        (200, _) => {
                            prop_assert!(in_time && !suspended);
                            redeemed += 1;
                            latest = Some(Tokens::of(&answer.json()));
                        }
                        (400, Some(tokens)) if in_time && answer.json()["error"] == "invalid_grant" => {
                            let refresh = s.client.try_to_refresh(&s, &tokens.refresh, "");
                            prop_assert_eq!(refresh.status(), 400, "a second redemption ends what the first made");
                        }
                        _ => {}
                    }
                    prop_assert!(redeemed <= 1);
                }
                Happening::RedeemedWithTheWrongVerifier => {
                    let wrong = s.client.try_to_redeem(&s, &code, &[("code_verifier", CHALLENGE)]);
                    prop_assert_eq!(wrong.status(), 400);
                }
                Happening::RedeemedByAnother => {
                    prop_assert_eq!(other.try_to_redeem(&s, &code, &right).status(), 400);
                }
                Happening::Refreshed => {
                    if let Some(tokens) = &latest {
                        let answer = s.client.try_to_refresh(&s, &tokens.refresh, "");
                        if answer.status() == 200 {
                            latest = Some(Tokens::of(&answer.json()));
                        }
                    }
                }
                Happening::Revoked => {
                    if let Some(tokens) = &latest {
                        s.client.revoke(&s, &tokens.access);
                    }
                }
                Happening::TakenBack => {
                    let account = browser.get("/account");
                    if account.status() == 200 && !account.form_actions("/account/applications/").is_empty() {
                        browser.submit(&account, "/account/applications/", &[]);
                    }
                }
                Happening::Waited(seconds) => s.wait(seconds),
                Happening::Suspended(yes) => {
                    let status = if yes { "suspended" } else { "active" };
                    s.change(&s.client, json!({"status": status}));
                    s.thaw();
                    s.another_isolate();
                    suspended = yes;
                }
                Happening::Disabled(yes) => {
                    s.change_robin(json!({"status": if yes { "disabled" } else { "active" }}));
                }
                Happening::ReCreated => {
                    s.delete_integration(&s.client);
                    s.change(&s.client, json!({"obo_scopes": ["pii:basic"]}));
                    suspended = false;
                }
                Happening::Frozen(yes) => if yes { s.freeze() } else { s.thaw() },
                Happening::AnswersLost => s.lose_answers(),
            }
        }
    });
}

#[test]
fn contract_7_erasing_an_account_leaves_neither_name_nor_email_anywhere() {
    let config = ProptestConfig {
        cases: 40,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |(name in "[A-Z][a-z]{6,12} [A-Z][a-z\u{e9}]{6,12}", local in "[A-Za-z]{8,16}", again in "[A-Za-z]{8,16}")| {
        let s = Scene::new();
        let (email, later) = (format!("{local}@People.example"), format!("{again}@people.Example"));
        let person = s.person(&s.event, json!({"email": email, "name": name}));
        let browser = s.browser();
        browser.sign_in(&person);
        let tokens = s.client.redeem(&s, &browser.code(&s.client, &[("scope", "pii:basic pii:email")]));
        s.client.refresh(&s, &tokens.refresh);
        browser.try_to_sign_in(&email, "wrong").page(400);
        s.change_account(&s.event, &person, json!({"email": later, "name": format!("{name} II")}));
        let mut known = person.clone();
        known.email = later.clone();
        s.browser().sign_in(&known);
        let account = browser.get("/account");
        browser.submit(&account, "/account/tokens", &[("name", &name), ("scope", "pii:basic"), ("expires", "30")]);
        prop_assert!(s.memory.everything_stored().contains(&name));
        let command = willcall::directory::event_command::Command::DeleteAccount { id: person.account() };
        s.event(&s.event, &command);
        s.client.try_to_refresh(&s, &tokens.refresh, "").refused(400, "invalid_grant");
        s.browser().try_to_sign_in(&later, PASSWORD).page(400);
        let left = s.memory.everything_stored().to_lowercase();
        for trace in [&name, &local, &again] {
            prop_assert!(!left.contains(&trace.to_lowercase()), "{} is still there", trace);
            prop_assert!(!s.log().to_lowercase().contains(&trace.to_lowercase()), "{} is in the log", trace);
        }
    });
}

#[test]
fn contract_5_no_credential_is_stored_or_logged_and_no_name_or_email_is_logged() {
    let s = Scene::new();
    s.change(&s.client, json!({"service_refresh_tokens": true}));
    s.put_scopes(&s.event, catalogue());
    let browser = s.signed_in();
    let code = browser.code(&s.client, &[]);
    let tokens = s.client.redeem(&s, &code);
    let next = s.client.refresh(&s, &tokens.refresh);
    let service = s.client.as_service(&s, "");
    let account = browser.get("/account");
    let fields = [("name", "n"), ("scope", "pii:basic"), ("expires", "30")];
    let page = browser
        .submit(&account, "/account/tokens", &fields)
        .page(200);
    let personal = page
        .split("value=\"")
        .find(|part| part.starts_with("wc_pat_"))
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .to_owned();
    let second = s.add_secret(&s.client);
    let form_token = account.form("/logout").remove(0).1;
    // What is refused passes through the log: a wrong password, wrong secrets, replays, dead tokens.
    browser
        .try_to_sign_in(support::EMAIL, "a mistyped password")
        .page(400);
    let mut typo = s.client.clone();
    typo.secret = Some(format!("{}x", typo.secret.unwrap()));
    typo.try_as_service(&s, "").refused(401, "invalid_client");
    s.client
        .try_to_redeem(&s, &code, &[])
        .refused(400, "invalid_grant");
    s.client
        .try_to_refresh(&s, &next.refresh, "")
        .refused(400, "invalid_grant");
    s.whoami(&next.access).refused(401, "invalid_token");
    s.whoami(&personal).ok();
    s.client.revoke(&s, &service.refresh);
    browser
        .get(&format!(
            "/oauth/authorize?client_id=1&login_hint={}&state=st4te-of-the-client",
            support::EMAIL
        ))
        .page(400);
    let mut secrets = vec![
        code,
        tokens.access,
        tokens.refresh,
        next.access,
        next.refresh,
        service.access,
        service.refresh,
        personal,
        form_token,
        PASSWORD.to_owned(),
        "a mistyped password".to_owned(),
        support::SECRET.to_owned(),
    ];
    secrets.extend(
        [s.client.secret.clone(), second.secret, typo.secret]
            .into_iter()
            .flatten(),
    );
    secrets.extend(browser.jar.borrow().values().cloned());
    let (stored, log) = (s.memory.everything_stored(), s.log());
    assert!(log.len() > 200 && secrets.len() == 18);
    for secret in &secrets {
        // The tag alone would do as much harm as the whole.
        for part in [secret.as_str(), secret.rsplit('.').next().unwrap()] {
            assert!(!stored.contains(part), "{part} is stored");
            assert!(!log.contains(part), "{part} is logged");
        }
    }
    let log = log.to_lowercase();
    assert!(
        !log.contains("robin") && !log.contains("people.example") && !log.contains("st4te"),
        "{log}"
    );
}
