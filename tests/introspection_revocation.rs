//! Contract 6: introspection (RFC 7662) and revocation (RFC 7009); refusals first.
#![expect(clippy::unwrap_used, reason = "what is not as expected ends the test")]

mod support;

use serde_json::{Value, json};
use support::browser::Browser;
use support::people::{Client, Tokens};
use support::{ORIGIN, Scene};
use willcall::account::object::AccountObject;
use willcall::ledger::outbox::{Effect, Now, Object as _, ObjectKind, TELL_AFTER, pending};
use willcall::store::memory::MemoryLedger;
use willcall::store::objects::{self, Outcome};

const INTROSPECT: &str = "/api/oauth/introspect";
const REVOKE: &str = "/api/oauth/revoke";

const NOW: Now = Now::at(1_772_357_400_000);
/// When the token `jti_1` ends.
const ENDS: u64 = 1_772_361_000;

/// A command to a service's object.
fn service(ledger: &mut MemoryLedger, command: &Value) -> Outcome {
    objects::call(ObjectKind::Account, ledger, &command.to_string(), NOW).unwrap()
}

fn new_service() -> MemoryLedger {
    let mut ledger = MemoryLedger::default();
    let profile = json!({"id": "svc_1001_inc_1", "event_id": "evt_1", "version": 1, "name": "", "email": "",
        "permissions": [], "roles": [], "status": "active", "epoch": 0, "session_epoch": 0, "service": true});
    service(
        &mut ledger,
        &json!({"push": {"profile": profile, "password": null}}),
    );
    ledger
}

fn revoke_jti_1() -> Value {
    json!({"revoke_lone": {"jti": "jti_1", "expires_at": ENDS}})
}

#[test]
fn contract_6_kv_remembers_a_revocation_until_the_token_has_ended_by_a_slow_clock() {
    let mut ledger = new_service();
    service(&mut ledger, &revoke_jti_1());
    for before_its_end in [3600, 600, 30, 1] {
        let now = Now::at((ENDS - before_its_end) * 1000);
        let effect = AccountObject::effect(&ledger, "revoked/jti_1", now).unwrap();
        let Some(Effect::Write { ttl: Some(ttl), .. }) = effect else {
            panic!("{effect:?}");
        };
        assert!(ttl >= before_its_end + 10, "clocks are ± 5 s off: {ttl}");
    }
}

#[test]
fn contract_6_a_revocation_has_an_alarm_however_much_else_there_is_to_tell() {
    let mut ledger = new_service();
    let begin = json!({"attempt": "", "kid": "k", "token_hash": "h", "incarnation": "inc_1",
        "rules": {"approved": {"a": null}, "roles": {}, "authoritative": true}});
    for n in 0..250 {
        service(
            &mut ledger,
            &json!({"begin_service": {"grant_id": format!("gr_{n}"), "client_id": "1001", "scope": "a", "begin": begin}}),
        );
    }
    assert!(pending(&ledger, None, false, 1000).len() > 200);
    let outcome = service(&mut ledger, &revoke_jti_1());
    assert_eq!(outcome.wake_after, Some(TELL_AFTER));
}

/// A client that may see any token of the event.
fn watcher(s: &Scene) -> Client {
    let client = s.register(json!({"name": "Gatekeeper"}));
    s.change(&client, json!({"service_scopes": ["token:introspect"]}));
    client
}

// -- Introspection: who may not ask -----------------------------------------------------------------------

