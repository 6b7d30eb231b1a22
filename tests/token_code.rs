//! Contract 4, `authorization_code`; refusals first.

mod support;

use serde_json::{Value, json};
use support::people::Tokens;
use support::{CHALLENGE, HOST, ORIGIN, Scene, VERIFIER};
use willcall::account::command::Reply;
use willcall::account::object::AccountObject;
use willcall::protocol::encoding::from_base64url;

const PKCE: [(&str, &str); 2] = [
    ("code_challenge", CHALLENGE),
    ("code_challenge_method", "S256"),
];

/// A redemption that fails with `invalid_grant` however it is put, and burns nothing: the code is good
/// for one right redemption after all of them.
#[track_caller]
fn assert_burns_nothing(
    s: &Scene,
    code: &str,
    wrong: &[&[(&str, &str)]],
    right: &[(&str, &str)],
) -> Tokens {
    for extra in wrong {
        s.client
            .try_to_redeem(s, code, extra)
            .refused(400, "invalid_grant");
    }
    Tokens::of(&s.client.try_to_redeem(s, code, right).ok())
}

#[test]
fn contract_4_a_code_that_is_wrong_in_any_bit_or_missing_is_refused() {
    let s = Scene::new();
    let code = s.signed_in().code(&s.client, &[]);
    s.client
        .try_to_redeem(&s, "", &[])
        .refused(400, "invalid_request");
    for at in (0..code.len()).step_by(7) {
        let mut bytes = code.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let forged = String::from_utf8(bytes).unwrap();
        s.client
            .try_to_redeem(&s, &forged, &[])
            .refused(400, "invalid_grant");
    }
    for wrong in [
        "x",
        &code[..code.len() - 1],
        &format!("{code}A"),
        &"x".repeat(9000),
        &code.replace("wc_ac_", "wc_rt_"),
    ] {
        s.client
            .try_to_redeem(&s, wrong, &[])
            .refused(400, "invalid_grant");
    }
    s.client.redeem(&s, &code);
}

#[test]
fn contract_2_a_code_is_good_for_60_seconds() {
    let s = Scene::new();
    let browser = s.signed_in();
    let (one, two) = (browser.code(&s.client, &[]), browser.code(&s.client, &[]));
    s.wait(59);
    s.client.redeem(&s, &one);
    s.wait(1);
    s.client
        .try_to_redeem(&s, &two, &[])
        .refused(400, "invalid_grant");
}

#[test]
fn contract_2_a_code_is_for_the_client_it_was_issued_to() {
    let s = Scene::new();
    let other = s.register(json!({}));
    s.change(&other, json!({"obo_scopes": ["pii:basic"]}));
    let code = s.signed_in().code(&s.client, &[]);
    other
        .try_to_redeem(&s, &code, &[])
        .refused(400, "invalid_grant");
    let tokens = s.client.redeem(&s, &code);
    other
        .try_to_redeem(&s, &code, &[])
        .refused(400, "invalid_grant");
    s.assert_lives(&tokens);
}

#[test]
fn contract_4_the_redirect_uri_must_be_the_one_used_if_it_was_sent() {
    let s = Scene::new();
    let browser = s.signed_in();
    let code = browser.code(&s.client, &[]);
    let wrong: [&[(&str, &str)]; 4] = [
        &[("redirect_uri", "")],
        &[("redirect_uri", "https://buddy.example/callback/")],
        &[("redirect_uri", "https://evil.example/")],
        &[("redirect_uri", "https://buddy.example/callback ")],
    ];
    assert_burns_nothing(&s, &code, &wrong, &[]);
    let left_out = browser.code(&s.client, &[("redirect_uri", "")]);
    assert_burns_nothing(&s, &left_out, &[wrong[1], wrong[2]], wrong[0]);
    let left_out = browser.code(&s.client, &[("redirect_uri", "")]);
    s.client.redeem(&s, &left_out);
}

