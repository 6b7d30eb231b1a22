//! The OpenAPI document says what there is.

use std::collections::{BTreeMap, BTreeSet};

use super::super::DESCRIPTION;
use super::super::paths::PATHS;
use super::*;

fn document() -> Value {
    World::empty().get("/openapi.json")
}

/// Every path of the document behind `/api/admin/`, with its methods.
fn described() -> BTreeMap<String, BTreeSet<String>> {
    let paths = document()["paths"].as_object().unwrap().clone();
    paths
        .into_iter()
        .map(|(path, item)| {
            let methods = item
                .as_object()
                .unwrap()
                .keys()
                .filter(|key| *key != "parameters");
            let path = path.strip_prefix("/api/admin/").unwrap().to_owned();
            (path, methods.map(|method| method.to_uppercase()).collect())
        })
        .collect()
}

#[test]
fn contract_7_the_document_describes_every_path_and_method_and_no_other() {
    let table: BTreeMap<String, BTreeSet<String>> = PATHS
        .iter()
        .map(|(path, _, methods)| {
            (
                (*path).to_owned(),
                methods.iter().map(|method| (*method).to_owned()).collect(),
            )
        })
        .collect();
    assert_eq!(described(), table);
    assert_eq!(document()["openapi"], "3.1.0");
    assert_eq!(
        document(),
        serde_json::from_str::<Value>(DESCRIPTION).unwrap()
    );
}

#[test]
fn contract_7_every_path_and_method_of_the_document_is_answered() {
    let world = World::new();
    let client_id = world.approved(json!({}));
    let account = world.account(json!({}));
    for (path, methods) in described() {
        let path = path
            .replace("{host}", "a.localhost")
            .replace("{client_id}", &client_id)
            .replace("{id}", &account)
            .replace("{grant_id}", "none")
            .replace("{secret_id}", "none");
        // What deletes comes last, and what it deletes is not needed further on: paths are in order.
        for method in methods.iter().filter(|method| *method != "DELETE") {
            let reply = world.call(method, &format!("/{path}"), json!({}));
            assert!(
                !matches!(reply.status, 401 | 404 | 405 | 500..),
                "{method} {path}: {}",
                text(&reply)
            );
        }
        if methods.contains("DELETE") {
            let nothing = |part: &str| path.ends_with(part);
            let expected = if nothing("none") { 404 } else { 204 };
            let fresh = World::new();
            fresh.approved(json!({}));
            fresh.account(json!({}));
            let reply = fresh.call("DELETE", &format!("/{path}"), Value::Null);
            assert_eq!(reply.status, expected, "DELETE {path}: {}", text(&reply));
        }
    }
}

/// Every reference of the document, wherever it is.
fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            if let Some(Value::String(to)) = map.get("$ref") {
                found.insert(to.clone());
            }
            map.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

#[test]
fn contract_7_every_part_of_the_document_is_there_and_used() {
    let document = document();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    for to in &found {
        let pointer = to.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{to}");
    }
    for kind in ["parameters", "responses", "schemas"] {
        for name in document["components"][kind].as_object().unwrap().keys() {
            assert!(
                found.contains(&format!("#/components/{kind}/{name}")),
                "{kind}/{name} is not used"
            );
        }
    }
}

#[test]
fn contract_7_every_field_of_an_answer_is_described() {
    let world = World::new();
    let client_id = world.approved(json!({}));
    let account = world.account(json!({}));
    world.must("PUT", &format!("{EVENT}/roles"), json!([{"name": "x"}]));
    let schemas = document()["components"]["schemas"].clone();
    let fields = |value: &Value| {
        value
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<BTreeSet<_>>()
    };
    for (schema, answer) in [
        ("Event", world.get(EVENT)),
        ("Scope", world.items(&format!("{EVENT}/scopes"))[0].clone()),
        ("Role", world.items(&format!("{EVENT}/roles"))[0].clone()),
        (
            "Application",
            world.get(&format!("/applications/{client_id}")),
        ),
        (
            "Integration",
            world.get(&format!("{EVENT}/integrations/{client_id}")),
        ),
        ("Account", world.get(&format!("{EVENT}/accounts/{account}"))),
        ("Error", json!({"error": "", "error_description": ""})),
    ] {
        assert_eq!(
            fields(&schemas[schema]["properties"]),
            fields(&answer),
            "{schema}"
        );
    }
    // What a PATCH may say is what a POST may say, and `status`.
    let patch = fields(&schemas["ApplicationPatch"]["properties"]);
    let mut post = fields(&schemas["ApplicationPost"]["properties"]);
    post.insert(String::from("status"));
    assert_eq!(patch, post);
    assert_eq!(
        fields(&schemas["AccountPost"]["properties"]),
        fields(&schemas["AccountPatch"]["properties"])
    );
}
