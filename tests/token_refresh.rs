//! Contract 4, `refresh_token`; refusals first.

mod support;

use serde_json::json;
use support::{HOST, NAME, SECRET, Scene};

const WINDOW: u64 = 10;
const DAY: u64 = 86_400;

// -- What is refused, and ends nothing -------------------------------------------------------------------

#[test]
fn contract_4_a_refresh_token_that_is_wrong_in_any_bit_or_missing_is_refused() {
    let s = Scene::new();
    let tokens = s.granted("");
    s.client
        .try_to_refresh(&s, "", "")
        .refused(400, "invalid_request");
    for at in (0..tokens.refresh.len()).step_by(5) {
        let mut bytes = tokens.refresh.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let forged = String::from_utf8(bytes).unwrap();
        s.client
            .try_to_refresh(&s, &forged, "")
            .refused(400, "invalid_grant");
    }
    for wrong in [
        tokens.access.as_str(),
        "wc_rt_",
        "x",
        &format!("{}A", tokens.refresh),
    ] {
        s.client
            .try_to_refresh(&s, wrong, "")
            .refused(400, "invalid_grant");
    }
    s.assert_lives(&tokens);
}

#[test]
fn contract_4_a_refresh_by_another_client_or_without_authentication_ends_nothing() {
    let s = Scene::new();
    let tokens = s.granted("");
    let next = s.client.refresh(&s, &tokens.refresh);
    let other = s.another_client();
    s.wait(WINDOW + 1);
    for token in [&tokens.refresh, &next.refresh] {
        other
            .try_to_refresh(&s, token, "")
            .refused(400, "invalid_grant");
        let mut impostor = s.client.clone();
        impostor.secret = other.secret.clone();
        impostor
            .try_to_refresh(&s, token, "")
            .refused(401, "invalid_client");
    }
    s.assert_lives(&next);
}

#[test]
fn contract_4_a_wider_scope_is_invalid_scope_and_consumes_nothing() {
    let s = Scene::new();
    let tokens = s.granted("pii:basic stats:read");
    for wider in [
        "pii:basic pii:email",
        "no:such",
        "schedule:edit",
        "report:read",
        "pii:basic\u{e9}",
    ] {
        s.client
            .try_to_refresh(&s, &tokens.refresh, wider)
            .refused(400, "invalid_scope");
    }
    s.assert_lives(&tokens);
}

// -- Rotation ---------------------------------------------------------------------------------------------

#[test]
fn contract_4_a_refresh_gives_a_new_token_and_ends_the_generation_before() {
    let s = Scene::new();
    let tokens = s.granted("");
    let next = s.client.refresh(&s, &tokens.refresh);
    assert_ne!(next.refresh, tokens.refresh);
    assert_ne!(next.access, tokens.access);
    assert_eq!(next.scope, tokens.scope);
    assert!(!s.client.is_active(&s, &tokens.refresh) && !s.client.is_active(&s, &tokens.access));
    s.whoami(&tokens.access).refused(401, "invalid_token");
    s.whoami(&next.access).ok();
    s.assert_lives(&next);
}

#[test]
fn contract_4_every_access_token_of_the_present_generation_is_good() {
    let s = Scene::new();
    let tokens = s.granted("");
    let one = s.client.refresh(&s, &tokens.refresh);
    let two = s.client.refresh(&s, &tokens.refresh);
    assert_eq!(one.refresh, two.refresh);
    assert_ne!(one.access, two.access);
    for access in [&one.access, &two.access] {
        assert!(s.client.is_active(&s, access));
        s.whoami(access).ok();
    }
}

#[test]
fn contract_4_a_refresh_token_does_not_expire_by_time() {
    let s = Scene::new();
    let tokens = s.granted("");
    s.wait(5 * 365 * DAY);
    assert!(!s.client.is_active(&s, &tokens.access));
    assert!(s.client.is_active(&s, &tokens.refresh));
    let next = s.client.refresh(&s, &tokens.refresh);
    s.assert_lives(&next);
}

