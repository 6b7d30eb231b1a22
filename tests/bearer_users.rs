//! Contract 6: using a token at the users API; refusals first.

mod support;

use serde_json::{Value, json};
use support::answer::Answer;
use support::browser::Browser;
use support::people::Person;
use support::{EMAIL, NAME, Scene};
use willcall::ledger::outbox::ObjectKind;

const CURRENT: &str = "/api/users/current";

/// 401 with `error="invalid_token"` (RFC 6750 section 3.1).
#[track_caller]
fn assert_invalid(answer: &Answer) {
    answer.refused(401, "invalid_token");
    let challenge = answer.header("www-authenticate").unwrap_or_default();
    assert!(
        challenge.starts_with("Bearer realm=") && challenge.contains("error=\"invalid_token\""),
        "{challenge}"
    );
}

/// 403 with the scope it takes.
#[track_caller]
fn assert_insufficient(answer: &Answer, scope: &str) {
    answer.refused(403, "insufficient_scope");
    let challenge = answer.header("www-authenticate").unwrap_or_default();
    assert!(
        challenge.contains("error=\"insufficient_scope\"")
            && challenge.contains(&format!("scope=\"{scope}\"")),
        "{challenge}"
    );
}

// -- What is refused --------------------------------------------------------------------------------------

#[test]
fn rfc6750_3_without_a_token_the_challenge_names_the_scheme_and_no_error() {
    let s = Scene::new();
    let token = s.granted("").access;
    for path in [CURRENT, "/api/users", "/api/users/acc_1"] {
        let with_query = format!("{path}?access_token={token}");
        for call in [
            s.get(path),
            s.get(&with_query),
            s.get(path).basic("a", "b"),
            s.get(path).authorization(""),
        ] {
            let answer = call.send();
            assert_eq!(answer.status(), 401);
            let challenge = answer.header("www-authenticate").unwrap();
            assert!(
                challenge.starts_with("Bearer realm=\"") && !challenge.contains("error"),
                "{challenge}"
            );
        }
    }
}

#[test]
fn rfc6750_3_1_a_bad_expired_or_revoked_token_is_invalid_token() {
    let s = Scene::new();
    let browser = s.signed_in();
    let code = browser.code(&s.client, &[]);
    let tokens = s.client.redeem(&s, &code);
    let cookie = browser.jar.borrow().get("__Host-willcall").unwrap().clone();
    let secret = s.client.secret.clone().unwrap();
    for token in [
        "",
        "x",
        "a.b.c",
        "..",
        &format!("{}x", tokens.access),
        &tokens.refresh,
        &code,
        &cookie,
        &secret,
        "wc_pat_x",
        &"x".repeat(9000),
        &format!("{} x", tokens.access),
    ] {
        assert_invalid(&s.whoami(token));
    }
    for at in (0..tokens.access.len()).step_by(11) {
        let mut bytes = tokens.access.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        assert_invalid(&s.whoami(&String::from_utf8(bytes).unwrap()));
    }
    s.get(CURRENT)
        .authorization(&format!("bearer {}", tokens.access))
        .send()
        .ok();
    s.wait(3600);
    assert_invalid(&s.whoami(&tokens.access));
    let tokens = s.granted("");
    s.client.revoke(&s, &tokens.access);
    assert_invalid(&s.whoami(&tokens.access));
}

#[test]
fn contract_5_a_token_of_one_event_is_worth_nothing_at_another() {
    let s = Scene::new();
    let there = s.put_event("other.example", json!({"name": "Other"}));
    s.integrate(
        &there,
        &s.client,
        json!({"obo_scopes": ["pii:basic"], "service_scopes": ["user:read"]}),
    );
    let tokens = s.granted("");
    let service = s.client.as_service(&s, "user:read");
    assert_invalid(
        &s.get("https://other.example/api/users/current")
            .bearer(&tokens.access)
            .send(),
    );
    assert_invalid(
        &s.get("https://other.example/api/users")
            .bearer(&service.access)
            .send(),
    );
    let refresh = [
        ("grant_type", "refresh_token"),
        ("refresh_token", tokens.refresh.as_str()),
    ];
    s.client
        .send_at(&s, "https://other.example", "/api/oauth/token", &refresh)
        .refused(400, "invalid_grant");
    let code = s.signed_in().code(&s.client, &[]);
    let redemption = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", &s.client.redirect_uri),
    ];
    s.client
        .send_at(&s, "https://other.example", "/api/oauth/token", &redemption)
        .refused(400, "invalid_grant");
    s.client
        .send_at(
            &s,
            "https://other.example",
            "/api/oauth/revoke",
            &[("token", &tokens.refresh)],
        )
        .ok();
    s.assert_lives(&tokens);
    let elsewhere = Browser::at(&s, "https://other.example");
    elsewhere.try_to_sign_in(EMAIL, support::PASSWORD).page(400);
}