#[test]
fn contract_4_what_was_left_out_may_be_left_out_whatever_was_registered_since() {
    let s = Scene::new();
    let browser = s.signed_in();
    let codes = [(); 2].map(|()| browser.code(&s.client, &[("redirect_uri", "")]));
    let left_out = [("redirect_uri", "")];
    let register = |uris: &[&str]| {
        s.change_application(&s.client, json!({"redirect_uris": uris}));
        s.another_isolate();
    };
    register(&[
        "https://buddy.example/new",
        "https://buddy.example/callback",
    ]);
    s.client.try_to_redeem(&s, &codes[0], &left_out).ok();
    register(&["https://buddy.example/new"]);
    s.client
        .try_to_redeem(&s, &codes[1], &left_out)
        .refused(400, "invalid_grant");
}

#[test]
fn rfc7636_4_6_the_verifier_must_match_and_be_there_exactly_when_a_challenge_was() {
    let s = Scene::new();
    let browser = s.signed_in();
    let code = browser.code(&s.client, &PKCE);
    let other = "a".repeat(43);
    let wrong: [&[(&str, &str)]; 6] = [
        &[],
        &[("code_verifier", &other)],
        &[("code_verifier", CHALLENGE)],
        &[("code_verifier", "short")],
        &[("code_verifier", &format!("{VERIFIER} "))],
        &[("code_verifier", &VERIFIER.to_lowercase())],
    ];
    assert_burns_nothing(&s, &code, &wrong, &[("code_verifier", VERIFIER)]);
    let without = browser.code(&s.client, &[]);
    assert_burns_nothing(&s, &without, &[&[("code_verifier", VERIFIER)]], &[]);
}

#[test]
fn contract_4_scope_narrows_for_good_and_never_widens() {
    let s = Scene::new();
    let browser = s.signed_in();
    let scope = [("scope", "pii:basic pii:email stats:read")];
    let code = browser.code(&s.client, &scope);
    for wider in [
        "pii:basic user:roles",
        "no:such",
        "schedule:edit",
        "pii:basic\u{e9}",
        "report:read",
    ] {
        s.client
            .try_to_redeem(&s, &code, &[("scope", wider)])
            .refused(400, "invalid_scope");
    }
    let tokens = Tokens::of(
        &s.client
            .try_to_redeem(&s, &code, &[("scope", "stats:read pii:email stats:read")])
            .ok(),
    );
    assert_eq!(tokens.scope, "pii:email stats:read");
    s.client
        .try_to_refresh(&s, &tokens.refresh, "pii:basic")
        .refused(400, "invalid_scope");
    assert_eq!(
        s.client.refresh(&s, &tokens.refresh).scope,
        "pii:email stats:read"
    );
    let whole = s
        .client
        .try_to_redeem(&s, &browser.code(&s.client, &scope), &[("scope", " ")])
        .ok();
    assert_eq!(whole["scope"], "pii:basic pii:email stats:read");
}

#[test]
fn rfc6749_4_1_2_a_second_redemption_is_refused_and_ends_everything_the_code_produced() {
    let s = Scene::new();
    let browser = s.signed_in();
    let kept = s.client.redeem(&s, &browser.code(&s.client, &[]));
    let code = browser.code(&s.client, &[]);
    let first = s.client.redeem(&s, &code);
    let second = s.client.refresh(&s, &first.refresh);
    s.wait(59);
    s.client
        .try_to_redeem(&s, &code, &[])
        .refused(400, "invalid_grant");
    s.assert_all_ended(&[&second, &first]);
    s.whoami(&second.access).refused(401, "invalid_token");
    s.assert_lives(&kept);
    s.client
        .try_to_redeem(&s, &code, &[])
        .refused(400, "invalid_grant");
    assert!(
        s.memory.everything_stored().contains("grant.code_replayed"),
        "the organiser can see it"
    );
}

