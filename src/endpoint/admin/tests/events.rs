//! Events, scopes, roles, audit and usage.

use super::*;
use crate::directory::event_command::Command;
use crate::directory::event_object::EventObject;
use crate::directory::usage::{Counts, UsageLine};
use crate::protocol::client::ClientId;
use crate::store::ports::Ports as _;

const BUILT_IN: [&str; 5] = [
    "pii:basic",
    "pii:email",
    "token:introspect",
    "user:read",
    "user:roles",
];

#[test]
fn contract_7_a_host_is_lower_case_without_port_or_trailing_dot() {
    let world = World::empty();
    for host in [
        "a.localhost.",
        "a.localhost:8787",
        "not%20a%20host",
        "under_score",
        "-x.example",
        "%C3%A9.example",
        "*.example",
        "..",
    ] {
        world.refused(400, "PUT", &format!("/events/{host}"), json!({"name": "X"}));
    }
    let long = format!("/events/{}.example", "x".repeat(64));
    world.refused(400, "PUT", &long, json!({"name": "X"}));
    assert!(world.items("/events").is_empty());
    for host in [
        "localhost",
        "127.0.0.1",
        "[::1]",
        "%5B%3A%3A1%5D",
        "reg.example.org",
    ] {
        world.must("PUT", &format!("/events/{host}"), json!({"name": "X"}));
    }
    assert_eq!(world.items("/events").len(), 4);
}

#[test]
fn contract_7_settings_outside_their_bounds_are_refused() {
    let world = World::new();
    world.refused(400, "PUT", "/events/new.localhost", json!({}));
    for (field, value) in [
        ("retry_window", json!(61)),
        ("refresh_idle_days", json!(0)),
        ("pat_max_days", json!(0)),
        ("pat_max_days", json!(u64::MAX)),
        ("name", json!("")),
        ("name", json!("x".repeat(101))),
        ("name", json!("a\u{0}b")),
        ("accent", json!("red")),
    ] {
        let said = world.refused(400, "PUT", EVENT, json!({ field: value }));
        assert!(said.starts_with(field), "{said}");
    }
}

#[test]
fn contract_7_an_event_is_201_when_new_and_keeps_what_is_left_out() {
    let world = World::empty();
    let created = world.call("PUT", EVENT, json!({"name": "Con"}));
    assert_eq!(created.status, 201);
    let created: Value = serde_json::from_slice(&created.body).unwrap();
    let id = created["id"].as_str().unwrap();
    assert!(id.starts_with("evt_"));
    assert_eq!(
        created,
        json!({
            "host": "a.localhost", "name": "Con", "retry_window": 10, "refresh_idle_days": null,
            "pat_max_days": 365, "accent": null, "created_at": "2026-03-01T09:30:00Z", "id": id,
        })
    );
    world.set_now(BEGIN + 5);
    let settings = json!({"retry_window": 0, "refresh_idle_days": 30, "pat_max_days": null, "accent": "#0a7cff"});
    let changed = world.call("PUT", EVENT, settings);
    assert_eq!(changed.status, 200);
    let renamed = world.must("PUT", EVENT, json!({"name": "Con 2"}));
    assert_eq!(
        renamed,
        json!({
            "host": "a.localhost", "name": "Con 2", "retry_window": 0, "refresh_idle_days": 30,
            "pat_max_days": null, "accent": "#0a7cff", "created_at": "2026-03-01T09:30:00Z", "id": id,
        })
    );
    assert_eq!(world.get(EVENT), renamed);
    assert_eq!(world.items("/events"), [renamed]);
}

#[test]
fn contract_5_an_event_created_again_has_nothing_of_the_one_before() {
    let world = World::new();
    let id = world.get(EVENT)["id"].clone();
    world.account(json!({}));
    world.approved(json!({"obo_scopes": ["stats:read"]}));
    world.must("DELETE", EVENT, Value::Null);
    world.refused(404, "GET", EVENT, Value::Null);
    world.refused(404, "GET", &format!("{EVENT}/accounts"), Value::Null);
    world.refused(404, "DELETE", EVENT, Value::Null);
    let again = world.call("PUT", EVENT, json!({"name": "Con"}));
    assert_eq!(again.status, 201);
    assert_ne!(world.get(EVENT)["id"], id);
    for part in ["accounts", "integrations", "roles"] {
        assert!(world.items(&format!("{EVENT}/{part}")).is_empty(), "{part}");
    }
    assert_eq!(names(&world.items(&format!("{EVENT}/scopes"))), BUILT_IN);
}

