//! What `docs/security.md` claims and no other test shows; refusals first.
#![expect(
    clippy::unwrap_used,
    reason = "a source that cannot be read ends the test"
)]

mod support;

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use support::browser::authorization;
use support::people::Tokens;
use support::{CHALLENGE, EMAIL, NAME, PASSWORD, Scene, VERIFIER};
use willcall::ledger::outbox::ObjectKind;
use willcall::protocol::encoding::{base64url, from_base64url};

/// An operator's token.
const OPERATOR: &str = "an-operator-token-of-32-characters";

// -- Ways in that do not exist ----------------------------------------------------------------------------

#[test]
fn the_password_grant_and_the_implicit_grant_do_not_exist() {
    let s = Scene::new();
    let password = [
        ("grant_type", "password"),
        ("username", EMAIL),
        ("password", PASSWORD),
        ("scope", "pii:basic"),
    ];
    s.client
        .token(&s, &password)
        .refused(400, "unsupported_grant_type");
    let browser = s.signed_in();
    for kind in [
        "token",
        "id_token",
        "id_token token",
        "code token",
        "code id_token",
        "code id_token token",
    ] {
        for mode in ["query", "fragment"] {
            let back = browser
                .authorize(
                    &s.client,
                    &[("response_type", kind), ("response_mode", mode)],
                )
                .redirect();
            assert_eq!(back.error(), "unsupported_response_type", "{kind}");
            for carried in ["access_token", "id_token", "code"] {
                assert_eq!(back.get(carried), None, "{kind}");
            }
        }
    }
    let metadata = s.get("/.well-known/oauth-authorization-server").send().ok();
    assert_eq!(metadata["response_types_supported"], json!(["code"]));
    assert_eq!(
        metadata["grant_types_supported"],
        json!(["authorization_code", "refresh_token", "client_credentials"])
    );
}

#[test]
fn a_token_in_the_query_a_body_or_a_cookie_is_no_token_and_a_session_opens_no_api() {
    let mut s = Scene::new();
    s.world.memory.operator_token = Some(OPERATOR.into());
    let tokens = s.granted("");
    let service = s.client.as_service(&s, "user:read");
    s.whoami(&tokens.access).ok();
    let challenged = |answer: &support::answer::Answer| {
        answer.refused(401, "invalid_token");
        let challenge = answer.header("www-authenticate").unwrap();
        assert!(!challenge.contains("error="), "{challenge}");
    };
    let token = tokens.access.as_str();
    challenged(
        &s.get(&format!("/api/users/current?access_token={token}"))
            .send(),
    );
    let listed = format!("/api/users?access_token={}", service.access);
    challenged(&s.get(&listed).send());
    challenged(
        &s.get("/api/users/current")
            .form(&[("access_token", token)])
            .send(),
    );
    for name in ["__Host-willcall", "access_token", "Authorization"] {
        let mut call = s.get("/api/users/current");
        call.head.cookie = Some(format!("{name}={token}"));
        challenged(&call.send());
    }
    let browser = s.signed_in();
    challenged(&browser.get("/api/users/current"));
    challenged(&browser.get("/api/users"));
    browser
        .get("/api/admin/events")
        .refused(401, "invalid_token");
    let path = format!("/api/admin/events?access_token={OPERATOR}");
    s.get(&path).send().refused(401, "invalid_token");
    assert_eq!(
        s.get("/api/admin/events").bearer(OPERATOR).send().status(),
        200
    );
}

#[test]
fn a_client_id_is_ours_to_give_and_never_looks_like_an_account() {
    let mut s = Scene::new();
    s.world.memory.operator_token = Some(OPERATOR.into());
    let register = |fields: &Value| {
        s.post("/api/admin/applications")
            .bearer(OPERATOR)
            .json(fields)
            .send()
    };
    let fields =
        json!({"name": "Imposter", "description": "", "redirect_uris": [], "type": "confidential"});
    for chosen in [json!(s.robin.id), json!("1001"), json!(1001)] {
        let mut asked = fields.clone();
        asked["client_id"] = chosen;
        register(&asked).refused(400, "invalid_request");
    }
    let made = register(&fields).json();
    let id = made["client_id"].as_str().unwrap();
    assert!(id.bytes().all(|byte| byte.is_ascii_digit()), "{id}");
    assert!(s.robin.id.starts_with("acc_"));
    let claims = |token: &str| -> Value {
        let body = token.split('.').nth(1).unwrap();
        serde_json::from_slice(&from_base64url(body).unwrap()).unwrap()
    };
    let person = claims(&s.granted("").access);
    let service = claims(&s.client.as_service(&s, "").access);
    assert_eq!(person["sub"], s.robin.id.as_str());
    assert_eq!(service["sub"], s.client.id.as_str());
}