#[test]
fn contract_6_a_token_of_the_wrong_kind_for_the_path_is_insufficient_scope() {
    let s = Scene::new();
    let tokens = s.granted("");
    let service = s.client.as_service(&s, "");
    assert_insufficient(&s.whoami(&service.access), "pii:basic pii:email user:roles");
    for path in [
        "/api/users".to_owned(),
        format!("/api/users/{}", s.robin.id),
        "/api/users/nobody".to_owned(),
    ] {
        assert_insufficient(&s.get(&path).bearer(&tokens.access).send(), "user:read");
        let little = s.client.as_service(&s, "stats:read");
        assert_insufficient(&s.get(&path).bearer(&little.access).send(), "user:read");
    }
}

// -- The authenticated user -----------------------------------------------------------------------------------

#[test]
fn contract_6_each_member_is_there_only_if_a_scope_covers_it() {
    let s = Scene::new();
    let id = &s.robin.id;
    for (scope, expected) in [
        ("stats:read", json!({"id": id})),
        ("pii:basic", json!({"id": id, "name": NAME})),
        ("pii:email", json!({"id": id, "email": EMAIL})),
        (
            "user:roles",
            json!({"id": id, "roles": ["staff"], "permissions": ["badges", "shirts"]}),
        ),
        (
            "",
            json!({"id": id, "name": NAME, "email": EMAIL, "roles": ["staff"], "permissions": ["badges", "shirts"]}),
        ),
    ] {
        assert_eq!(s.whoami(&s.granted(scope).access).ok(), expected, "{scope}");
    }
}

#[test]
fn contract_6_a_narrowed_or_unapproved_scope_counts_as_absent() {
    let s = Scene::new();
    let tokens = s.granted("pii:basic pii:email");
    let narrowed = s
        .client
        .try_to_refresh(&s, &tokens.refresh, "pii:email")
        .ok();
    let token = narrowed["access_token"].as_str().unwrap();
    assert_eq!(
        s.whoami(token).ok(),
        json!({"id": s.robin.id, "email": EMAIL})
    );
    s.change(&s.client, json!({"obo_scopes": ["pii:basic"]}));
    s.wait(support::STALE);
    assert_eq!(
        s.whoami(token).ok(),
        json!({"id": s.robin.id}),
        "within 90 seconds"
    );
    let service = s.client.as_service(&s, "user:read");
    s.change(&s.client, json!({"service_scopes": ["stats:read"]}));
    s.wait(support::STALE);
    assert_insufficient(
        &s.get("/api/users").bearer(&service.access).send(),
        "user:read",
    );
}

#[test]
fn contract_6_a_scope_beyond_the_persons_permissions_counts_as_absent() {
    let s = Scene::new();
    s.put_scopes(
        &s.event,
        json!([
            {"name": "pii:email", "title": "Email", "permission": "board"},
            {"name": "badge:print", "title": "Print", "modes": ["obo"]},
            {"name": "shirt:order", "title": "Shirts", "modes": ["obo"]},
            {"name": "stats:read", "title": "Stats", "modes": ["obo", "service"]},
            {"name": "report:read", "title": "Reports", "modes": ["service"]},
        ]),
    );
    s.change_robin(json!({"permissions": ["board"]}));
    s.wait(support::STALE);
    let tokens = s.granted("pii:email pii:basic");
    assert_eq!(s.whoami(&tokens.access).ok()["email"], EMAIL);
    s.change_robin(json!({"permissions": []}));
    s.wait(support::STALE);
    assert_eq!(
        s.whoami(&tokens.access).ok(),
        json!({"id": s.robin.id, "name": NAME})
    );
}

#[test]
fn contract_6_a_live_token_is_never_refused_on_a_replicas_word() {
    let s = Scene::new();
    s.change(&s.client, json!({"service_scopes": ["user:read"]}));
    let service = s.client.as_service(&s, "user:read");
    for empty in [false, true] {
        if empty {
            s.freeze_empty();
        } else {
            s.freeze();
        }
        let mut tokens = s.granted("");
        for _ in 0..3 {
            s.another_isolate();
            s.whoami(&tokens.access).ok();
            tokens = s.client.refresh(&s, &tokens.refresh);
        }
        s.another_isolate();
        s.whoami(&tokens.access).ok();
        s.get("/api/users").bearer(&service.access).send().ok();
    }
}