#[test]
fn contract_6_introspection_is_for_authenticated_confidential_clients() {
    let s = Scene::new();
    let tokens = s.granted("");
    s.post(INTROSPECT)
        .form(&[("token", &tokens.access)])
        .send()
        .refused(401, "invalid_client");
    let public = s.public_client(&["https://pocket.example/cb"]);
    public
        .send(&s, INTROSPECT, &[("token", &tokens.access)])
        .refused(401, "invalid_client");
    let with_basic = s
        .post(INTROSPECT)
        .basic(&public.id, "")
        .form(&[("token", &tokens.access)])
        .send();
    with_basic.refused(401, "invalid_client");
    assert!(
        with_basic
            .header("www-authenticate")
            .is_some_and(|challenge| challenge.starts_with("Basic "))
    );
    let mut impostor = s.client.clone();
    impostor.secret = Some("wrong".into());
    impostor
        .send(&s, INTROSPECT, &[("token", &tokens.access)])
        .refused(401, "invalid_client");
    s.client
        .send(&s, INTROSPECT, &[])
        .refused(400, "invalid_request");
    s.client
        .send(&s, INTROSPECT, &[("token", "")])
        .refused(400, "invalid_request");
    let bearer = s
        .post(INTROSPECT)
        .bearer(&tokens.access)
        .form(&[("token", &tokens.access)])
        .send();
    bearer.refused(401, "invalid_client");
}

#[test]
fn contract_6_anything_unknown_foreign_or_dead_is_active_false_and_nothing_else() {
    let s = Scene::new();
    let tokens = s.granted("");
    let other = s.another_client();
    let there = s.put_event("other.example", json!({"name": "Other"}));
    s.integrate(
        &there,
        &s.client,
        json!({"obo_scopes": ["pii:basic"], "service_scopes": ["stats:read"]})
            .as_object()
            .map(|_| json!({"obo_scopes": ["pii:basic"]}))
            .unwrap(),
    );
    let casey = s.person(
        &there,
        json!({"email": "casey@people.example", "name": "Casey"}),
    );
    let browser = Browser::at(&s, "https://other.example");
    browser.sign_in(&casey);
    let code = browser.code(&s.client, &[]);
    let redemption = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", &s.client.redirect_uri),
    ];
    let foreign = Tokens::of(
        &s.client
            .send_at(&s, "https://other.example", "/api/oauth/token", &redemption)
            .ok(),
    );
    let cookie = browser.jar.borrow().values().next().unwrap().clone();
    for token in [
        "x",
        "wc_rt_x",
        "wc_pat_x.y.z",
        "a.b.c",
        &foreign.access,
        &foreign.refresh,
        &code,
        &cookie,
        &s.client.secret.clone().unwrap(),
    ] {
        assert!(!s.client.is_active(&s, token), "{token}");
        assert!(!watcher(&s).is_active(&s, token), "{token}");
    }
    for token in [&tokens.access, &tokens.refresh] {
        assert!(!other.is_active(&s, token), "another client's");
    }
    let next = s.client.refresh(&s, &tokens.refresh);
    for token in [&tokens.access, &tokens.refresh] {
        assert!(!s.client.is_active(&s, token), "rotated away, at once");
    }
    s.wait(3599);
    assert!(s.client.is_active(&s, &next.access));
    s.wait(1);
    assert!(!s.client.is_active(&s, &next.access), "expired");
}

#[test]
fn contract_6_a_client_sees_its_own_tokens() {
    let s = Scene::new();
    let tokens = s.granted("pii:basic stats:read");
    let access = s.client.introspect(&s, &tokens.access);
    assert_eq!(
        access,
        json!({
            "active": true, "scope": "pii:basic stats:read", "client_id": s.client.id, "token_type": "Bearer",
            "exp": support::BEGIN + 3600, "iat": support::BEGIN, "sub": s.robin.id, "aud": ORIGIN, "iss": ORIGIN,
            "jti": access["jti"],
        })
    );
    let refresh = s.client.introspect(&s, &tokens.refresh);
    assert_eq!(
        (&refresh["active"], &refresh["sub"], &refresh["client_id"]),
        (&json!(true), &json!(s.robin.id), &json!(s.client.id))
    );
    assert_eq!(refresh["scope"], "pii:basic stats:read");
    let service = s.client.as_service(&s, "stats:read");
    let service = s.client.introspect(&s, &service.access);
    assert_eq!(
        (&service["sub"], &service["scope"]),
        (&json!(s.client.id), &json!("stats:read"))
    );
    let hinted = s.client.send(
        &s,
        INTROSPECT,
        &[
            ("token", &tokens.refresh),
            ("token_type_hint", "access_token"),
        ],
    );
    assert_eq!(hinted.ok()["active"], true, "a wrong hint does no harm");
}