#[test]
fn contract_4_a_second_redemption_is_a_replay_whatever_scope_it_asks_for() {
    let s = Scene::new();
    let code = s.signed_in().code(&s.client, &[("scope", "pii:basic")]);
    let tokens = s.client.redeem(&s, &code);
    s.client
        .try_to_redeem(&s, &code, &[("scope", "pii:basic pii:email")])
        .refused(400, "invalid_grant");
    s.assert_ended(&tokens);
}

#[test]
fn contract_7_a_replay_while_the_integration_is_suspended_consumes_nothing() {
    let s = Scene::new();
    s.put_event(HOST, json!({"retry_window": 0}));
    s.another_isolate();
    let code = s.signed_in().code(&s.client, &[]);
    let first = s.client.redeem(&s, &code);
    let second = s.client.refresh(&s, &first.refresh);
    s.suspend(&s.client);
    s.another_isolate();
    s.client
        .try_to_redeem(&s, &code, &[])
        .refused(400, "unauthorized_client");
    s.client
        .try_to_refresh(&s, &first.refresh, "")
        .refused(400, "unauthorized_client");
    s.resume(&s.client);
    s.another_isolate();
    s.assert_lives(&second);
}

#[test]
fn contract_4_a_second_redemption_that_is_not_valid_or_too_late_ends_nothing() {
    let s = Scene::new();
    let browser = s.signed_in();
    let other = s.another_client();
    let code = browser.code(&s.client, &PKCE);
    let right = [("code_verifier", VERIFIER)];
    let tokens = Tokens::of(&s.client.try_to_redeem(&s, &code, &right).ok());
    for wrong in [
        &[][..],
        &[("code_verifier", "wrong")],
        &[
            ("code_verifier", VERIFIER),
            ("redirect_uri", "https://evil.example/"),
        ],
    ] {
        s.client
            .try_to_redeem(&s, &code, wrong)
            .refused(400, "invalid_grant");
    }
    other
        .try_to_redeem(&s, &code, &right)
        .refused(400, "invalid_grant");
    s.wait(60);
    s.client
        .try_to_redeem(&s, &code, &right)
        .refused(400, "invalid_grant");
    s.assert_lives(&tokens);
}

#[test]
fn contract_7_a_code_for_the_only_redirect_uri_is_redeemed_where_a_replica_knows_another() {
    let s = Scene::new();
    let change = |uris: &[&str]| s.change_application(&s.client, json!({"redirect_uris": uris}));
    for stale in [
        &["https://old.example/cb"][..],
        &["https://old.example/cb", "https://older.example/cb"],
    ] {
        change(stale);
        let before = s.replicas_now();
        change(&[&s.client.redirect_uri]);
        s.another_isolate();
        let code = s
            .signed_in()
            .code(&s.client, &[("redirect_uri", ""), ("scope", "pii:basic")]);
        s.freeze_at(before);
        s.another_isolate();
        s.client
            .try_to_redeem(&s, &code, &[("redirect_uri", "")])
            .ok();
        s.thaw();
        s.another_isolate();
    }
}

#[test]
fn contract_4_a_lost_answer_of_an_object_costs_nobody_anything() {
    let s = Scene::new();
    s.lose_answers();
    let browser = s.signed_in();
    let tokens = s.client.redeem(&s, &browser.code(&s.client, &[]));
    let next = s.client.refresh(&s, &tokens.refresh);
    let last = s.assert_lives(&next);
    s.client.revoke(&s, &last.refresh);
    s.assert_ended(&last);
    s.change(&s.client, json!({"service_refresh_tokens": true}));
    s.another_isolate();
    let service = s.client.as_service(&s, "");
    s.assert_lives(&service);
}

// -- Entitlement at redemption -------------------------------------------------------------------------------

