//! What an event approves.

use super::*;

#[test]
fn contract_7_a_scope_that_is_unknown_or_of_the_other_mode_is_refused() {
    let world = World::new();
    let client_id = world.application(json!({}))["client_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("{EVENT}/integrations/{client_id}");
    for (scope, approval) in [
        ("no:such", json!({"obo_scopes": ["no:such"]})),
        (
            "report:read",
            json!({"obo_scopes": ["stats:read", "report:read"]}),
        ),
        ("user:read", json!({"obo_scopes": ["user:read"]})),
        ("badge:print", json!({"service_scopes": ["badge:print"]})),
        ("pii:basic", json!({"service_scopes": ["pii:basic"]})),
    ] {
        let said = world.refused(400, "PUT", &path, approval);
        assert!(said.contains(scope), "{said}");
    }
    world.refused(404, "GET", &path, Value::Null);
}

#[test]
fn contract_7_an_approval_is_201_when_new_and_keeps_what_is_left_out() {
    let world = World::new();
    let client_id = world.application(json!({}))["client_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("{EVENT}/integrations/{client_id}");
    let approval = json!({"obo_scopes": ["stats:read", "badge:print", "stats:read"], "service_scopes": ["user:read"]});
    let created = world.call("PUT", &path, approval);
    assert_eq!(created.status, 201);
    let mut expected = json!({
        "client_id": client_id, "application_name": "Badge Buddy", "obo_scopes": ["badge:print", "stats:read"],
        "service_scopes": ["user:read"], "service_refresh_tokens": false, "status": "active",
    });
    assert_eq!(
        serde_json::from_slice::<Value>(&created.body).unwrap(),
        expected
    );
    let changed = world.call(
        "PUT",
        &path,
        json!({"status": "suspended", "service_refresh_tokens": true}),
    );
    assert_eq!(changed.status, 200);
    merge(
        &mut expected,
        json!({"status": "suspended", "service_refresh_tokens": true}),
    );
    assert_eq!(world.get(&path), expected);
    assert_eq!(world.items(&format!("{EVENT}/integrations")), [expected]);
    world.must("DELETE", &path, Value::Null);
    world.refused(404, "GET", &path, Value::Null);
    world.refused(404, "DELETE", &path, Value::Null);
    assert_eq!(
        world.call("PUT", &path, json!({})).status,
        201,
        "as new as the first"
    );
}

#[test]
fn contract_7_a_deleted_applications_integrations_are_not_there() {
    let world = World::new();
    let gone = world.approved(json!({"obo_scopes": ["stats:read"]}));
    let kept = world.approved(json!({"obo_scopes": ["stats:read"]}));
    world.must("DELETE", &format!("/applications/{gone}"), Value::Null);
    for method in ["GET", "PUT", "DELETE"] {
        world.refused(
            404,
            method,
            &format!("{EVENT}/integrations/{gone}"),
            json!({}),
        );
    }
    let items = world.items(&format!("{EVENT}/integrations"));
    assert_eq!(items.len(), 1);
    assert_eq!(items[0]["client_id"], kept);
}