// -- Redirects ----------------------------------------------------------------------------------------------

#[test]
fn no_form_is_answered_with_a_redirect_that_sends_it_again() {
    let s = Scene::new();
    let browser = s.browser();
    let login = browser.get("/login");
    let right = [("email", EMAIL), ("password", PASSWORD)];
    let mut answers = vec![("sign-in", browser.submit(&login, "/login", &right))];
    let query = authorization(&s.client, &[]);
    let query = query.split_once('?').unwrap().1.to_owned();
    let posted = browser
        .call("POST", "/oauth/authorize")
        .raw("application/x-www-form-urlencoded", query.as_bytes());
    answers.push(("a posted request", browser.send(posted)));
    for decision in ["deny", "authorize"] {
        let page = browser.authorize(&s.client, &[]);
        answers.push((decision, browser.decide(&page, decision)));
    }
    let code = answers.last().unwrap().1.redirect().code().to_owned();
    s.client.redeem(&s, &code);
    let account = browser.get("/account");
    answers.push((
        "revoke",
        browser.submit(&account, "/account/applications/", &[]),
    ));
    for (what, answer) in &answers {
        assert_eq!(answer.status(), 303, "{what}");
        let location = answer.header("location").unwrap();
        assert!(!location.contains("password"), "{what} {location}");
    }
    // Over plain http nothing that was posted is sent on at all.
    for path in ["/login", "/oauth/authorize", "/account/consent", "/logout"] {
        let url = format!("http://{}{path}", support::HOST);
        let answer = s.post(&url).form(&right).send();
        answer.refused(403, "https_required");
        assert_eq!(answer.header("location"), None);
    }
}

#[test]
fn no_page_leads_where_its_query_says() {
    let s = Scene::new();
    let browser = s.signed_in();
    let target = "https%3A%2F%2Fevil.example%2F";
    let names = [
        "return",
        "return_to",
        "redirect",
        "redirect_uri",
        "post_logout_redirect_uri",
        "next",
        "url",
        "continue",
    ];
    for path in [
        "/",
        "/login",
        "/logout",
        "/account",
        "/account/tokens",
        "/nowhere",
    ] {
        for name in names {
            for target in [target, "%2F%2Fevil.example", "%2F%5Cevil.example"] {
                for browser in [&browser, &s.browser()] {
                    let answer = browser.get(&format!("{path}?{name}={target}"));
                    let location = answer.header("location").unwrap_or("/");
                    assert!(
                        location.starts_with('/') && !location.contains("evil.example"),
                        "{path} {name} {location}"
                    );
                    assert!(!answer.text().contains("evil.example"), "{path} {name}");
                }
            }
        }
    }
    let page = browser.get(&format!("/logout?post_logout_redirect_uri={target}"));
    let signed_out = browser.submit(&page, "/logout", &[("return", "https://evil.example/")]);
    assert!(!signed_out.page(200).contains("evil.example"));
}

// -- Public clients -----------------------------------------------------------------------------------------