#[test]
fn contract_7_a_scope_of_a_wrong_form_is_refused_and_nothing_is_replaced() {
    let world = World::new();
    let path = format!("{EVENT}/scopes");
    let before = world.get(&path);
    let scope = json!({"name": "x:y", "title": "X", "modes": ["obo"]});
    for fields in [
        json!({"name": ""}),
        json!({"name": "with space"}),
        json!({"name": "quote\""}),
        json!({"name": "back\\slash"}),
        json!({"name": "é"}),
        json!({"modes": []}),
        json!({"title": ""}),
        json!({"title": "x".repeat(101)}),
        json!({"description": "x".repeat(501)}),
        json!({"permission": ""}),
    ] {
        let mut wrong = scope.clone();
        merge(&mut wrong, fields);
        world.refused(400, "PUT", &path, json!([wrong]));
    }
    world.refused(400, "PUT", &path, json!([scope, scope]));
    world.refused(400, "PUT", &path, json!([without(scope.clone(), "title")]));
    world.refused(400, "PUT", &path, json!([without(scope, "modes")]));
    let other_modes = json!({"name": "pii:basic", "title": "X", "modes": ["obo", "service"]});
    world.refused(400, "PUT", &path, json!([other_modes]));
    assert_eq!(world.get(&path), before);
}

#[test]
fn contract_7_a_scope_still_approved_cannot_go() {
    let world = World::new();
    let path = format!("{EVENT}/scopes");
    let client_id =
        world.approved(json!({"obo_scopes": ["stats:read"], "service_scopes": ["report:read"]}));
    let one_mode = json!([
        {"name": "stats:read", "title": "X", "modes": ["service"]},
        {"name": "report:read", "title": "X", "modes": ["service"]},
    ]);
    for scopes in [json!([]), one_mode] {
        let said = world.refused(409, "PUT", &path, scopes);
        assert!(
            said.contains("stats:read") && said.contains(&client_id),
            "{said}"
        );
    }
    assert_eq!(world.items(&path).len(), 8);
    // Suspended is not gone.
    world.must(
        "PATCH",
        &format!("/applications/{client_id}"),
        json!({"status": "suspended"}),
    );
    world.refused(409, "PUT", &path, json!([]));
    // The operator can do nothing about an approval they cannot see.
    world.must("DELETE", &format!("/applications/{client_id}"), Value::Null);
    assert_eq!(
        world.must("PUT", &path, json!([]))["items"]
            .as_array()
            .unwrap()
            .len(),
        5
    );
}

#[test]
fn contract_6_the_catalogue_is_replaced_as_a_whole_and_the_built_in_scopes_stay() {
    let world = World::empty();
    world.must("PUT", EVENT, json!({"name": "Con"}));
    let path = format!("{EVENT}/scopes");
    assert_eq!(names(&world.items(&path)), BUILT_IN);
    let put = world.must("PUT", &path, catalogue());
    assert_eq!(put, world.get(&path));
    assert_eq!(
        put["items"][0],
        json!({
            "name": "badge:print", "title": "Print badges", "description": "", "sensitive": true,
            "modes": ["obo"], "permission": "badges",
        })
    );
    assert_eq!(put["items"].as_array().unwrap().len(), 8);
    let words = json!({
        "name": "pii:basic", "title": "Your name", "description": "As on your badge", "sensitive": true,
        "modes": ["obo"], "permission": "named",
    });
    world.must("PUT", &path, json!([words]));
    assert_eq!(world.items(&path)[0], words);
    world.must("PUT", &path, json!([without(words, "modes")]));
    assert_eq!(world.items(&path)[0]["modes"], json!(["obo"]));
    world.must("PUT", &path, json!([]));
    assert_eq!(world.items(&path)[0]["title"], "See your name");
}

#[test]
fn contract_6_a_fresh_event_has_the_built_in_scopes_and_no_others() {
    let world = World::empty();
    world.must("PUT", EVENT, json!({"name": "Con"}));
    let scopes = world.items(&format!("{EVENT}/scopes"));
    let table: Vec<Value> = scopes
        .iter()
        .map(|scope| {
            json!([
                scope["name"],
                scope["modes"],
                scope["sensitive"],
                scope["permission"]
            ])
        })
        .collect();
    assert_eq!(
        table,
        [
            json!(["pii:basic", ["obo"], false, null]),
            json!(["pii:email", ["obo"], false, null]),
            json!(["token:introspect", ["service"], false, null]),
            json!(["user:read", ["service"], true, null]),
            json!(["user:roles", ["obo"], false, null]),
        ]
    );
}

#[test]
fn contract_6_a_built_in_scope_in_other_words_stays_as_sensitive_as_it_is() {
    let world = World::new();
    let path = format!("{EVENT}/scopes");
    let user_read = |body: Value| {
        world.must("PUT", &path, body);
        let items = world.items(&path);
        items.into_iter().find(|scope| scope["name"] == "user:read")
    };
    let built_in = user_read(json!([])).unwrap();
    let told = user_read(json!([{"name": "user:read", "title": "Lire les comptes"}])).unwrap();
    assert_eq!(built_in["sensitive"], true);
    assert_eq!(told["title"], "Lire les comptes");
    for kept in ["sensitive", "description", "modes"] {
        assert_eq!(told[kept], built_in[kept]);
    }
    let said = user_read(json!([{"name": "user:read", "title": "x", "sensitive": false}])).unwrap();
    assert_eq!(said["sensitive"], false);
}