#[test]
fn contract_4_at_redemption_what_is_no_longer_allowed_is_dropped_for_good() {
    let s = Scene::new();
    let browser = s.signed_in();
    let scope = [("scope", "badge:print pii:basic shirt:order stats:read")];
    let redeemed = |s: &Scene, code: &str| {
        s.another_isolate();
        s.client.redeem(s, code)
    };
    let code = browser.code(&s.client, &scope);
    s.change_robin(json!({"permissions": []}));
    let tokens = redeemed(&s, &code);
    assert_eq!(
        tokens.scope, "pii:basic shirt:order stats:read",
        "the person's own permissions, at once"
    );
    s.change_robin(json!({"permissions": ["badges"]}));
    assert_eq!(
        s.client.refresh(&s, &tokens.refresh).scope,
        "pii:basic shirt:order stats:read",
        "for good"
    );
    let code = browser.code(&s.client, &scope);
    s.change_robin(json!({"roles": []}));
    assert_eq!(
        redeemed(&s, &code).scope,
        "badge:print pii:basic stats:read",
        "a role taken away, at once"
    );
    s.change_robin(json!({"roles": ["staff"]}));
    let code = browser.code(&s.client, &scope);
    s.put_roles(&s.event, json!([{"name": "staff", "permissions": []}]));
    assert_eq!(
        redeemed(&s, &code).scope,
        "badge:print pii:basic stats:read",
        "what the role contains"
    );
    let code = browser.code(&s.client, &[("scope", "badge:print pii:basic stats:read")]);
    s.change(&s.client, json!({"obo_scopes": ["pii:basic"]}));
    assert_eq!(redeemed(&s, &code).scope, "pii:basic", "no longer approved");
}

#[test]
fn contract_4_when_nothing_is_left_at_redemption_it_is_invalid_grant_and_over() {
    let s = Scene::new();
    let code = s.signed_in().code(&s.client, &[("scope", "badge:print")]);
    s.change_robin(json!({"permissions": []}));
    s.client
        .try_to_redeem(&s, &code, &[])
        .refused(400, "invalid_grant");
    s.change_robin(json!({"permissions": ["badges"]}));
    s.client
        .try_to_redeem(&s, &code, &[])
        .refused(400, "invalid_grant");
}

#[test]
fn contract_4_when_only_what_was_asked_for_is_gone_it_is_invalid_scope_and_consumes_nothing() {
    let s = Scene::new();
    let code = s
        .signed_in()
        .code(&s.client, &[("scope", "badge:print pii:basic")]);
    s.change_robin(json!({"permissions": []}));
    s.client
        .try_to_redeem(&s, &code, &[("scope", "badge:print")])
        .refused(400, "invalid_scope");
    assert_eq!(s.client.redeem(&s, &code).scope, "pii:basic");
}

#[test]
fn contract_7_a_suspended_integration_consumes_nothing_and_the_code_is_good_after_it() {
    let s = Scene::new();
    let code = s.signed_in().code(&s.client, &[]);
    s.suspend(&s.client);
    s.another_isolate();
    s.client
        .try_to_redeem(&s, &code, &[])
        .refused(400, "unauthorized_client");
    s.wait(59);
    s.resume(&s.client);
    s.another_isolate();
    s.client.redeem(&s, &code);
}

#[test]
fn contract_7_a_deleted_integration_or_event_created_again_redeems_no_older_code() {
    let s = Scene::new();
    let code = s.signed_in().code(&s.client, &[]);
    s.delete_integration(&s.client);
    s.another_isolate();
    s.client
        .try_to_redeem(&s, &code, &[])
        .refused(400, "unauthorized_client");
    let approval = json!({"obo_scopes": ["pii:basic"]});
    s.change(&s.client, approval.clone());
    s.another_isolate();
    s.client
        .try_to_redeem(&s, &code, &[])
        .refused(400, "invalid_grant");
    let code = s.signed_in().code(&s.client, &[]);
    s.delete_event(HOST);
    let again = s.put_event(HOST, json!({"name": "Harbour Con"}));
    s.integrate(&again, &s.client, approval);
    s.another_isolate();
    s.client
        .try_to_redeem(&s, &code, &[])
        .refused(400, "invalid_grant");
}

