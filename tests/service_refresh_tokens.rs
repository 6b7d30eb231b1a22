//! Contract 4, `service_refresh_tokens`; refusals first.

mod support;

use serde_json::json;
use support::Scene;
use support::people::Tokens;

fn scene() -> Scene {
    let s = Scene::new();
    s.change(&s.client, json!({"service_refresh_tokens": true}));
    s.another_isolate();
    s
}

#[test]
fn contract_4_a_services_refresh_token_is_for_its_own_client() {
    let s = scene();
    let other = s.another_client();
    let tokens = s.client.as_service(&s, "");
    other
        .try_to_refresh(&s, &tokens.refresh, "")
        .refused(400, "invalid_grant");
    s.change(&other, json!({"service_refresh_tokens": true}));
    s.another_isolate();
    other
        .try_to_refresh(&s, &tokens.refresh, "")
        .refused(400, "invalid_grant");
    assert!(!other.is_active(&s, &tokens.refresh));
    other.revoke(&s, &tokens.refresh);
    s.assert_lives(&tokens);
}

#[test]
fn contract_4_a_services_refresh_token_rotates_like_any_other() {
    let s = scene();
    let tokens = s.client.as_service(&s, "stats:read user:read");
    let next = s.client.refresh(&s, &tokens.refresh);
    assert_eq!(next.scope, "stats:read user:read");
    assert_eq!(
        s.client.refresh(&s, &tokens.refresh).refresh,
        next.refresh,
        "a retry"
    );
    assert!(!s.client.is_active(&s, &tokens.access) && s.client.is_active(&s, &next.access));
    s.get("/api/users").bearer(&next.access).send().ok();
    s.client
        .try_to_refresh(&s, &next.refresh, "report:read")
        .refused(400, "invalid_scope");
    let narrowed = Tokens::of(
        &s.client
            .try_to_refresh(&s, &next.refresh, "stats:read")
            .ok(),
    );
    s.client
        .try_to_refresh(&s, &narrowed.refresh, "user:read")
        .refused(400, "invalid_scope");
    s.wait(11);
    s.client
        .try_to_refresh(&s, &next.refresh, "")
        .refused(400, "invalid_grant");
    s.assert_ended(&narrowed);
    s.get("/api/users")
        .bearer(&narrowed.access)
        .send()
        .refused(401, "invalid_token");
}

#[test]
fn contract_4_what_is_no_longer_approved_for_the_service_is_dropped_for_good() {
    let s = scene();
    let tokens = s.client.as_service(&s, "");
    s.change(
        &s.client,
        json!({"service_scopes": ["stats:read"], "obo_scopes": ["pii:basic", "stats:read"]}),
    );
    s.wait(support::STALE);
    let next = s.client.refresh(&s, &tokens.refresh);
    assert_eq!(next.scope, "stats:read");
    s.change(&s.client, json!({"service_scopes": ["user:read"]}));
    s.wait(support::STALE);
    s.client
        .try_to_refresh(&s, &next.refresh, "")
        .refused(400, "invalid_grant");
    s.change(
        &s.client,
        json!({"service_scopes": ["user:read", "stats:read"]}),
    );
    s.wait(support::STALE);
    s.assert_ended(&next);
}

#[test]
fn contract_4_switching_service_refresh_tokens_off_ends_them_and_on_again_revives_none() {
    let s = scene();
    let tokens = s.client.as_service(&s, "");
    s.change(&s.client, json!({"service_refresh_tokens": false}));
    s.wait(support::STALE);
    s.client
        .try_to_refresh(&s, &tokens.refresh, "")
        .refused(400, "invalid_grant");
    assert_eq!(s.client.as_service(&s, "").refresh, "");
    s.change(&s.client, json!({"service_refresh_tokens": true}));
    s.wait(support::STALE);
    s.client
        .try_to_refresh(&s, &tokens.refresh, "")
        .refused(400, "invalid_grant");
    let anew = s.client.as_service(&s, "");
    s.assert_lives(&anew);
}

#[test]
fn contract_4_what_a_location_began_that_had_not_heard_of_the_off_is_not_revived_by_the_on() {
    let s = scene();
    s.freeze();
    s.change(&s.client, json!({"service_refresh_tokens": false}));
    let behind = s.client.as_service(&s, "");
    assert_ne!(behind.refresh, "", "the location is behind");
    s.thaw();
    s.wait(support::STALE);
    assert!(!s.client.is_active(&s, &behind.refresh));
    s.change(&s.client, json!({"service_refresh_tokens": true}));
    s.wait(support::STALE);
    assert!(!s.client.is_active(&s, &behind.refresh));
    s.client
        .try_to_refresh(&s, &behind.refresh, "")
        .refused(400, "invalid_grant");
}