#[test]
fn contract_7_what_get_answers_put_accepts() {
    let world = World::new();
    world.must(
        "PUT",
        &format!("{EVENT}/roles"),
        json!([{"name": "b"}, {"name": "a", "title": "A", "permissions": ["y", "x"]}]),
    );
    for part in ["scopes", "roles"] {
        let path = format!("{EVENT}/{part}");
        let before = world.get(&path);
        assert_eq!(world.must("PUT", &path, before["items"].clone()), before);
        assert_eq!(world.get(&path), before);
    }
}

#[test]
fn contract_7_roles_are_replaced_as_a_whole() {
    let world = World::new();
    let path = format!("{EVENT}/roles");
    let roles = json!([{"name": "crew", "title": "Crew", "permissions": ["staff", "doors"]}, {"name": "guest", "title": "", "permissions": []}]);
    assert_eq!(world.must("PUT", &path, roles.clone())["items"], roles);
    for wrong in [
        json!([{"name": "crew"}, {"name": "crew"}]),
        json!([{"name": "with space"}]),
        json!([{"name": "crew", "permissions": [""]}]),
        json!([{"name": "crew", "title": "x".repeat(101)}]),
    ] {
        world.refused(400, "PUT", &path, wrong);
    }
    assert_eq!(world.get(&path)["items"], roles);
    assert_eq!(world.must("PUT", &path, json!([]))["items"], json!([]));
}

#[test]
fn contract_7_a_full_catalogue_can_be_put_back() {
    let world = World::new();
    let path = format!("{EVENT}/scopes");
    let full: Vec<Value> = (0..200)
        .map(|n| json!({"name": format!("s{n}"), "title": "S", "modes": ["obo"]}))
        .collect();
    let items = world.must("PUT", &path, json!(full))["items"].clone();
    assert_eq!(world.must("PUT", &path, items.clone())["items"], items);
    let mut more = full;
    more.push(json!({"name": "one-more", "title": "S", "modes": ["obo"]}));
    world.refused(400, "PUT", &path, json!(more));
}

#[test]
fn contract_7_a_whole_number_may_be_written_with_a_point() {
    let world = World::new();
    for (written, read) in [(json!(10.0), json!(10)), (json!(2e1), json!(20))] {
        let event = world.must("PUT", EVENT, json!({"retry_window": written}));
        assert_eq!(event["retry_window"], read);
    }
    for wrong in [json!(1.5), json!(-1.0), json!(1e300), json!("10")] {
        world.refused(400, "PUT", EVENT, json!({"retry_window": wrong}));
    }
}

#[test]
fn contract_7_usage_is_counted_by_day_and_application() {
    let world = World::new();
    let event_id = world.get(EVENT)["id"].as_str().unwrap().to_owned();
    let line = |day: &str, client_id: u64| UsageLine {
        day: day.to_owned(),
        client_id: ClientId::number(client_id),
        counts: Counts {
            tokens: [
                (String::from("refresh_token"), 2),
                (String::from("client_credentials"), 3),
            ]
            .into(),
            calls: 7,
            refusals: 1,
        },
    };
    let lines = vec![
        line("2026-02-28", 1001),
        line("2026-03-01", 1001),
        line("2026-03-01", 1002),
        line("2026-03-02", 1002),
    ];
    pollster::block_on(
        world
            .memory
            .ask::<EventObject>(&event_id, &Command::AddUsage(lines)),
    )
    .unwrap();
    let path = format!("{EVENT}/usage");
    let found = |query: &str| -> Vec<String> {
        let line = |item: &Value| {
            format!(
                "{} {}",
                item["day"].as_str().unwrap(),
                item["client_id"].as_str().unwrap()
            )
        };
        world
            .items(&format!("{path}?{query}"))
            .iter()
            .map(line)
            .collect()
    };
    assert_eq!(
        world.items(&path)[0],
        json!({
            "day": "2026-02-28", "client_id": "1001", "tokens": 5,
            "tokens_by_grant_type": {"client_credentials": 3, "refresh_token": 2}, "calls": 7, "refusals": 1,
        })
    );
    assert_eq!(found("").len(), 4);
    assert_eq!(
        found("client_id=1002"),
        ["2026-03-01 1002", "2026-03-02 1002"]
    );
    assert_eq!(
        found("from=2026-03-01&to=2026-03-01"),
        ["2026-03-01 1001", "2026-03-01 1002"]
    );
    assert_eq!(found("to=2026-02-28"), ["2026-02-28 1001"]);
    assert!(found("from=2027-01-01").is_empty() && found("client_id=9").is_empty());
    for query in [
        "from=2026-3-1",
        "to=yesterday",
        "from=2026-03-01T00:00:00Z",
        "client_id=abc",
        "client_id=01",
        "from=2026-03-01&from=2026-03-02",
    ] {
        world.refused(400, "GET", &format!("{path}?{query}"), Value::Null);
    }
}