#[test]
fn contract_4_an_event_may_end_grants_that_are_not_used() {
    let s = Scene::new();
    s.put_event(HOST, json!({"refresh_idle_days": 2}));
    s.wait(support::STALE);
    let (kept, left) = (s.granted(""), s.granted(""));
    s.wait(2 * DAY);
    let kept = s.client.refresh(&s, &kept.refresh);
    s.wait(1);
    s.client
        .try_to_refresh(&s, &left.refresh, "")
        .refused(400, "invalid_grant");
    s.put_event(HOST, json!({"refresh_idle_days": null}));
    s.wait(support::STALE);
    s.client
        .try_to_refresh(&s, &left.refresh, "")
        .refused(400, "invalid_grant");
    s.wait(30 * DAY);
    s.client.refresh(&s, &kept.refresh);
}

#[test]
fn contract_4_a_grant_that_ended_unused_does_not_come_back_when_more_days_are_allowed() {
    let s = Scene::new();
    s.put_event(HOST, json!({"refresh_idle_days": 2}));
    let robin = s.signed_in();
    let grant = || {
        let code = robin.code(&s.client, &[("scope", "pii:basic")]);
        s.client.redeem(&s, &code)
    };
    let left = grant();
    s.wait(DAY);
    let kept = grant();
    s.wait(DAY + 1);
    for days in [json!(30), json!(null)] {
        s.put_event(HOST, json!({"refresh_idle_days": days}));
        s.wait(support::STALE);
        assert!(!s.client.is_active(&s, &left.refresh), "{days}");
        s.client
            .try_to_refresh(&s, &left.refresh, "")
            .refused(400, "invalid_grant");
        assert!(s.client.is_active(&s, &kept.refresh), "{days}");
    }
    s.client.refresh(&s, &kept.refresh);
}

#[test]
fn contract_4_a_grant_not_used_for_too_long_counts_nowhere_as_alive() {
    let s = Scene::new();
    s.put_event(HOST, json!({"refresh_idle_days": 2}));
    s.wait(support::STALE);
    let robin = s.signed_in();
    let tokens = s
        .client
        .redeem(&s, &robin.code(&s.client, &[("scope", "pii:basic")]));
    let ask = || robin.authorize(&s.client, &[("scope", "pii:basic")]);
    s.wait(2 * DAY);
    assert!(s.client.is_active(&s, &tokens.refresh));
    assert!(!ask().asks_for_consent());
    assert!(robin.get("/account").text().contains("Badge Buddy"));
    s.wait(1);
    assert!(!s.client.is_active(&s, &tokens.refresh));
    assert!(ask().asks_for_consent());
    assert!(!robin.get("/account").text().contains("Badge Buddy"));
}

#[test]
fn contract_4_a_redirect_uri_is_ignored() {
    let s = Scene::new();
    let tokens = s.granted("");
    let pairs = [
        ("grant_type", "refresh_token"),
        ("refresh_token", &tokens.refresh),
        ("redirect_uri", "https://evil.example/"),
    ];
    s.client.token(&s, &pairs).ok();
}

#[test]
fn contract_4_what_a_refresh_drops_never_comes_back() {
    let s = Scene::new();
    let tokens = s.granted("pii:basic pii:email stats:read");
    let narrowed = s
        .client
        .try_to_refresh(&s, &tokens.refresh, "pii:basic stats:read")
        .ok();
    assert_eq!(narrowed["scope"], "pii:basic stats:read");
    let next = narrowed["refresh_token"].as_str().unwrap();
    s.client
        .try_to_refresh(&s, next, "pii:email")
        .refused(400, "invalid_scope");
    s.client
        .try_to_refresh(&s, next, "pii:basic pii:email stats:read")
        .refused(400, "invalid_scope");
    assert_eq!(s.client.refresh(&s, next).scope, "pii:basic stats:read");
}

// -- Reuse ------------------------------------------------------------------------------------------------

#[test]
fn rfc9700_4_14_2_a_token_that_was_rotated_away_is_refused_and_ends_the_grant() {
    let s = Scene::new();
    let kept = s.granted("");
    let tokens = s.granted("");
    let next = s.client.refresh(&s, &tokens.refresh);
    s.wait_ms(WINDOW * 1000 + 1);
    s.client
        .try_to_refresh(&s, &tokens.refresh, "")
        .refused(400, "invalid_grant");
    s.assert_ended(&next);
    s.whoami(&next.access).refused(401, "invalid_token");
    s.assert_lives(&kept);
    assert!(
        s.memory
            .everything_stored()
            .contains("grant.refresh_token_reused"),
        "the organiser can see it"
    );
}