#[test]
fn contract_4_what_a_retry_dropped_is_dropped_for_the_access_token_too() {
    let s = scene();
    let tokens = s.client.as_service(&s, "stats:read user:read");
    let next = s.client.refresh(&s, &tokens.refresh);
    let users = || s.get("/api/users").bearer(&next.access).send();
    users().ok();
    s.change(&s.client, json!({"service_scopes": ["stats:read"]}));
    s.another_isolate();
    assert_eq!(s.client.refresh(&s, &tokens.refresh).scope, "stats:read");
    s.change(
        &s.client,
        json!({"service_scopes": ["stats:read", "user:read"]}),
    );
    s.wait(support::STALE);
    users().refused(403, "insufficient_scope");
}

#[test]
fn contract_4_at_most_100_grants_of_a_service_live_and_the_least_recently_used_goes_first() {
    let s = scene();
    let mut all: Vec<Tokens> = Vec::new();
    for _ in 0..100 {
        s.wait(1);
        all.push(s.client.as_service(&s, ""));
    }
    s.wait(1);
    let first = s.client.refresh(&s, &all[0].refresh);
    assert!(s.client.is_active(&s, &all[1].refresh));
    let further = s.client.as_service(&s, "");
    s.assert_ended(&all[1]);
    for kept in [&first, &all[2], &all[99], &further] {
        assert!(s.client.is_active(&s, &kept.refresh));
    }
}

#[test]
fn contract_4_the_grants_of_a_service_at_another_event_displace_none() {
    let s = scene();
    let there = s.put_event("other.example", json!({"name": "Other"}));
    let approval = json!({"service_scopes": ["user:read"], "service_refresh_tokens": true});
    s.integrate(&there, &s.client, approval);
    let here = s.client.as_service(&s, "");
    for _ in 0..101 {
        s.wait(1);
        let pairs = [("grant_type", "client_credentials")];
        s.client
            .send_at(&s, "https://other.example", "/api/oauth/token", &pairs)
            .ok();
    }
    s.assert_lives(&here);
}

#[test]
fn contract_4_a_services_grant_that_is_not_used_for_too_long_has_ended() {
    let s = scene();
    s.put_event(support::HOST, json!({"refresh_idle_days": 2}));
    s.wait(support::STALE);
    let (kept, left) = (s.client.as_service(&s, ""), s.client.as_service(&s, ""));
    s.wait(2 * 86_400);
    assert!(s.client.is_active(&s, &left.refresh));
    let kept = s.client.refresh(&s, &kept.refresh);
    s.wait(1);
    assert!(!s.client.is_active(&s, &left.refresh));
    s.client
        .try_to_refresh(&s, &left.refresh, "")
        .refused(400, "invalid_grant");
    s.assert_lives(&kept);
}

#[test]
fn contract_7_suspension_pauses_a_service_and_deletion_ends_it() {
    let s = scene();
    let tokens = s.client.as_service(&s, "");
    s.suspend(&s.client);
    s.wait(support::STALE);
    s.client
        .try_to_refresh(&s, &tokens.refresh, "")
        .refused(400, "unauthorized_client");
    s.resume(&s.client);
    s.wait(support::STALE);
    let tokens = s.assert_lives(&tokens);
    s.delete_integration(&s.client);
    s.change(&s.client, json!({"service_scopes": ["stats:read", "user:read", "report:read"], "service_refresh_tokens": true}));
    s.wait(support::STALE);
    s.assert_ended(&tokens);
    let anew = s.client.as_service(&s, "");
    s.assert_lives(&anew);
}

#[test]
fn contract_6_revoking_one_of_a_services_tokens_ends_its_grant_alone() {
    let s = scene();
    let (one, two) = (s.client.as_service(&s, ""), s.client.as_service(&s, ""));
    s.client.revoke(&s, &one.access);
    s.assert_ended(&one);
    s.assert_lives(&two);
}

/// A scene whose integration was deleted and created again, and what KV held before.
fn re_created() -> Scene {
    let s = scene();
    let before = s.replicas_now();
    s.delete_integration(&s.client);
    s.change(
        &s.client,
        json!({"service_scopes": ["stats:read"], "service_refresh_tokens": true}),
    );
    s.freeze_at(before);
    s.another_isolate();
    s
}

#[test]
fn contract_7_a_re_created_service_gets_its_tokens_where_a_replica_knows_the_old_one() {
    let s = re_created();
    let tokens = s.client.as_service(&s, "");
    s.another_isolate();
    assert!(s.client.is_active(&s, &tokens.refresh));
}

#[test]
fn contract_7_a_re_created_services_refresh_token_is_good_where_a_replica_knows_the_old_one() {
    let s = scene();
    let before = s.replicas_now();
    s.delete_integration(&s.client);
    s.change(
        &s.client,
        json!({"service_scopes": ["stats:read"], "service_refresh_tokens": true}),
    );
    s.another_isolate();
    let tokens = s.client.as_service(&s, "");
    s.freeze_at(before);
    s.another_isolate();
    s.client.refresh(&s, &tokens.refresh);
}