#[test]
fn contract_6_whoever_is_approved_for_token_introspect_sees_any_token_of_the_event() {
    let s = Scene::new();
    let tokens = s.granted("pii:basic");
    let service = s.client.as_service(&s, "stats:read");
    s.freeze();
    let watcher = watcher(&s);
    s.another_isolate();
    for (token, subject) in [
        (&tokens.access, &s.robin.id),
        (&tokens.refresh, &s.robin.id),
        (&service.access, &s.client.id),
    ] {
        let found = watcher.introspect(&s, token);
        assert_eq!(
            (&found["active"], &found["sub"], &found["client_id"]),
            (&json!(true), &json!(subject), &json!(s.client.id))
        );
    }
    s.thaw();
    s.change(&watcher, json!({"service_scopes": []}));
    s.wait(support::STALE);
    assert!(!watcher.is_active(&s, &tokens.access));
}

#[test]
fn contract_6_introspection_tells_what_a_token_may_do_now() {
    let s = Scene::new();
    let tokens = s.granted("badge:print pii:basic");
    s.change_robin(json!({"permissions": []}));
    for token in [&tokens.access, &tokens.refresh] {
        assert_eq!(s.client.introspect(&s, token)["scope"], "pii:basic");
    }
}

#[test]
fn contract_6_introspection_asks_the_authority_and_never_narrows_on_a_replicas_word() {
    let s = Scene::new();
    let watcher = watcher(&s);
    s.freeze();
    s.change(
        &s.client,
        json!({"obo_scopes": ["pii:basic", "schedule:edit"], "service_scopes": ["schedule:edit"]}),
    );
    s.another_isolate();
    let tokens = s.granted("pii:basic schedule:edit");
    let service = s.client.as_service(&s, "schedule:edit");
    for (token, scope) in [
        (&tokens.access, "pii:basic schedule:edit"),
        (&tokens.refresh, "pii:basic schedule:edit"),
        (&service.access, "schedule:edit"),
    ] {
        for asker in [&s.client, &watcher] {
            s.another_isolate();
            assert_eq!(
                asker.introspect(&s, token)["scope"],
                scope,
                "a scope approved a moment ago"
            );
        }
    }
}

#[test]
fn contract_6_no_refresh_token_is_inactive_by_settings_that_a_replica_remembers() {
    let s = Scene::new();
    let watcher = watcher(&s);
    s.put_event(support::HOST, json!({"refresh_idle_days": 1}));
    let tokens = s.granted("pii:basic");
    let before = s.replicas_now();
    s.put_event(support::HOST, json!({"refresh_idle_days": null}));
    s.wait(2 * 86_400);
    s.change(&s.client, json!({"service_refresh_tokens": true}));
    s.another_isolate();
    let service = s.client.as_service(&s, "");
    s.freeze_at(before);
    for token in [&tokens.refresh, &service.refresh] {
        for asker in [&s.client, &watcher] {
            s.another_isolate();
            assert!(asker.is_active(&s, token), "{token}");
        }
    }
}

#[test]
fn contract_6_an_integration_suspended_or_gone_cannot_introspect() {
    let s = Scene::new();
    let tokens = s.granted("");
    s.suspend(&s.client);
    s.another_isolate();
    s.client
        .send(&s, INTROSPECT, &[("token", &tokens.access)])
        .refused(400, "unauthorized_client");
    s.delete_integration(&s.client);
    s.another_isolate();
    s.client
        .send(&s, INTROSPECT, &[("token", &tokens.access)])
        .refused(400, "unauthorized_client");
}

