//! The audit log.

use super::*;

#[test]
fn contract_7_the_audit_log_is_newest_first_and_names_nobody() {
    let world = World::new();
    world.set_now(BEGIN + 60);
    let account = world.account(json!({}));
    let client_id = world.approved(json!({"obo_scopes": ["stats:read"]}));
    let path = format!("{EVENT}/audit");
    let items = world.items(&path);
    let kinds: Vec<_> = items
        .iter()
        .map(|item| item["type"].as_str().unwrap())
        .collect();
    assert_eq!(
        kinds,
        [
            "integration.created",
            "account.created",
            "scopes.replaced",
            "event.created"
        ]
    );
    assert_eq!(
        items[1],
        json!({"at": "2026-03-01T09:31:00Z", "type": "account.created", "actor": "operator", "account": account})
    );
    assert_eq!(items[0]["client_id"], client_id);
    let text = serde_json::to_string(&items).unwrap().to_lowercase();
    assert!(!text.contains("robin"));
}

#[test]
fn contract_7_the_audit_log_says_what_was_changed() {
    let world = World::new();
    let latest = || world.items(&format!("{EVENT}/audit"))[0].clone();
    let said = |expected: Value| {
        let mut entry = latest();
        for known in ["at", "actor", "account", "client_id"] {
            entry.as_object_mut().unwrap().remove(known);
        }
        assert_eq!(entry, expected);
    };
    let settings = json!({"name": "Second Con", "retry_window": 0, "refresh_idle_days": 30, "pat_max_days": null, "accent": "#0a7cff"});
    world.must("PUT", EVENT, settings.clone());
    said(json!({
        "type": "event.changed", "host": "a.localhost", "changed": "name retry_window refresh_idle_days pat_max_days accent",
        "name": "Second Con", "retry_window": "0", "refresh_idle_days": "30", "pat_max_days": "null", "accent": "#0a7cff",
    }));
    let roles = |list: Value| world.must("PUT", &format!("{EVENT}/roles"), list);
    roles(json!([{"name": "crew"}, {"name": "staff", "permissions": ["a"]}]));
    said(json!({"type": "roles.replaced", "count": "2", "added": "crew staff"}));
    roles(json!([{"name": "helper"}, {"name": "staff", "permissions": ["b"]}]));
    said(
        json!({"type": "roles.replaced", "count": "2", "added": "helper", "removed": "crew", "changed": "staff"}),
    );
    let mut scopes = catalogue();
    let list = scopes.as_array_mut().unwrap();
    list.push(json!({"name": "pii:email", "title": "Your address", "modes": ["obo"]}));
    let count = list.len().to_string();
    world.must("PUT", &format!("{EVENT}/scopes"), scopes);
    said(json!({"type": "scopes.replaced", "count": count, "changed": "pii:email"}));
    let id = world.account(
        json!({"roles": ["staff", "robins-own"], "permissions": ["badges", "robins-own"]}),
    );
    said(json!({"type": "account.created", "permissions": "badges", "roles": "staff"}));
    let account = format!("{EVENT}/accounts/{id}");
    world.must(
        "PATCH",
        &account,
        json!({"roles": ["helper"], "permissions": ["robins-own"], "email": "robin.second@people.example"}),
    );
    said(json!({
        "type": "account.changed", "status": "active", "password_changed": "no", "changed": "email permissions roles",
        "permissions_before": "badges", "permissions": "", "roles_before": "staff", "roles": "helper",
    }));
    world.must("PATCH", &account, json!({"permissions": []}));
    said(json!({
        "type": "account.changed", "status": "active", "password_changed": "no", "changed": "permissions",
    }));
    let before = world.items(&format!("{EVENT}/audit")).len();
    world.must("PUT", EVENT, settings);
    world.must("PATCH", &account, json!({"roles": ["helper"]}));
    roles(world.get(&format!("{EVENT}/roles"))["items"].clone());
    let scopes = world.get(&format!("{EVENT}/scopes"))["items"].clone();
    world.must("PUT", &format!("{EVENT}/scopes"), scopes);
    let client_id = world.approved(json!({"obo_scopes": ["stats:read"]}));
    let path = format!("{EVENT}/integrations/{client_id}");
    world.must("PUT", &path, json!({"obo_scopes": ["stats:read"]}));
    assert_eq!(
        world.items(&format!("{EVENT}/audit")).len(),
        before + 1,
        "what changes nothing is no change"
    );
    world.must("PUT", &path, json!({"service_refresh_tokens": true}));
    said(json!({
        "type": "integration.changed", "obo_scopes": "stats:read", "service_scopes": "", "status": "active",
        "service_refresh_tokens": "on",
    }));
    let text = serde_json::to_string(&world.items(&format!("{EVENT}/audit"))).unwrap();
    assert!(!text.contains("robin"), "{text}");
}

#[test]
fn contract_7_a_long_list_in_the_audit_log_is_cut() {
    let world = World::new();
    let roles: Vec<Value> = (0..20)
        .map(|n| json!({"name": format!("{n:0100}")}))
        .collect();
    world.must("PUT", &format!("{EVENT}/roles"), json!(roles));
    let entry = world.items(&format!("{EVENT}/audit"))[0].clone();
    let added = entry["added"].as_str().unwrap();
    assert!(added.ends_with(" and 11 more"), "{added}");
    assert!(added.len() < 1000);
}
