//! What an event approves, and when it was last used.

use super::*;
use crate::directory::event_command::Command;
use crate::directory::event_object::EventObject;
use crate::directory::usage::{Counts, UsageLine};
use crate::protocol::client::ClientId;
use crate::store::ports::Ports as _;

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
fn contract_7_no_more_is_approved_than_fits_in_a_token() {
    let world = World::new();
    let names: Vec<String> = (0..40).map(|n| format!("{n:0100}")).collect();
    let scopes: Vec<Value> = names
        .iter()
        .map(|name| json!({"name": name, "title": "Some", "modes": ["obo", "service"]}))
        .collect();
    world.must("PUT", &format!("{EVENT}/scopes"), json!(scopes));
    let client_id = world.application(json!({}))["client_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("{EVENT}/integrations/{client_id}");
    for mode in ["obo_scopes", "service_scopes"] {
        let said = world.refused(400, "PUT", &path, json!({mode: names}));
        assert!(said.contains("4039 characters"), "{said}");
    }
    let both = json!({"obo_scopes": names[1..], "service_scopes": names[1..]});
    assert_eq!(world.call("PUT", &path, both).status, 201);
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
        "client_id": client_id, "application_name": "Badge Buddy", "application_status": "active", "obo_scopes": ["badge:print", "stats:read"],
        "service_scopes": ["user:read"], "service_refresh_tokens": false, "status": "active",
        "last_used_on": null,
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
    let suspended = json!({"status": "suspended"});
    world.must("PATCH", &format!("/applications/{client_id}"), suspended);
    merge(&mut expected, json!({"application_status": "suspended"}));
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

/// Hands the event counts of an application, as the isolates do.
fn count(world: &World, client_id: &str, day: &str, counts: Counts) {
    let event_id = world.get(EVENT)["id"].as_str().unwrap().to_owned();
    let command = Command::AddUsage(vec![UsageLine {
        day: day.to_owned(),
        client_id: ClientId::parse(client_id).unwrap(),
        counts,
    }]);
    pollster::block_on(world.memory.ask::<EventObject>(&event_id, &command)).unwrap();
}

fn calls(calls: u64) -> Counts {
    Counts {
        calls,
        ..Counts::default()
    }
}

/// What every answer of the resource says of an integration's last use.
fn last_used_on(world: &World, client_id: &str) -> Value {
    let path = format!("{EVENT}/integrations/{client_id}");
    let got = world.get(&path);
    let listed = world
        .items(&format!("{EVENT}/integrations"))
        .into_iter()
        .find(|item| item["client_id"] == client_id)
        .unwrap();
    assert_eq!(listed, got);
    assert_eq!(world.must("PUT", &path, json!({})), got);
    got.as_object().unwrap()["last_used_on"].clone()
}

#[test]
fn contract_6_what_was_never_used_has_no_last_day_of_use() {
    let world = World::new();
    let (used, other) = (world.approved(json!({})), world.approved(json!({})));
    assert_eq!(last_used_on(&world, &used), Value::Null);
    // Whoever is refused in its name has not used it.
    let refused = Counts {
        refusals: 3,
        ..Counts::default()
    };
    count(&world, &used, "2026-03-01", refused);
    assert_eq!(last_used_on(&world, &used), Value::Null);
    count(&world, &used, "2026-03-01", calls(1));
    assert_eq!(last_used_on(&world, &used), "2026-03-01");
    assert_eq!(last_used_on(&world, &other), Value::Null);
}

#[test]
fn contract_6_the_last_day_of_use_is_kept_and_no_earlier_one_lowers_it() {
    let world = World::new();
    let client_id = world.approved(json!({}));
    let token = Counts {
        tokens: [(String::from("refresh_token"), 1)].into(),
        ..Counts::default()
    };
    for (day, counts, expected) in [
        ("2026-02-28", calls(2), "2026-02-28"),
        ("2026-03-01", token, "2026-03-01"),
        // An isolate that could not hand on its counts for a while.
        ("2026-02-28", calls(5), "2026-03-01"),
        ("2026-03-01", calls(1), "2026-03-01"),
        ("2026-12-31", calls(1), "2026-12-31"),
    ] {
        count(&world, &client_id, day, counts);
        assert_eq!(last_used_on(&world, &client_id), expected);
    }
}

#[test]
fn contract_6_an_integration_created_again_has_not_been_used() {
    let world = World::new();
    let client_id = world.approved(json!({}));
    let path = format!("{EVENT}/integrations/{client_id}");
    count(&world, &client_id, "2026-03-01", calls(1));
    world.must("DELETE", &path, Value::Null);
    // An application may revoke its tokens where it is no longer approved: a call, but no use of what follows.
    count(&world, &client_id, "2026-03-02", calls(1));
    let again = world.must("PUT", &path, json!({}));
    assert_eq!(again.as_object().unwrap()["last_used_on"], Value::Null);
    assert_eq!(last_used_on(&world, &client_id), Value::Null);
    count(&world, &client_id, "2026-03-01", calls(1));
    assert_eq!(last_used_on(&world, &client_id), "2026-03-01");
    // Changing it is not creating it.
    world.must("PUT", &path, json!({"status": "suspended"}));
    assert_eq!(last_used_on(&world, &client_id), "2026-03-01");
}