#[test]
fn contract_7_what_ends_with_the_account_is_inactive_at_once() {
    let s = Scene::new();
    let watcher = watcher(&s);
    let tokens = s.granted("");
    assert!(watcher.is_active(&s, &tokens.access));
    s.freeze();
    s.disable_robin();
    for token in [&tokens.access, &tokens.refresh] {
        assert!(!watcher.is_active(&s, token) && !s.client.is_active(&s, token));
    }
    s.delete_robin();
    assert!(!watcher.is_active(&s, &tokens.access) && !watcher.is_active(&s, &tokens.refresh));
}

// -- Revocation ------------------------------------------------------------------------------------------

#[test]
fn rfc7009_2_1_revocation_needs_the_client_and_a_token() {
    let s = Scene::new();
    let tokens = s.granted("");
    s.post(REVOKE)
        .form(&[("token", &tokens.refresh)])
        .send()
        .refused(401, "invalid_client");
    let mut impostor = s.client.clone();
    impostor.secret = Some("wrong".into());
    impostor
        .send(&s, REVOKE, &[("token", &tokens.refresh)])
        .refused(401, "invalid_client");
    s.client
        .send(&s, REVOKE, &[])
        .refused(400, "invalid_request");
    s.assert_lives(&tokens);
}

#[test]
fn rfc7009_2_2_an_unknown_or_foreign_token_is_200_and_changes_nothing() {
    let s = Scene::new();
    let tokens = s.granted("");
    let service = s.client.as_service(&s, "");
    let other = s.another_client();
    for token in [
        "x",
        "wc_rt_x",
        "a.b.c",
        &tokens.access,
        &tokens.refresh,
        &service.access,
    ] {
        other.revoke(&s, token);
    }
    for token in ["x", "wc_rt_x", "a.b.c"] {
        s.client.revoke(&s, token);
    }
    assert!(s.client.is_active(&s, &service.access));
    s.assert_lives(&tokens);
}

#[test]
fn contract_6_revoking_a_refresh_or_access_token_ends_the_whole_grant() {
    let s = Scene::new();
    let kept = s.granted("");
    for which in 0..4 {
        let tokens = s.granted("");
        let next = s.client.refresh(&s, &tokens.refresh);
        s.whoami(&next.access).ok();
        let token = [&next.refresh, &next.access, &tokens.refresh, &tokens.access][which];
        s.client
            .send(
                &s,
                REVOKE,
                &[("token", token), ("token_type_hint", "nonsense")],
            )
            .ok();
        s.assert_ended(&next);
        s.whoami(&next.access).refused(401, "invalid_token");
        s.client.revoke(&s, token);
    }
    s.assert_lives(&kept);
}