#[test]
fn a_public_clients_refresh_token_rotates_and_its_reuse_ends_the_grant() {
    let s = Scene::new();
    let client = s.public_client(&["https://pocket.example/cb"]);
    let browser = s.signed_in();
    let silent = browser.authorize(&client, &[("scope", "pii:basic")]);
    assert_eq!(silent.redirect().error(), "invalid_request", "no challenge");
    let pkce = [
        ("scope", "pii:basic"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    let code = browser.code(&client, &pkce);
    client
        .try_to_redeem(&s, &code, &[])
        .refused(400, "invalid_grant");
    let answer = client.try_to_redeem(&s, &code, &[("code_verifier", VERIFIER)]);
    let first = Tokens::of(&answer.ok());
    let second = client.refresh(&s, &first.refresh);
    assert_ne!(first.refresh, second.refresh);
    s.whoami(&first.access).refused(401, "invalid_token");
    let third = client.refresh(&s, &second.refresh);
    s.whoami(&third.access).ok();
    // Whoever has the first one, owner or thief: it is over for both.
    client
        .try_to_refresh(&s, &first.refresh, "")
        .refused(400, "invalid_grant");
    client
        .try_to_refresh(&s, &third.refresh, "")
        .refused(400, "invalid_grant");
    s.another_isolate();
    s.whoami(&third.access).refused(401, "invalid_token");
}

// -- Forged and stolen --------------------------------------------------------------------------------------

#[test]
fn what_is_forged_reaches_no_account() {
    let s = Scene::new();
    let tokens = s.granted("");
    let browser = s.signed_in();
    let session = browser.jar.borrow()["__Host-willcall"].clone();
    // As they are, but for one bit of the signature; and as somebody puts them together without a key.
    let flipped = |text: &str| {
        let (rest, tag) = text.rsplit_once('.').unwrap();
        let mut tag = from_base64url(tag).unwrap();
        tag[0] ^= 1;
        format!("{rest}.{}", base64url(&tag))
    };
    let made_up = |prefix: &str, body: &Value| {
        let kid = tokens.refresh.split('.').next().unwrap();
        let kid = kid.strip_prefix("wc_rt_").unwrap();
        let body = base64url(body.to_string().as_bytes());
        format!("{prefix}{kid}.{body}.{}", base64url(&[7; 32]))
    };
    // From here on a request that asks an account's object is answered 503.
    s.take_down(Some(ObjectKind::Account));
    assert_eq!(s.whoami(&tokens.access).status(), 503);
    for name in ["acc_nobody", "svc_1001_inc_x", &s.robin.id, "../x", ""] {
        let refresh = made_up("wc_rt_", &json!({"a": name, "g": "gr_x", "n": 1}));
        let personal = made_up("wc_pat_", &json!({"a": name, "p": "pat_x"}));
        let code = made_up(
            "wc_ac_",
            &json!({"g": "gr_x", "a": name, "c": s.client.id, "i": "inc_x", "s": "pii:basic",
                    "e": 0, "r": 0, "x": 9_999_999_999_u64}),
        );
        s.client
            .try_to_refresh(&s, &refresh, "")
            .refused(400, "invalid_grant");
        s.client
            .try_to_redeem(&s, &code, &[])
            .refused(400, "invalid_grant");
        s.whoami(&personal).refused(401, "invalid_token");
        for token in [&refresh, &personal, &code] {
            assert!(!s.client.is_active(&s, token));
            s.client.revoke(&s, token);
        }
        let mut visit = s.get("/account");
        let cookie = made_up("", &json!({"a": name, "s": "s_x"}));
        visit.head.cookie = Some(format!("__Host-willcall={cookie}"));
        assert!(visit.send().asks_to_sign_in());
    }
    s.whoami(&flipped(&tokens.access))
        .refused(401, "invalid_token");
    assert!(!s.client.is_active(&s, &flipped(&tokens.access)));
    s.client
        .try_to_refresh(&s, &flipped(&tokens.refresh), "")
        .refused(400, "invalid_grant");
    let mut visit = s.get("/account");
    visit.head.cookie = Some(format!("__Host-willcall={}", flipped(&session)));
    assert!(visit.send().asks_to_sign_in());
    s.take_down(None);
    s.assert_lives(&tokens);
}

#[test]
fn what_kv_holds_opens_nothing_and_names_nobody() {
    let s = Scene::new();
    s.change(&s.client, json!({"service_refresh_tokens": true}));
    let tokens = s.granted("");
    s.client.refresh(&s, &tokens.refresh);
    s.client.as_service(&s, "");
    let stolen = s.replicas_now();
    let whole = format!("{stolen:?}");
    assert!(stolen.len() >= 5, "{whole}");
    for person in [NAME, EMAIL, &EMAIL.to_lowercase()] {
        assert!(!whole.contains(person), "{person}");
    }
    // Every text in the dump, tried as each kind of credential.
    let mut found: Vec<String> = stolen.keys().cloned().collect();
    for value in stolen.values() {
        texts(&serde_json::from_str(value).unwrap(), &mut found);
    }
    assert!(found.len() > 40);
    for (at, text) in found.iter().enumerate() {
        // A minute's wrong secrets are not the point here.
        s.wait(if at % 5 == 0 { 61 } else { 0 });
        let mut thief = s.client.clone();
        thief.secret = Some(text.clone());
        let answer = thief.try_as_service(&s, "");
        assert!(matches!(answer.status(), 400 | 401), "{text}");
        assert_eq!(s.whoami(text).status(), 401, "{text}");
        let answer = s.client.try_to_refresh(&s, text, "");
        assert_eq!(answer.status(), 400, "{text}");
        let mut visit = s.get("/account");
        visit.head.cookie = Some(format!("__Host-willcall={text}"));
        assert!(visit.send().asks_to_sign_in(), "{text}");
    }
}

/// Every text in a JSON value.
fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(members) => members.values().for_each(|item| texts(item, found)),
        _ => {}
    }
}