#[test]
fn contract_4_inside_the_window_a_retry_gets_the_same_successor_and_one_generation_passes() {
    let s = Scene::new();
    let tokens = s.granted("");
    let next = s.client.refresh(&s, &tokens.refresh);
    for step in 0..10 {
        s.wait_ms(WINDOW * 100);
        s.another_isolate();
        let retry = s.client.refresh(&s, &tokens.refresh);
        assert_eq!(retry.refresh, next.refresh, "after {step} seconds");
        assert!(s.client.is_active(&s, &retry.access));
    }
    let last = s.client.refresh(&s, &next.refresh);
    assert_ne!(last.refresh, next.refresh);
    s.assert_lives(&last);
}

#[test]
fn contract_4_the_window_closes_when_the_successor_was_used() {
    let s = Scene::new();
    let tokens = s.granted("");
    let next = s.client.refresh(&s, &tokens.refresh);
    let last = s.client.refresh(&s, &next.refresh);
    s.client
        .try_to_refresh(&s, &tokens.refresh, "")
        .refused(400, "invalid_grant");
    s.assert_ended(&last);
}

#[test]
fn contract_4_using_the_successors_access_token_does_not_close_the_window() {
    let s = Scene::new();
    let tokens = s.granted("");
    let next = s.client.refresh(&s, &tokens.refresh);
    s.whoami(&next.access).ok();
    assert_eq!(s.client.refresh(&s, &tokens.refresh).refresh, next.refresh);
}

#[test]
fn contract_4_an_event_may_have_a_longer_window_or_none() {
    let s = Scene::new();
    s.put_event(HOST, json!({"retry_window": 60}));
    s.wait(support::STALE);
    let tokens = s.granted("");
    let next = s.client.refresh(&s, &tokens.refresh);
    s.wait(60);
    assert_eq!(s.client.refresh(&s, &tokens.refresh).refresh, next.refresh);
    s.put_event(HOST, json!({"retry_window": 0}));
    s.wait(support::STALE);
    let tokens = s.granted("");
    let next = s.client.refresh(&s, &tokens.refresh);
    s.client
        .try_to_refresh(&s, &tokens.refresh, "")
        .refused(400, "invalid_grant");
    s.assert_ended(&next);
}

#[test]
fn contract_4_a_retrys_scope_is_bounded_by_the_presented_token_and_changes_nothing() {
    let s = Scene::new();
    let tokens = s.granted("pii:basic pii:email");
    let narrowed = s
        .client
        .try_to_refresh(&s, &tokens.refresh, "pii:basic")
        .ok();
    let retry = |scope: &str| s.client.try_to_refresh(&s, &tokens.refresh, scope);
    retry("pii:basic stats:read").refused(400, "invalid_scope");
    for within in ["", "pii:basic", "pii:email", "pii:basic pii:email"] {
        let again = retry(within).ok();
        assert_eq!(again["scope"], "pii:basic", "{within}");
        assert_eq!(again["refresh_token"], narrowed["refresh_token"]);
    }
}

#[test]
fn contract_4_a_retry_without_authentication_or_by_another_client_gets_nothing() {
    let s = Scene::new();
    let tokens = s.granted("");
    let next = s.client.refresh(&s, &tokens.refresh);
    s.another_client()
        .try_to_refresh(&s, &tokens.refresh, "")
        .refused(400, "invalid_grant");
    assert_eq!(s.client.refresh(&s, &tokens.refresh).refresh, next.refresh);
}

#[test]
fn contract_5_a_retry_across_a_rotation_of_the_secret_gets_the_same_successor() {
    let new = "another-deployment-secret-of-32-bytes";
    let s = Scene::new();
    let tokens = s.granted("");
    let next = s.client.refresh(&s, &tokens.refresh);
    s.set_secrets(Some(new), Some(SECRET));
    assert_eq!(
        s.client.refresh(&s, &tokens.refresh).refresh,
        next.refresh,
        "signed with the old one"
    );
    let signed_anew = s.client.refresh(&s, &next.refresh);
    assert_eq!(
        s.client.refresh(&s, &next.refresh).refresh,
        signed_anew.refresh,
        "signed with the new one"
    );
    s.set_secrets(Some(new), None);
    s.assert_lives(&signed_anew);
    let old = s.granted("");
    s.set_secrets(Some(SECRET), Some(new));
    s.assert_lives(&old);
}

