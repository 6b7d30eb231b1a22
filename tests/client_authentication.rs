//! Contract 4: bodies, client authentication and its throttle, at the token, revocation and introspection
//! endpoints; refusals first.

mod support;

use serde_json::json;
use support::Scene;
use support::answer::Answer;
use support::people::Client;
use support::{EMAIL, PASSWORD};
use willcall::ledger::outbox::ObjectKind;
use willcall::protocol::encoding::form_encode;
use willcall::token::client_secret;

const TOKEN: &str = "/api/oauth/token";
const FORM: &str = "application/x-www-form-urlencoded";
const SERVICE: (&str, &str) = ("grant_type", "client_credentials");

fn secret(client: &Client) -> &str {
    client.secret.as_deref().unwrap_or_default()
}

/// A secret that is well formed and nobody's.
fn nobodys_secret(s: &Scene) -> String {
    client_secret::draw(&s.memory).expose().clone()
}

/// What a form body comes to, the client's credentials before it.
fn sent(s: &Scene, rest: &str) -> Answer {
    let body = format!(
        "client_id={}&client_secret={}&{rest}",
        s.client.id,
        secret(&s.client)
    );
    s.post(TOKEN).raw(FORM, body.as_bytes()).send()
}

// -- The body -------------------------------------------------------------------------------------------

#[test]
fn contract_4_a_body_is_a_form_or_a_json_object_and_nothing_else() {
    let s = Scene::new();
    let body = format!(
        "client_id={}&client_secret={}&grant_type=client_credentials",
        s.client.id,
        secret(&s.client)
    );
    for path in [TOKEN, "/api/oauth/revoke", "/api/oauth/introspect"] {
        for media_type in [
            "text/plain",
            "multipart/form-data",
            "application/xml",
            "",
            "application/jwt",
            "application/x-www-form-urlencoded2",
        ] {
            s.post(path)
                .raw(media_type, body.as_bytes())
                .send()
                .refused(400, "invalid_request");
        }
        s.post(path).send().refused(400, "invalid_request");
    }
    for media_type in [FORM, "Application/X-WWW-Form-Urlencoded; charset=UTF-8"] {
        s.post(TOKEN).raw(media_type, body.as_bytes()).send().ok();
    }
}

#[test]
fn contract_4_a_repeat_in_a_form_or_bad_utf_8_is_invalid_request() {
    let s = Scene::new();
    let right = "grant_type=client_credentials";
    for bad in [
        format!("{right}&{right}"),
        format!("{right}&scope=stats:read&scope=stats:read"),
        format!("{right}&nonsense=1&nonsense=2"),
        format!("{right}&client_id={}", s.client.id),
        format!("{right}&scope=%ff"),
        format!("{right}&%ff=1"),
        format!("{right}&scope=%c3%28"),
        format!("{right}&scope=&scope="),
    ] {
        sent(&s, &bad).refused(400, "invalid_request");
    }
    let mut raw = format!(
        "client_id={}&client_secret={}&{right}&x=",
        s.client.id,
        secret(&s.client)
    )
    .into_bytes();
    raw.push(0xff);
    s.post(TOKEN)
        .raw(FORM, &raw)
        .send()
        .refused(400, "invalid_request");
    sent(&s, &format!("{right}&scope=&nonsense=1&&")).ok();
}