// -- What the sources show ----------------------------------------------------------------------------------

fn source(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

#[test]
fn no_script_of_ours_sends_messages_to_other_windows_or_writes_html() {
    let mut scripts = 0;
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("static")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "js") {
            scripts += 1;
            let text = fs::read_to_string(&path).unwrap();
            for banned in [
                "postMessage",
                "opener",
                "innerHTML",
                "document.write",
                "eval(",
                "location",
                "localStorage",
                "fetch(",
            ] {
                assert!(!text.contains(banned), "{banned} in {path:?}");
            }
        }
    }
    assert!(scripts > 0);
}

#[test]
fn the_worker_sends_no_request_of_its_own() {
    // No request can make it call an address, because nothing in it calls any: objects are called by their names.
    let worker: String = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/edge"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "mjs"))
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    assert_eq!(worker.matches("fetch(").count(), 1, "the Worker's own door");
    assert!(worker.contains("async fetch(request, env, context)"));
    for banned in [
        "XMLHttpRequest",
        "WebSocket(",
        "cloudflare:sockets",
        "connect(",
        "import(",
    ] {
        assert!(!worker.contains(banned), "{banned}");
    }
    for file in ["fetch.rs", "object.rs", "isolate.rs", "clock.rs"] {
        let text = source(&format!("src/edge/{file}"));
        for banned in ["js_name = fetch", "web_sys", "fn fetch"] {
            assert!(!text.contains(banned), "{banned} in {file}");
        }
    }
}

#[test]
fn a_form_or_a_code_sent_again_and_again_leaves_one_entry_in_the_audit_log() {
    let s = Scene::new();
    let browser = s.signed_in();
    let code = browser.code(&s.client, &[("scope", "pii:basic")]);
    s.client.redeem(&s, &code);
    for _ in 0..5 {
        let again = s.client.try_to_redeem(&s, &code, &[]);
        again.refused(400, "invalid_grant");
    }
    s.granted("pii:basic");
    let page = browser.get("/account");
    for _ in 0..5 {
        browser.submit(&page, "/account/applications/", &[]);
    }
    let stored = s.memory.everything_stored();
    for kind in ["grant.code_replayed", "grant.revoked_by_person"] {
        assert_eq!(stored.matches(kind).count(), 1, "{kind}");
    }
}

#[test]
fn what_an_operator_changes_is_a_line_of_the_log_without_its_content() {
    let mut s = Scene::new();
    let operator = "an-operator-token-of-32-characters-or-more";
    s.world.memory.operator_token = Some(operator.to_owned());
    let body = serde_json::json!({"name": "Secret name"});
    let path = format!("/api/admin/applications/{}", s.client.id);
    for token in ["wrong", operator] {
        s.call("PATCH", &path).json(&body).bearer(token).send();
    }
    s.get(&path).bearer(operator).send();
    let log = s.log();
    assert_eq!(log.matches("\"operator\":\"PATCH\"").count(), 1, "{log}");
    assert!(log.contains("refused: wrong or no token"), "{log}");
    assert!(
        !log.contains("Secret name") && !log.contains(operator),
        "{log}"
    );
}