// -- Entitlement --------------------------------------------------------------------------------------------

#[test]
fn contract_4_at_every_refresh_what_is_no_longer_allowed_is_dropped_for_good() {
    let s = Scene::new();
    let all = "badge:print pii:basic shirt:order stats:read";
    let tokens = s.granted(all);
    s.change_robin(json!({"permissions": []}));
    let next = s.client.refresh(&s, &tokens.refresh);
    assert_eq!(next.scope, "pii:basic shirt:order stats:read");
    s.change_robin(json!({"permissions": ["badges"], "roles": []}));
    let next = s.client.refresh(&s, &next.refresh);
    assert_eq!(next.scope, "pii:basic stats:read");
    s.change_robin(json!({"roles": ["staff"]}));
    assert_eq!(
        s.client.refresh(&s, &next.refresh).scope,
        "pii:basic stats:read"
    );
    let tokens = s.granted(all);
    s.put_roles(&s.event, json!([{"name": "staff", "permissions": []}]));
    s.wait(support::STALE);
    let next = s.client.refresh(&s, &tokens.refresh);
    assert_eq!(next.scope, "badge:print pii:basic stats:read");
    s.change(
        &s.client,
        json!({"obo_scopes": ["pii:basic", "badge:print"]}),
    );
    s.wait(support::STALE);
    assert_eq!(
        s.client.refresh(&s, &next.refresh).scope,
        "badge:print pii:basic"
    );
}

#[test]
fn contract_4_a_scope_that_now_needs_a_permission_the_person_has_not_is_dropped() {
    let s = Scene::new();
    let tokens = s.granted("pii:basic stats:read");
    s.put_scopes(&s.event, json!([
        {"name": "badge:print", "title": "Print", "modes": ["obo"]},
        {"name": "shirt:order", "title": "Shirts", "modes": ["obo"]},
        {"name": "stats:read", "title": "Stats", "modes": ["obo", "service"], "permission": "board"},
        {"name": "report:read", "title": "Reports", "modes": ["service"]},
    ]));
    s.wait(support::STALE);
    assert_eq!(s.client.refresh(&s, &tokens.refresh).scope, "pii:basic");
}

#[test]
fn contract_4_when_nothing_is_left_the_grant_has_ended() {
    let s = Scene::new();
    let tokens = s.granted("badge:print");
    s.change_robin(json!({"permissions": []}));
    s.client
        .try_to_refresh(&s, &tokens.refresh, "")
        .refused(400, "invalid_grant");
    s.change_robin(json!({"permissions": ["badges"]}));
    s.assert_ended(&tokens);
}

#[test]
fn contract_4_when_only_what_was_asked_for_is_gone_it_is_invalid_scope_consumes_nothing_and_is_gone_for_good()
 {
    let s = Scene::new();
    let tokens = s.granted("badge:print pii:basic");
    s.change_robin(json!({"permissions": []}));
    s.client
        .try_to_refresh(&s, &tokens.refresh, "badge:print")
        .refused(400, "invalid_scope");
    s.change_robin(json!({"permissions": ["badges"]}));
    assert!(s.client.is_active(&s, &tokens.access) && s.client.is_active(&s, &tokens.refresh));
    assert_eq!(
        s.client.refresh(&s, &tokens.refresh).scope,
        "pii:basic",
        "dropped first, for good"
    );
}

#[test]
fn contract_7_a_wider_approval_never_widens_what_was_granted() {
    let s = Scene::new();
    let tokens = s.granted("pii:basic");
    s.change(
        &s.client,
        json!({"obo_scopes": ["pii:basic", "pii:email", "schedule:edit"]}),
    );
    s.change_robin(json!({"permissions": ["badges", "shirts", "board"]}));
    s.wait(support::STALE);
    let next = s.client.refresh(&s, &tokens.refresh);
    assert_eq!(next.scope, "pii:basic");
    s.client
        .try_to_refresh(&s, &next.refresh, "pii:email")
        .refused(400, "invalid_scope");
}