#[test]
fn contract_7_a_scope_approved_a_moment_ago_is_good_although_no_replica_knows() {
    let s = Scene::new();
    s.change(
        &s.client,
        json!({"obo_scopes": ["pii:basic"], "service_scopes": ["stats:read"]}),
    );
    s.freeze();
    s.change(&s.client, json!({"obo_scopes": ["pii:basic", "pii:email"], "service_scopes": ["stats:read", "user:read"]}));
    s.another_isolate();
    let tokens = s.granted("pii:basic pii:email");
    s.another_isolate();
    assert_eq!(s.whoami(&tokens.access).ok()["email"], EMAIL);
}

#[test]
fn contract_7_a_service_scope_approved_a_moment_ago_is_good_although_no_replica_knows() {
    let s = Scene::new();
    s.change(&s.client, json!({"service_scopes": ["stats:read"]}));
    s.freeze();
    s.change(
        &s.client,
        json!({"service_scopes": ["stats:read", "user:read"]}),
    );
    s.another_isolate();
    let service = s.client.as_service(&s, "user:read");
    s.another_isolate();
    s.get("/api/users").bearer(&service.access).send().ok();
}

#[test]
fn contract_7_a_permission_that_a_role_got_a_moment_ago_is_shown_and_counts() {
    let s = Scene::new();
    s.put_scopes(
        &s.event,
        json!([
            {"name": "pii:email", "title": "Email", "permission": "board"},
            {"name": "badge:print", "title": "Print", "modes": ["obo"]},
            {"name": "shirt:order", "title": "Shirts", "modes": ["obo"]},
            {"name": "stats:read", "title": "Stats", "modes": ["obo", "service"]},
            {"name": "report:read", "title": "Reports", "modes": ["service"]},
        ]),
    );
    s.freeze();
    s.put_roles(
        &s.event,
        json!([{"name": "staff", "permissions": ["board"]}]),
    );
    s.another_isolate();
    let tokens = s.granted("pii:email user:roles");
    s.another_isolate();
    assert_eq!(s.whoami(&tokens.access).ok()["email"], EMAIL);
    s.thaw();
    s.another_isolate();
    assert_eq!(
        s.whoami(&tokens.access).ok()["permissions"],
        json!(["badges", "board"])
    );
}

#[test]
fn contract_6_a_dead_token_is_accepted_for_at_most_90_seconds() {
    let s = Scene::new();
    let end: [fn(&Scene); 4] = [
        Scene::disable_robin,
        Scene::delete_robin,
        |s| s.suspend(&s.client),
        |s| s.delete_integration(&s.client),
    ];
    for end in end {
        let s = Scene::new();
        let tokens = s.granted("");
        s.whoami(&tokens.access).ok();
        end(&s);
        s.wait(support::STALE);
        assert_invalid(&s.whoami(&tokens.access));
    }
    let tokens = s.granted("");
    s.whoami(&tokens.access).ok();
    s.client.refresh(&s, &tokens.refresh);
    s.wait(support::STALE);
    assert_invalid(&s.whoami(&tokens.access));
}

#[test]
fn contract_7_a_changed_name_email_or_role_is_shown_within_90_seconds() {
    let s = Scene::new();
    let tokens = s.granted("");
    s.whoami(&tokens.access).ok();
    s.change_robin(json!({"name": "Robin Other", "email": "other@people.example", "roles": [], "permissions": ["board"]}));
    s.wait(support::STALE);
    let expected = json!({"id": s.robin.id, "name": "Robin Other", "email": "other@people.example", "roles": [], "permissions": ["board"]});
    assert_eq!(s.whoami(&tokens.access).ok(), expected);
}

// -- Users, for services ---------------------------------------------------------------------------------------

#[test]
fn contract_6_a_service_with_user_read_reads_one_user_or_all() {
    let s = Scene::new();
    let token = s.client.as_service(&s, "user:read").access;
    let get = |path: &str| s.get(path).bearer(&token).send();
    let robin = json!({"id": s.robin.id, "name": NAME, "email": EMAIL, "roles": ["staff"], "permissions": ["badges", "shirts"]});
    assert_eq!(get(&format!("/api/users/{}", s.robin.id)).ok(), robin);
    assert_eq!(get("/api/users").ok(), json!({"items": [robin]}));
    get("/api/users/acc_nobody").refused(404, "not_found");
}

#[test]
fn contract_6_who_has_no_roles_and_no_permissions_has_empty_lists_of_them() {
    let s = Scene::new();
    s.change_robin(json!({"roles": [], "permissions": []}));
    let token = s.client.as_service(&s, "user:read").access;
    let get = |path: &str| s.get(path).bearer(&token).send().ok();
    let robin =
        json!({"id": s.robin.id, "name": NAME, "email": EMAIL, "roles": [], "permissions": []});
    assert_eq!(get(&format!("/api/users/{}", s.robin.id)), robin);
    assert_eq!(get("/api/users"), json!({"items": [robin]}));
}

