//! Contract 4, `client_credentials` without refresh tokens; refusals first.

mod support;

use serde_json::json;
use support::Scene;
use support::scene::words;
use willcall::protocol::encoding::from_base64url;
use willcall::store::ports::Counted;

#[test]
fn contract_4_a_public_client_has_no_credentials_to_use() {
    let s = Scene::new();
    let public = s.public_client(&["https://pocket.example/cb"]);
    s.change(&public, json!({"service_scopes": ["stats:read"]}));
    s.another_isolate();
    public
        .try_as_service(&s, "stats:read")
        .refused(400, "unauthorized_client");
}

#[test]
fn contract_4_a_scope_that_is_not_approved_for_services_or_none_at_all_is_invalid_scope() {
    let s = Scene::new();
    for scope in [
        "pii:basic",
        "badge:print",
        "stats:read pii:email",
        "schedule:edit",
        "token:introspect",
        "no:such",
        "stats:read\u{e9}",
    ] {
        s.client
            .try_as_service(&s, scope)
            .refused(400, "invalid_scope");
    }
    let answer = s.client.try_as_service(&s, "stats:read pii:email no:such");
    let said = answer.json()["error_description"].to_string();
    assert!(said.contains("not approved no:such for"), "{said}");
    s.change(&s.client, json!({"service_scopes": []}));
    s.another_isolate();
    let answer = s.client.try_as_service(&s, "");
    answer.refused(400, "invalid_scope");
    let said = answer.json()["error_description"].to_string();
    assert!(said.contains("not approved any scopes"), "{said}");
    s.client
        .try_as_service(&s, "stats:read")
        .refused(400, "invalid_scope");
}

#[test]
fn contract_4_any_subset_of_what_is_approved_or_all_of_it_and_no_refresh_token() {
    let s = Scene::new();
    let all = s.client.try_as_service(&s, "").ok();
    assert_eq!(
        words(all["scope"].as_str().unwrap()),
        ["report:read", "stats:read", "user:read"]
    );
    assert_eq!(
        (all["token_type"].as_str(), all["expires_in"].as_u64()),
        (Some("Bearer"), Some(3600))
    );
    assert_eq!(all.as_object().unwrap().len(), 4, "no refresh token");
    assert_eq!(s.client.as_service(&s, "stats:read").scope, "stats:read");
    assert_eq!(
        s.client
            .as_service(&s, "user:read stats:read user:read")
            .scope,
        "stats:read user:read"
    );
}

/// Scopes that make one text of so many characters.
fn scopes(length: usize) -> Vec<String> {
    let mut names: Vec<String> = (0..39).map(|n| format!("{n:099}")).collect();
    names.push("x".repeat(length - 3900));
    names
}

#[test]
fn contract_4_all_that_can_be_approved_fits_in_a_token_that_works() {
    let s = Scene::new();
    s.change(&s.client, json!({"obo_scopes": [], "service_scopes": []}));
    let catalogue: Vec<_> = scopes(4000)
        .iter()
        .map(|name| json!({"name": name, "title": "Some", "modes": ["obo", "service"]}))
        .collect();
    s.put_scopes(&s.event, json!(catalogue));
    s.change(
        &s.client,
        json!({"obo_scopes": scopes(4000), "service_scopes": scopes(4000)}),
    );
    s.another_isolate();
    let service = s.client.as_service(&s, "");
    assert!(s.client.is_active(&s, &service.access));
    let code = s.signed_in().code(&s.client, &[("scope", "")]);
    let tokens = s.client.redeem(&s, &code);
    assert_eq!(words(&tokens.scope).len(), 40);
    s.assert_lives(&tokens);
}

#[test]
fn contract_5_a_services_token_has_the_client_as_its_subject() {
    let s = Scene::new();
    let token = s.client.as_service(&s, "stats:read").access;
    let claims = from_base64url(token.split('.').nth(1).unwrap()).unwrap();
    let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!(
        (&claims["sub"], &claims["client_id"]),
        (&json!(s.client.id), &json!(s.client.id))
    );
}

#[test]
fn contract_4_a_new_approval_holds_from_its_answer_on_whatever_a_replica_says() {
    let s = Scene::new();
    s.change(&s.client, json!({"service_scopes": []}));
    s.freeze();
    s.change(&s.client, json!({"service_scopes": ["schedule:edit"]}));
    s.another_isolate();
    assert_eq!(s.client.as_service(&s, "").scope, "schedule:edit");
    let late = s.register(json!({}));
    s.change(&late, json!({"service_scopes": ["schedule:edit"]}));
    s.another_isolate();
    assert_eq!(late.as_service(&s, "schedule:edit").scope, "schedule:edit");
}

#[test]
fn contract_4_a_suspension_is_told_as_one_where_a_replica_is_behind() {
    let s = Scene::new();
    s.freeze();
    s.suspend(&s.client);
    s.another_isolate();
    // It is not approved by the replica, so the authority is asked.
    s.client
        .try_as_service(&s, "no:such")
        .refused(400, "unauthorized_client");
}

#[test]
fn contract_7_a_services_token_pauses_with_its_integration_and_ends_with_it() {
    let s = Scene::new();
    let token = s.client.as_service(&s, "").access;
    let list = || s.get("/api/users").bearer(&token).send();
    list().ok();
    s.suspend(&s.client);
    s.wait(support::STALE);
    list().refused(401, "invalid_token");
    s.resume(&s.client);
    s.wait(support::STALE);
    list().ok();
    s.delete_integration(&s.client);
    s.wait(support::STALE);
    list().refused(401, "invalid_token");
    s.change(&s.client, json!({"service_scopes": ["user:read"]}));
    s.wait(support::STALE);
    list().refused(401, "invalid_token");
    assert!(!s.client.is_active(&s, &token));
}

#[test]
fn contract_6_every_authenticated_call_is_counted_for_its_application() {
    let s = Scene::new();
    let tokens = s.granted("pii:basic");
    s.memory.counts.borrow_mut().clear();
    s.client.as_service(&s, "");
    s.client.refresh(&s, &tokens.refresh);
    s.whoami(&tokens.access).refused(401, "invalid_token");
    let next = s.client.refresh(&s, &tokens.refresh);
    s.whoami(&next.access).ok();
    s.client.introspect(&s, &next.access);
    s.client
        .try_as_service(&s, "no:such")
        .refused(400, "invalid_scope");
    let counted: Vec<Counted> = s
        .memory
        .counts
        .borrow()
        .iter()
        .map(|(event, client, what)| {
            assert_eq!((event, client), (&s.event, &s.client.id));
            *what
        })
        .collect();
    assert_eq!(
        counted,
        [
            Counted::Token("client_credentials"),
            Counted::Token("refresh_token"),
            Counted::Token("refresh_token"),
            Counted::Call,
            Counted::Call,
            Counted::Refusal,
        ]
    );
}