#[test]
fn contract_7_a_change_to_an_application_never_widens_what_was_granted() {
    let s = Scene::new();
    let mut tokens = s.granted("pii:basic");
    for change in [
        json!({"redirect_uris": ["https://buddy.example/new"]}),
        json!({"name": "Badge Bully"}),
        json!({"require_pkce": true}),
        json!({"status": "suspended"}),
        json!({"status": "active"}),
    ] {
        s.change_application(&s.client, change.clone());
        s.wait(support::STALE);
        if change["status"] == "suspended" {
            continue;
        }
        s.client
            .try_to_refresh(&s, &tokens.refresh, "pii:basic pii:email")
            .refused(400, "invalid_scope");
        tokens = s.client.refresh(&s, &tokens.refresh);
        assert_eq!(tokens.scope, "pii:basic", "{change}");
        let shown = s.whoami(&tokens.access).ok();
        assert_eq!(shown.get("email"), None, "{change}");
    }
}

#[test]
fn contract_7_a_pause_lengthens_no_access_token() {
    let s = Scene::new();
    let tokens = s.granted("");
    s.wait(1800);
    s.suspend(&s.client);
    s.wait(1800);
    s.resume(&s.client);
    s.wait(support::STALE);
    assert!(!s.client.is_active(&s, &tokens.access));
    s.whoami(&tokens.access).refused(401, "invalid_token");
    assert!(s.client.is_active(&s, &tokens.refresh));
    let next = s.client.refresh(&s, &tokens.refresh);
    s.assert_lives(&next);
}

#[test]
fn contract_7_suspension_pauses_and_consumes_nothing_and_afterwards_the_same_tokens_are_good() {
    for whole_application in [false, true] {
        let s = Scene::new();
        let watcher = s.another_client();
        s.change(&watcher, json!({"service_scopes": ["token:introspect"]}));
        let tokens = s.granted("");
        let suspended = |yes: bool| {
            let status = json!({"status": if yes { "suspended" } else { "active" }});
            if whole_application {
                s.change_application(&s.client, status);
            } else {
                s.change(&s.client, status);
            }
            s.wait(support::STALE);
        };
        suspended(true);
        s.client
            .try_to_refresh(&s, &tokens.refresh, "")
            .refused(400, "unauthorized_client");
        s.client
            .try_to_refresh(&s, &tokens.refresh, "no:such")
            .refused(400, "unauthorized_client");
        let introspection =
            s.client
                .send(&s, "/api/oauth/introspect", &[("token", &tokens.access)]);
        introspection.refused(400, "unauthorized_client");
        s.whoami(&tokens.access).refused(401, "invalid_token");
        assert!(!watcher.is_active(&s, &tokens.access) && !watcher.is_active(&s, &tokens.refresh));
        suspended(false);
        s.whoami(&tokens.access).ok();
        assert!(watcher.is_active(&s, &tokens.access) && watcher.is_active(&s, &tokens.refresh));
        s.assert_lives(&tokens);
        suspended(true);
        s.client.revoke(&s, &tokens.refresh);
        suspended(false);
        s.assert_ended(&tokens);
    }
}

#[test]
fn contract_7_deleting_an_integration_an_application_or_an_event_ends_its_tokens_and_re_creating_revives_none()
 {
    let s = Scene::new();
    let tokens = s.granted("");
    s.delete_integration(&s.client);
    s.wait(support::STALE);
    s.client
        .try_to_refresh(&s, &tokens.refresh, "")
        .refused(400, "unauthorized_client");
    s.whoami(&tokens.access).refused(401, "invalid_token");
    s.change(&s.client, json!({"obo_scopes": support::scene::OBO}));
    s.wait(support::STALE);
    s.assert_ended(&tokens);
    s.whoami(&tokens.access).refused(401, "invalid_token");

    let tokens = s.granted("");
    s.delete_application(&s.client);
    s.wait(support::STALE);
    s.client
        .try_to_refresh(&s, &tokens.refresh, "")
        .refused(401, "invalid_client");
    s.whoami(&tokens.access).refused(401, "invalid_token");

    let s = Scene::new();
    let tokens = s.granted("");
    s.delete_event(HOST);
    s.another_isolate();
    assert_eq!(
        s.client.try_to_refresh(&s, &tokens.refresh, "").status(),
        404
    );
    let again = s.put_event(HOST, json!({"name": "Harbour Con"}));
    s.integrate(&again, &s.client, json!({"obo_scopes": ["pii:basic"]}));
    s.another_isolate();
    s.assert_ended(&tokens);
}