#[test]
fn contract_6_a_public_client_can_revoke_its_own() {
    let s = Scene::new();
    let public = s.public_client(&["https://pocket.example/cb"]);
    let pkce = [
        ("code_challenge", support::CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    let code = s.signed_in().code(&public, &pkce);
    let tokens = Tokens::of(
        &public
            .try_to_redeem(&s, &code, &[("code_verifier", support::VERIFIER)])
            .ok(),
    );
    public.revoke(&s, &tokens.access);
    public
        .try_to_refresh(&s, &tokens.refresh, "")
        .refused(400, "invalid_grant");
}

#[test]
fn contract_6_a_services_access_token_that_belongs_to_no_grant_ends_alone() {
    let s = Scene::new();
    let (one, two) = (s.client.as_service(&s, ""), s.client.as_service(&s, ""));
    s.client.revoke(&s, &one.access);
    assert!(!s.client.is_active(&s, &one.access), "at once");
    assert!(s.client.is_active(&s, &two.access));
    s.wait(support::STALE);
    s.get("/api/users")
        .bearer(&one.access)
        .send()
        .refused(401, "invalid_token");
    s.get("/api/users").bearer(&two.access).send().ok();
}

#[test]
fn contract_6_revocation_works_while_the_integration_is_suspended() {
    let s = Scene::new();
    let tokens = s.granted("");
    let service = s.client.as_service(&s, "");
    s.suspend(&s.client);
    s.another_isolate();
    s.client.revoke(&s, &tokens.access);
    s.client.revoke(&s, &service.access);
    s.resume(&s.client);
    s.another_isolate();
    s.assert_ended(&tokens);
    assert!(!s.client.is_active(&s, &service.access));
}

#[test]
fn contract_6_a_revoked_token_is_inactive_at_once_although_no_replica_knows() {
    let s = Scene::new();
    let tokens = s.granted("");
    let service = s.client.as_service(&s, "");
    s.freeze();
    s.client.revoke(&s, &tokens.access);
    s.client.revoke(&s, &service.access);
    assert!(!s.client.is_active(&s, &service.access));
    s.assert_ended(&tokens);
}

#[test]
fn contract_6_an_access_token_that_has_expired_still_ends_its_grant() {
    let s = Scene::new();
    let (tokens, other) = (s.granted(""), s.granted(""));
    let service = s.client.as_service(&s, "");
    s.wait(3600);
    s.client.revoke(&s, &service.access);
    s.another_client().revoke(&s, &tokens.access);
    let next = s.client.refresh(&s, &tokens.refresh);
    s.client.revoke(&s, &tokens.access);
    s.assert_ended(&next);
    s.client.refresh(&s, &other.refresh);
}

#[test]
fn contract_6_a_revoked_token_stays_dead_though_its_service_is_gone_and_kv_is_behind() {
    let s = Scene::new();
    let service = s.client.as_service(&s, "");
    let users = || s.get("/api/users").bearer(&service.access).send();
    users().ok();
    s.freeze();
    s.client.revoke(&s, &service.access);
    users().refused(401, "invalid_token");
    // What this isolate noted is not undone by a KV that does not know of it yet.
    for _ in 0..3 {
        s.wait(26);
        users().refused(401, "invalid_token");
    }
    s.delete_integration(&s.client);
    assert!(!s.client.is_active(&s, &service.access));
    // Nobody remembers what was the deleted service's; there is nothing to remember.
    s.client.revoke(&s, &service.access);
    s.thaw();
    s.change(&s.client, json!({"service_scopes": ["user:read"]}));
    s.another_isolate();
    s.client.revoke(&s, &service.access);
    assert!(!s.client.is_active(&s, &service.access));
}

#[test]
fn contract_1_the_aliases_introspect_and_revoke_alike() {
    let s = Scene::new();
    for (introspect, revoke) in [
        ("/oauth2/introspect", "/oauth2/revoke"),
        ("/connect/introspect", "/connect/revocation"),
    ] {
        let tokens = s.granted("");
        let body = json!({"client_id": s.client.id, "client_secret": s.client.secret, "token": tokens.access});
        assert_eq!(s.post(introspect).json(&body).send().ok()["active"], true);
        s.post(revoke).json(&body).send().ok();
        assert_eq!(s.post(introspect).json(&body).send().ok()["active"], false);
    }
}

#[test]
fn contract_6_a_forged_token_costs_no_look_up() {
    let s = Scene::new();
    s.client.as_service(&s, "");
    for kind in [ObjectKind::Platform, ObjectKind::Event, ObjectKind::Account] {
        s.take_down(Some(kind));
        for token in ["x", "a.b.c", "wc_rt_a.b.c", "wc_pat_a.b.c"] {
            assert!(!s.client.is_active(&s, token), "{kind:?} {token}");
        }
    }
}

#[test]
fn contract_6_a_revoked_service_token_is_dead_though_kv_answers_no_reads() {
    let s = Scene::new();
    let token = s.client.as_service(&s, "user:read").access;
    let kept = s.client.as_service(&s, "user:read").access;
    s.client.revoke(&s, &token);
    s.another_isolate();
    s.fail_reads(true);
    let answer = s.get("/api/users").bearer(&token).send();
    assert_eq!(answer.status(), 401);
    s.get("/api/users").bearer(&kept).send().ok();
}