#[test]
fn contract_6_who_is_disabled_is_not_there_for_services() {
    let s = Scene::new();
    let token = s.client.as_service(&s, "user:read").access;
    let path = format!("/api/users/{}", s.robin.id);
    let get = || s.get(&path).bearer(&token).send();
    get().ok();
    s.disable_robin();
    get().refused(404, "not_found");
    s.enable_robin();
    get().ok();
}

#[test]
fn an_id_that_can_be_nobodys_is_answered_as_one_that_is_nobodys() {
    let s = Scene::new();
    let token = s.client.as_service(&s, "user:read").access;
    for nobody in ["acc_nobody", "svc_1001_x", "x%2Fy", "%20"] {
        s.get(&format!("/api/users/{nobody}"))
            .bearer(&token)
            .send()
            .refused(404, "not_found");
    }
}

#[test]
fn contract_6_users_come_in_pages_without_gap_or_repeat() {
    let s = Scene::new();
    for n in 0..7 {
        s.person(
            &s.event,
            json!({"email": format!("p{n}@people.example"), "name": "P"}),
        );
    }
    let token = s.client.as_service(&s, "user:read").access;
    let get = |query: &str| s.get(&format!("/api/users{query}")).bearer(&token).send();
    for bad in [
        "?limit=0",
        "?limit=201",
        "?limit=x",
        "?limit=-1",
        "?limit=%2B1",
        "?cursor=%20",
        "?cursor=enp6",
        "?limit=1&limit=1",
        "?cursor=a&cursor=b",
    ] {
        get(bad).refused(400, "invalid_request");
    }
    let mut seen = Vec::new();
    let mut query = String::from("?limit=3");
    for _ in 0..5 {
        let page = get(&query).ok();
        let items: Vec<Value> = page["items"].as_array().unwrap().clone();
        assert!(items.len() <= 3);
        seen.extend(
            items
                .iter()
                .map(|item| item["id"].as_str().unwrap().to_owned()),
        );
        match page["next_cursor"].as_str() {
            Some(cursor) => query = format!("?limit=3&cursor={cursor}"),
            None => break,
        }
    }
    let mut once = seen.clone();
    once.sort();
    once.dedup();
    assert_eq!((seen.len(), once.len()), (8, 8));
    // Who is disabled is not there, and leaves no page empty.
    let first = Person {
        id: once[0].clone(),
        email: String::new(),
    };
    s.change_account(&s.event, &first, json!({"status": "disabled"}));
    let page = get("?limit=1").ok();
    assert_eq!(page["items"][0]["id"], once[1]);
}

#[test]
fn contract_6_a_fault_of_ours_is_503_and_never_invalid_token() {
    let s = Scene::new();
    let tokens = s.granted("");
    s.take_down(Some(ObjectKind::Account));
    s.another_isolate();
    s.whoami(&tokens.access)
        .refused(503, "temporarily_unavailable");
    s.take_down(None);
    s.whoami(&tokens.access).ok();
}

#[test]
fn contract_7_a_permission_just_given_counts_at_once_where_the_person_was_known_without_it() {
    let s = Scene::new();
    let tokens = s.granted("badge:print pii:email");
    s.change_robin(json!({"permissions": []}));
    s.wait(support::STALE);
    assert_eq!(
        s.client.introspect(&s, &tokens.access)["scope"],
        "pii:email"
    );
    assert_eq!(s.whoami(&tokens.access).ok()["email"], EMAIL);
    s.change_robin(json!({"permissions": ["badges"]}));
    assert_eq!(
        s.client.introspect(&s, &tokens.access)["scope"],
        "badge:print pii:email"
    );
}

#[test]
fn contract_7_a_scopes_permission_just_given_counts_at_once_at_the_api() {
    let s = Scene::new();
    s.put_scopes(&s.event, {
        let mut scopes = support::scene::catalogue();
        let email =
            json!({"name": "pii:email", "title": "E-mail", "modes": ["obo"], "permission": "mail"});
        scopes.as_array_mut().unwrap().push(email);
        scopes
    });
    s.change_robin(json!({"permissions": ["mail"]}));
    s.wait(support::STALE);
    let tokens = s.granted("pii:basic pii:email");
    s.change_robin(json!({"permissions": []}));
    s.wait(support::STALE);
    assert!(s.whoami(&tokens.access).ok()["email"].is_null());
    s.change_robin(json!({"permissions": ["mail"]}));
    assert_eq!(s.whoami(&tokens.access).ok()["email"], EMAIL);
}