#[test]
fn contract_4_json_is_an_object_of_strings_and_integers_without_repeats() {
    let s = Scene::new();
    let post = |body: &str| {
        s.post(TOKEN)
            .raw("application/json", body.as_bytes())
            .send()
    };
    let with = |rest: &str| {
        post(&format!(
            r#"{{"client_id":{},"client_secret":"{}","grant_type":"client_credentials"{rest}}}"#,
            s.client.id,
            secret(&s.client)
        ))
    };
    for bad in [
        r#","scope":["stats:read"]"#,
        r#","scope":{"a":"b"}"#,
        r#","scope":true"#,
        r#","scope":1.5"#,
        r#","scope":1e3"#,
        r#","grant_type":"client_credentials""#,
        r#","nonsense":"1","nonsense":"2""#,
        r#","scope":"\ud800""#,
        r#",,"#,
    ] {
        with(bad).refused(400, "invalid_request");
    }
    for bad in [
        "",
        "[]",
        "null",
        "\"x\"",
        "1",
        "{",
        "{}x",
        "{\"a\":1}{}",
        "\u{feff}{}",
    ] {
        post(bad).refused(400, "invalid_request");
    }
    s.post(TOKEN)
        .raw("application/json", b"{\"grant_type\":\"\xff\"}")
        .send()
        .refused(400, "invalid_request");
    let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    with(&format!(",\"x\":{deep}")).refused(400, "invalid_request");
    assert_eq!(
        with(r#","scope":"stats:read","nonsense":7"#).ok()["scope"],
        "stats:read"
    );
    assert_eq!(
        with(r#","scope":"""#).ok()["scope"],
        "report:read stats:read user:read"
    );
}

#[test]
fn contract_4_a_body_has_at_most_16_kib() {
    let s = Scene::new();
    for path in [TOKEN, "/api/oauth/revoke", "/api/oauth/introspect"] {
        let start = format!(
            "client_id={}&client_secret={}&grant_type=client_credentials&token=x&filler=",
            s.client.id,
            secret(&s.client)
        );
        let filled = |length: usize| format!("{start}{}", "x".repeat(length - start.len()));
        let send = |body: &str| s.post(path).raw(FORM, body.as_bytes()).send();
        send(&filled(16 * 1024)).ok();
        send(&filled(16 * 1024 + 1)).refused(400, "invalid_request");
    }
}

#[test]
fn contract_4_the_query_string_is_never_read() {
    let s = Scene::new();
    let query = format!(
        "client_id={}&client_secret={}&grant_type=client_credentials",
        s.client.id,
        secret(&s.client)
    );
    let empty = s.post(&format!("{TOKEN}?{query}")).raw(FORM, b"").send();
    empty.refused(401, "invalid_client");
    let whole = s
        .post(&format!("{TOKEN}?grant_type=password&scope=no"))
        .raw(FORM, query.as_bytes())
        .send();
    whole.ok();
}

// -- Who asks ---------------------------------------------------------------------------------------------

#[test]
fn contract_4_failed_authentication_is_401_and_says_basic_only_to_those_who_used_it() {
    let s = Scene::new();
    let client = &s.client;
    let (id, right) = (client.id.as_str(), secret(client));
    let other = s.another_client();
    let nobodys = nobodys_secret(&s);
    let mistyped = right.replacen('a', "b", 1).replacen('A', "B", 1);
    for (id, wrong) in [
        (id, nobodys.as_str()),
        (id, &mistyped),
        (id, secret(&other)),
        (id, &right[..right.len() - 1]),
        (id, &format!("{right} ")),
        (id, &right.to_uppercase()),
        (id, "wc_cs_"),
        (id, ""),
        ("9999", right),
        ("buddy", right),
        (other.id.as_str(), right),
    ] {
        let in_body = s
            .post(TOKEN)
            .form(&[SERVICE, ("client_id", id), ("client_secret", wrong)])
            .send();
        in_body.refused(401, "invalid_client");
        assert_eq!(in_body.header("www-authenticate"), None);
        let basic = s.post(TOKEN).basic(id, wrong).form(&[SERVICE]).send();
        basic.refused(401, "invalid_client");
        assert!(
            basic
                .header("www-authenticate")
                .is_some_and(|value| value.starts_with("Basic realm="))
        );
        s.wait(15);
    }
    s.post(TOKEN)
        .form(&[SERVICE])
        .send()
        .refused(401, "invalid_client");
    s.post(TOKEN)
        .form(&[SERVICE, ("client_secret", right)])
        .send()
        .refused(401, "invalid_client");
    for header in [
        "Basic",
        "Basic ",
        "Basic !!!",
        "Basic bm9jb2xvbg==",
        "basic /w==",
    ] {
        let answer = s.post(TOKEN).authorization(header).form(&[SERVICE]).send();
        answer.refused(401, "invalid_client");
        assert!(answer.header("www-authenticate").is_some(), "{header}");
    }
}

#[test]
fn contract_4_two_ways_at_once_are_invalid_request_but_the_same_client_id_again_is_not() {
    let s = Scene::new();
    let (id, right) = (s.client.id.as_str(), secret(&s.client));
    let post = |pairs: &[(&str, &str)]| {
        let mut all = vec![SERVICE];
        all.extend_from_slice(pairs);
        s.post(TOKEN).basic(id, right).form(&all).send()
    };
    post(&[("client_id", id), ("client_secret", right)]).refused(400, "invalid_request");
    post(&[("client_secret", right)]).refused(400, "invalid_request");
    post(&[("client_id", "9999")]).refused(400, "invalid_request");
    post(&[("client_id", id)]).ok();
    post(&[("client_id", ""), ("client_secret", "")]).ok();
    post(&[]).ok();
}

#[test]
fn rfc6749_2_3_1_both_halves_of_basic_are_form_decoded() {
    let s = Scene::new();
    let (id, right) = (s.client.id.as_str(), secret(&s.client));
    let escaped: String = right.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let id_escaped: String = id.bytes().map(|byte| format!("%{byte:02X}")).collect();
    s.post(TOKEN)
        .basic(&id_escaped, &escaped)
        .form(&[SERVICE])
        .send()
        .ok();
    s.post(TOKEN)
        .basic(id, &form_encode(right))
        .form(&[SERVICE])
        .send()
        .ok();
    s.post(TOKEN)
        .basic(id, &right.replacen('_', "+", 1))
        .form(&[SERVICE])
        .send()
        .refused(401, "invalid_client");
}

#[test]
fn contract_4_another_authorization_scheme_is_ignored_and_basic_is_read_in_any_case() {
    let s = Scene::new();
    let pairs = [
        SERVICE,
        ("client_id", s.client.id.as_str()),
        ("client_secret", secret(&s.client)),
    ];
    for header in [
        "Bearer x",
        "Digest username=x",
        "Basically no",
        "Negotiate",
        "",
    ] {
        s.post(TOKEN).authorization(header).form(&pairs).send().ok();
    }
    let basic = s
        .post(TOKEN)
        .basic(&s.client.id, secret(&s.client))
        .head
        .authorization
        .unwrap();
    let lower = basic.replacen("Basic", "bAsIc", 1);
    s.post(TOKEN)
        .authorization(&lower)
        .form(&[SERVICE])
        .send()
        .ok();
}

#[test]
fn contract_4_a_public_client_sends_its_id_alone_and_a_secret_fails() {
    let s = Scene::new();
    let public = s.public_client(&["https://pocket.example/cb"]);
    let nobodys = nobodys_secret(&s);
    for wrong in ["x", nobodys.as_str(), secret(&s.client)] {
        let pairs = [
            SERVICE,
            ("client_id", public.id.as_str()),
            ("client_secret", wrong),
        ];
        s.post(TOKEN)
            .form(&pairs)
            .send()
            .refused(401, "invalid_client");
        s.post(TOKEN)
            .basic(&public.id, wrong)
            .form(&[SERVICE])
            .send()
            .refused(401, "invalid_client");
        for path in ["/api/oauth/revoke", "/api/oauth/introspect"] {
            let pairs = [
                ("token", "x"),
                ("client_id", public.id.as_str()),
                ("client_secret", wrong),
            ];
            s.post(path)
                .form(&pairs)
                .send()
                .refused(401, "invalid_client");
        }
    }
    public.revoke(&s, "x");
    public
        .token(&s, &[SERVICE])
        .refused(400, "unauthorized_client");
    let pairs = [
        SERVICE,
        ("client_id", public.id.as_str()),
        ("client_secret", ""),
    ];
    s.post(TOKEN)
        .form(&pairs)
        .send()
        .refused(400, "unauthorized_client");
}

#[test]
fn contract_7_a_second_secret_is_good_beside_the_first_until_it_is_deleted() {
    let s = Scene::new();
    s.client.as_service(&s, "");
    s.freeze();
    let second = s.add_secret(&s.client);
    s.another_isolate();
    second.as_service(&s, "");
    s.client.as_service(&s, "");
    s.thaw();
    s.delete_secret(&s.client);
    s.wait(support::STALE);
    s.client
        .try_as_service(&s, "")
        .refused(401, "invalid_client");
    second.as_service(&s, "");
}

#[test]
fn contract_4_a_client_that_is_not_approved_or_suspended_here_is_unauthorized_client() {
    let s = Scene::new();
    let stranger = s.register(json!({}));
    for grant_type in ["authorization_code", "refresh_token", "client_credentials"] {
        stranger
            .token(&s, &[("grant_type", grant_type)])
            .refused(400, "unauthorized_client");
    }
    stranger
        .send(&s, "/api/oauth/introspect", &[("token", "x")])
        .refused(400, "unauthorized_client");
    stranger.revoke(&s, "x");
    s.suspend(&s.client);
    s.another_isolate();
    s.client
        .try_as_service(&s, "")
        .refused(400, "unauthorized_client");
    s.resume(&s.client);
    s.change_application(&s.client, json!({"status": "suspended"}));
    s.another_isolate();
    s.client
        .try_as_service(&s, "")
        .refused(400, "unauthorized_client");
    s.change_application(&s.client, json!({"status": "active"}));
    s.delete_integration(&s.client);
    s.another_isolate();
    s.client
        .try_as_service(&s, "")
        .refused(400, "unauthorized_client");
    s.delete_application(&s.client);
    s.another_isolate();
    s.client
        .try_as_service(&s, "")
        .refused(401, "invalid_client");
    s.client
        .send(&s, "/api/oauth/revoke", &[("token", "x")])
        .refused(401, "invalid_client");
}

#[test]
fn contract_4_the_checks_come_in_their_order() {
    let s = Scene::new();
    let stranger = s.register(json!({}));
    let (id, right) = (stranger.id.as_str(), secret(&stranger));
    let post = |body: &str| s.post(TOKEN).raw(FORM, body.as_bytes()).send();
    post("client_id=1&client_secret=x&a=1&a=2").refused(400, "invalid_request");
    post(&format!(
        "client_id={id}&client_secret=x&grant_type=nonsense"
    ))
    .refused(401, "invalid_client");
    post(&format!("client_id={id}&client_secret={right}")).refused(400, "invalid_request");
    post(&format!("client_id={id}&client_secret={right}&grant_type="))
        .refused(400, "invalid_request");
    post(&format!(
        "client_id={id}&client_secret={right}&grant_type=password"
    ))
    .refused(400, "unsupported_grant_type");
    post(&format!(
        "client_id={id}&client_secret={right}&grant_type=refresh_token"
    ))
    .refused(400, "unauthorized_client");
    sent(&s, "grant_type=refresh_token").refused(400, "invalid_request");
    sent(&s, "grant_type=authorization_code").refused(400, "invalid_request");
    for grant in [
        "grant_type=refresh_token&refresh_token=x",
        "grant_type=authorization_code&code=x",
    ] {
        for malformed in ["%22", "a%0Ab", "%C3%A9"] {
            let rest = format!("{grant}&scope={malformed}");
            sent(&s, &rest).refused(400, "invalid_scope");
        }
    }
    sent(&s, "grant_type=refresh_token&refresh_token=x").refused(400, "invalid_grant");
    sent(&s, "grant_type=authorization_code&code=x").refused(400, "invalid_grant");
}

#[test]
fn contract_4_a_fault_of_ours_is_503_with_retry_after_or_500() {
    let s = Scene::new();
    let tokens = s.granted("");
    s.take_down(Some(ObjectKind::Account));
    let answer = s.client.try_to_refresh(&s, &tokens.refresh, "");
    answer.refused(503, "temporarily_unavailable");
    assert!(answer.header("retry-after").is_some());
    s.take_down(None);
    s.assert_lives(&tokens);
    s.take_down(Some(ObjectKind::Platform));
    s.another_isolate();
    s.client.as_service(&s, "");
    let answer = s.post(TOKEN).form(&[SERVICE, ("client_id", "9999")]).send();
    answer.refused(503, "temporarily_unavailable");
    assert!(answer.header("retry-after").is_some());
    s.take_down(None);

    s.break_down(Some(ObjectKind::Account));
    s.client
        .try_to_refresh(&s, &tokens.refresh, "")
        .refused(500, "server_error");
    for path in ["/api/oauth/introspect", "/api/oauth/revoke"] {
        s.client
            .send(&s, path, &[("token", &tokens.access)])
            .refused(500, "server_error");
    }
    s.break_down(None);
    let browser = s.signed_in();
    s.break_down(Some(ObjectKind::Account));
    let page = browser.get("/account").page(500);
    assert!(page.contains("Something went wrong"), "{page}");
}

// -- The throttle -------------------------------------------------------------------------------------------

/// A wrong secret, from an address.
fn wrong(s: &Scene, client_id: &str, address: &str) -> Answer {
    let secret = nobodys_secret(s);
    let pairs = [
        SERVICE,
        ("client_id", client_id),
        ("client_secret", &secret),
    ];
    s.post(TOKEN).address(address).form(&pairs).send()
}

#[test]
fn contract_4_after_10_wrong_secrets_a_client_is_429_and_a_right_secret_never() {
    let s = Scene::new();
    for n in 0..10 {
        wrong(&s, &s.client.id, &format!("192.0.2.{n}")).refused(401, "invalid_client");
        s.wait(1);
    }
    let answer = wrong(&s, &s.client.id, "192.0.2.77");
    answer.refused(429, "temporarily_unavailable");
    assert_eq!(answer.header("retry-after"), Some("50"));
    s.client.as_service(&s, "");
    s.another_isolate();
    s.client.as_service(&s, "");
    let other = s.another_client();
    wrong(&s, &other.id, "192.0.2.1").refused(401, "invalid_client");
    s.wait(50);
    wrong(&s, &s.client.id, "192.0.2.1").refused(401, "invalid_client");
}

#[test]
fn contract_4_an_address_waits_after_100_wrong_secrets_and_a_right_one_still_passes() {
    let s = Scene::new();
    for n in 0..100 {
        let client_id = (5000 + n / 10).to_string();
        wrong(&s, &client_id, "192.0.2.1").refused(401, "invalid_client");
    }
    wrong(&s, "6000", "192.0.2.1").refused(429, "temporarily_unavailable");
    wrong(&s, "6001", "192.0.2.2").refused(401, "invalid_client");
    let pairs = [
        SERVICE,
        ("client_id", s.client.id.as_str()),
        ("client_secret", secret(&s.client)),
    ];
    s.post(TOKEN).address("192.0.2.1").form(&pairs).send().ok();
}

#[test]
fn contract_4_wrong_secrets_from_an_address_keep_no_person_out_and_wrong_passwords_no_client() {
    let s = Scene::new();
    let sign_in = |address: &str, email: &str, password: &str| {
        let browser = s.browser();
        let page = browser.get("/login");
        let fields = [("email", email), ("password", password)];
        let form = browser.submission(&page, "/login", &fields);
        browser.send(form.address(address)).status()
    };
    for n in 0..100 {
        wrong(&s, &format!("{}", 2000 + n), "192.0.2.1").refused(401, "invalid_client");
    }
    assert_eq!(wrong(&s, "3000", "192.0.2.1").status(), 429);
    assert_eq!(sign_in("192.0.2.1", EMAIL, PASSWORD), 303);

    for n in 0..100 {
        let email = format!("p{n}@people.example");
        assert_eq!(sign_in("192.0.2.2", &email, "a wrong password"), 400);
    }
    assert_eq!(sign_in("192.0.2.2", EMAIL, PASSWORD), 429);
    wrong(&s, "3000", "192.0.2.2").refused(401, "invalid_client");
}

#[test]
fn contract_4_a_secret_with_a_client_id_that_is_no_number_counts_for_the_address() {
    let s = Scene::new();
    for n in 0..100 {
        let client_id = format!("buddy{}", n / 10);
        wrong(&s, &client_id, "192.0.2.1").refused(401, "invalid_client");
    }
    wrong(&s, "another", "192.0.2.1").refused(429, "temporarily_unavailable");
    wrong(&s, "another", "192.0.2.2").refused(401, "invalid_client");
}

#[test]
fn contract_4_nothing_but_wrong_secrets_counts_and_a_public_client_is_never_throttled() {
    let s = Scene::new();
    let public = s.public_client(&["https://pocket.example/cb"]);
    for _ in 0..120 {
        s.client
            .try_to_redeem(&s, "wrong", &[])
            .refused(400, "invalid_grant");
        s.post(TOKEN)
            .form(&[("client_id", s.client.id.as_str())])
            .send()
            .refused(401, "invalid_client");
        let with_secret = [("client_id", public.id.as_str()), ("client_secret", "x")];
        s.post(TOKEN)
            .form(&with_secret)
            .send()
            .refused(401, "invalid_client");
    }
    wrong(&s, &s.client.id, "").refused(401, "invalid_client");
    let shared = [
        ("client_id", s.client.id.as_str()),
        ("client_secret", "wc_cs_mistyped"),
    ];
    s.post(TOKEN)
        .form(&shared)
        .send()
        .refused(401, "invalid_client");
}

#[test]
fn contract_4_wrong_secrets_count_at_revocation_and_introspection_too() {
    let s = Scene::new();
    for (path, n) in [("/api/oauth/revoke", 5), ("/api/oauth/introspect", 5)] {
        for _ in 0..n {
            let pairs = [
                ("client_id", s.client.id.as_str()),
                ("client_secret", "wrong"),
                ("token", "x"),
            ];
            s.post(path)
                .form(&pairs)
                .send()
                .refused(401, "invalid_client");
        }
    }
    wrong(&s, &s.client.id, "192.0.2.9").refused(429, "temporarily_unavailable");
}