#[test]
fn contract_7_disabling_or_deleting_the_account_ends_codes_not_yet_redeemed() {
    let s = Scene::new();
    let browser = s.signed_in();
    let (one, two) = (browser.code(&s.client, &[]), browser.code(&s.client, &[]));
    s.disable_robin();
    s.client
        .try_to_redeem(&s, &one, &[])
        .refused(400, "invalid_grant");
    s.enable_robin();
    s.client
        .try_to_redeem(&s, &one, &[])
        .refused(400, "invalid_grant");
    s.client
        .try_to_redeem(&s, &two, &[])
        .refused(400, "invalid_grant");
    let three = s.signed_in().code(&s.client, &[]);
    s.delete_robin();
    s.client
        .try_to_redeem(&s, &three, &[])
        .refused(400, "invalid_grant");
}

#[test]
fn contract_4_a_redemption_is_never_refused_on_a_replicas_word() {
    let s = Scene::new();
    let browser = s.signed_in();
    s.freeze();
    s.change(
        &s.client,
        json!({"obo_scopes": ["pii:basic", "schedule:edit"]}),
    );
    s.put_roles(
        &s.event,
        json!([{"name": "staff", "permissions": ["shirts", "more"]}]),
    );
    s.put_scopes(
        &s.event,
        json!([
            {"name": "schedule:edit", "title": "Edit", "modes": ["obo"], "permission": "more"},
            {"name": "badge:print", "title": "Print", "modes": ["obo"]},
            {"name": "stats:read", "title": "Stats", "modes": ["obo", "service"]},
            {"name": "report:read", "title": "Reports", "modes": ["service"]},
        ]),
    );
    let code = browser.code(&s.client, &[("scope", "pii:basic schedule:edit")]);
    s.another_isolate();
    let tokens = s.client.redeem(&s, &code);
    assert_eq!(tokens.scope, "pii:basic schedule:edit");
    s.another_isolate();
    let next = s.client.refresh(&s, &tokens.refresh);
    assert_eq!(next.scope, "pii:basic schedule:edit");
}

// -- What a redemption answers ------------------------------------------------------------------------------

#[test]
fn rfc6749_5_1_a_success_has_the_members_of_the_contract() {
    let s = Scene::new();
    let code = s
        .signed_in()
        .code(&s.client, &[("scope", "stats:read pii:basic")]);
    let answer = s.client.try_to_redeem(&s, &code, &[]);
    let body = answer.ok();
    assert_eq!(answer.header("pragma"), Some("no-cache"));
    assert_eq!(body["token_type"], "Bearer");
    assert_eq!(body["expires_in"], 3600);
    assert_eq!(body["scope"], "pii:basic stats:read");
    assert!(
        body["refresh_token"]
            .as_str()
            .unwrap()
            .starts_with("wc_rt_")
    );
    assert_eq!(body.as_object().unwrap().len(), 5);
}

#[test]
fn rfc9068_2_2_an_access_token_has_the_claims_of_the_contract() {
    let s = Scene::new();
    let tokens = s.granted("pii:basic");
    let part = |at: usize| -> Value {
        let text = tokens.access.split('.').nth(at).unwrap();
        serde_json::from_slice(&from_base64url(text).unwrap()).unwrap()
    };
    assert_eq!(
        (part(0)["typ"].as_str(), part(0)["alg"].as_str()),
        (Some("at+jwt"), Some("HS256"))
    );
    let claims = part(1);
    assert_eq!(claims["iss"], ORIGIN);
    assert_eq!(claims["aud"], ORIGIN);
    assert_eq!(claims["sub"], s.robin.id);
    assert!(s.robin.id.starts_with("acc_"));
    assert_eq!(claims["client_id"], s.client.id);
    assert_eq!(claims["scope"], "pii:basic");
    assert_eq!(claims["iat"], support::BEGIN);
    assert_eq!(claims["exp"], support::BEGIN + 3600);
    assert!(!claims["jti"].as_str().unwrap().is_empty());
}