#[test]
fn contract_7_disabling_the_account_ends_its_grants_at_once_and_enabling_brings_none_back() {
    let s = Scene::new();
    let (tokens, other) = (s.granted(""), s.granted("pii:basic"));
    s.disable_robin();
    assert!(!s.client.is_active(&s, &tokens.access) && !s.client.is_active(&s, &tokens.refresh));
    s.client
        .try_to_refresh(&s, &tokens.refresh, "")
        .refused(400, "invalid_grant");
    s.enable_robin();
    s.assert_ended(&tokens);
    s.assert_ended(&other);
    s.wait(support::STALE);
    s.whoami(&tokens.access).refused(401, "invalid_token");
    let anew = s.granted("");
    s.assert_lives(&anew);
}

#[test]
fn contract_7_a_changed_password_or_name_ends_no_grant() {
    let s = Scene::new();
    let tokens = s.granted("pii:basic");
    s.change_robin(
        json!({"password_hash": support::cheap_hash("another one"), "name": "Robin Other"}),
    );
    let next = s.assert_lives(&tokens);
    s.another_isolate();
    let shown = s.whoami(&next.access).ok();
    assert!(shown["name"] == "Robin Other" && shown["name"] != NAME);
}

#[test]
fn contract_7_deleting_the_account_ends_its_grants() {
    let s = Scene::new();
    let tokens = s.granted("");
    s.delete_robin();
    s.assert_ended(&tokens);
    s.wait(support::STALE);
    s.whoami(&tokens.access).refused(401, "invalid_token");
}

#[test]
fn contract_4_a_refresh_is_never_refused_nor_narrowed_on_a_replicas_word() {
    let s = Scene::new();
    s.change(&s.client, json!({"obo_scopes": ["pii:basic"]}));
    s.put_roles(&s.event, json!([]));
    s.freeze();
    s.change(
        &s.client,
        json!({"obo_scopes": ["pii:basic", "shirt:order", "schedule:edit"]}),
    );
    s.put_roles(
        &s.event,
        json!([{"name": "staff", "permissions": ["shirts"]}]),
    );
    let mut tokens = s.granted("pii:basic shirt:order schedule:edit");
    for _ in 0..3 {
        s.another_isolate();
        let next = s.client.refresh(&s, &tokens.refresh);
        assert_eq!(next.scope, tokens.scope);
        s.another_isolate();
        assert_eq!(s.client.refresh(&s, &tokens.refresh).refresh, next.refresh);
        tokens = next;
    }
    s.freeze_empty();
    s.another_isolate();
    s.client.refresh(&s, &tokens.refresh);
}

#[test]
fn contract_4_no_grant_ends_by_settings_that_a_replica_remembers() {
    let s = Scene::new();
    let tokens = s.granted("pii:basic");
    s.put_event(HOST, json!({"refresh_idle_days": 1, "retry_window": 0}));
    s.freeze();
    s.put_event(HOST, json!({"refresh_idle_days": null, "retry_window": 30}));
    s.wait(2 * 86_400);
    s.another_isolate();
    let next = s.client.refresh(&s, &tokens.refresh);
    s.another_isolate();
    let again = s.client.refresh(&s, &tokens.refresh);
    assert_eq!(again.refresh, next.refresh, "a retry inside the window");
    s.wait(31);
    s.another_isolate();
    s.client
        .try_to_refresh(&s, &tokens.refresh, "")
        .refused(400, "invalid_grant");
    s.assert_ended(&next);
}

#[test]
fn contract_7_what_is_taken_away_holds_everywhere_after_90_seconds() {
    let s = Scene::new();
    let tokens = s.granted("pii:basic pii:email");
    s.client.is_active(&s, &tokens.access);
    s.change(&s.client, json!({"obo_scopes": ["pii:basic"]}));
    s.wait(support::STALE);
    let shown = s.whoami(&tokens.access).ok();
    assert_eq!(
        (shown.get("email"), shown["name"].as_str()),
        (None, Some(NAME))
    );
    assert_eq!(
        s.client.introspect(&s, &tokens.access)["scope"],
        "pii:basic"
    );
    assert_eq!(s.client.refresh(&s, &tokens.refresh).scope, "pii:basic");
}