#[test]
fn contract_4_the_parameters_may_come_as_json_and_through_any_alias() {
    let s = Scene::new();
    let browser = s.signed_in();
    for path in ["/api/oauth/token", "/oauth2/token", "/connect/token"] {
        let body = json!({
            "client_id": s.client.id.parse::<u64>().unwrap(),
            "client_secret": s.client.secret,
            "grant_type": "authorization_code",
            "code": browser.code(&s.client, &[]),
            "redirect_uri": s.client.redirect_uri,
        });
        s.post(path).json(&body).send().ok();
    }
}

#[test]
fn contract_4_a_person_may_have_several_grants_and_what_ends_one_leaves_the_others() {
    let s = Scene::new();
    let browser = s.signed_in();
    let grants: Vec<Tokens> = (0..3)
        .map(|_| s.client.redeem(&s, &browser.code(&s.client, &[])))
        .collect();
    s.client.revoke(&s, &grants[0].refresh);
    let rotated = s.client.refresh(&s, &grants[1].refresh);
    s.wait(11);
    s.client
        .try_to_refresh(&s, &grants[1].refresh, "")
        .refused(400, "invalid_grant");
    s.assert_all_ended(&[&rotated, &grants[0]]);
    s.assert_lives(&grants[2]);
}

#[test]
fn contract_7_a_re_created_integration_works_from_its_answer_on_and_keeps_working() {
    let s = Scene::new();
    let browser = s.signed_in();
    s.freeze();
    s.delete_integration(&s.client);
    s.change(&s.client, json!({"obo_scopes": ["pii:basic"]}));
    s.another_isolate();
    let code = browser.code(&s.client, &[("scope", "pii:basic")]);
    let tokens = s.client.redeem(&s, &code);
    s.thaw();
    s.wait(support::STALE);
    s.assert_lives(&tokens);
}

#[test]
fn contract_4_our_own_first_try_that_arrives_late_ends_no_grant() {
    let s = Scene::new();
    let owner = format!("{}/{}", s.event, s.robin.id);
    let tokens = s.granted("pii:basic");
    let claims = tokens.access.split('.').nth(1).unwrap();
    let claims: Value = serde_json::from_slice(&from_base64url(claims).unwrap()).unwrap();
    let begin = |attempt: &str| {
        json!({"attempt": attempt, "kid": "k", "token_hash": "h", "incarnation": claims["inc"],
            "rules": {"approved": {"pii:basic": null}, "roles": {}, "authoritative": true}})
    };
    let run =
        |command: Value| s.run::<AccountObject>(&owner, &serde_json::from_value(command).unwrap());
    let redeem = |attempt: &str| {
        run(
            json!({"redeem": {"asked": null, "begin": begin(attempt), "code": {
            "g": "gr_late", "a": s.robin.id, "c": s.client.id, "i": claims["inc"], "s": "pii:basic", "e": 0, "r": 0,
            "x": support::BEGIN + 60}}}),
        )
    };
    let refresh = |presented: u64, attempt: &str| {
        run(
            json!({"refresh": {"grant_id": "gr_late", "client_id": s.client.id, "presented": presented, "asked": null,
            "window": 10, "idle_days": null, "begin": begin(attempt)}}),
        )
    };
    assert!(matches!(redeem("one"), Reply::Issued { .. }));
    assert!(matches!(refresh(1, "two"), Reply::Issued { .. }));
    assert!(matches!(redeem("one"), Reply::Refused(_)));
    assert!(matches!(refresh(2, "three"), Reply::Issued { .. }));
    assert!(matches!(refresh(1, "two"), Reply::Refused(_)));
    assert!(matches!(refresh(3, "four"), Reply::Issued { .. }));
    assert!(matches!(redeem("stolen"), Reply::Refused(_)));
    assert!(matches!(refresh(4, "five"), Reply::Refused(_)));
}
