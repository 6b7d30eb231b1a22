//! Lists, page by page.

use std::collections::BTreeSet;

use super::*;
use crate::protocol::encoding::base64url;

/// Every item of a list, in pages of this many.
fn all(world: &World, path: &str, limit: usize) -> Vec<Value> {
    let mut items = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = world.get(&format!("{path}?limit={limit}{cursor}"));
        let found = page["items"].as_array().unwrap();
        assert!(found.len() <= limit);
        items.extend(found.iter().cloned());
        match page.get("next_cursor") {
            None => return items,
            Some(next) => cursor = format!("&cursor={}", next.as_str().unwrap()),
        }
    }
}

fn many() -> World {
    let world = World::new();
    for at in 0..7 {
        world.must(
            "PUT",
            &format!("/events/e{at}.localhost"),
            json!({"name": "E"}),
        );
        let client_id = world.approved(json!({}));
        if at % 3 == 0 {
            world.must(
                "DELETE",
                &format!("{EVENT}/integrations/{client_id}"),
                Value::Null,
            );
        }
        world.account(json!({"email": format!("p{at}@people.example")}));
    }
    world.must(
        "PUT",
        &format!("{EVENT}/roles"),
        json!([{"name": "c"}, {"name": "a"}, {"name": "b"}]),
    );
    world
}

#[test]
fn contract_7_a_wrong_limit_or_cursor_is_refused() {
    let world = many();
    let key = |text: &str| base64url(text.as_bytes());
    for list in ["/events", "/applications"]
        .map(str::to_owned)
        .into_iter()
        .chain(
            [
                "integrations",
                "accounts",
                "audit",
                "usage",
                "scopes",
                "roles",
            ]
            .map(|part| format!("{EVENT}/{part}")),
        )
    {
        for query in [
            "limit=0",
            "limit=-1",
            "limit=201",
            "limit=x",
            "limit=1.0",
            "limit=1&limit=1",
            "limit=%ff",
            "cursor=%ff",
            "cursor=x",
            "cursor=!!!!",
            "cursor=a&cursor=b",
        ] {
            world.refused(400, "GET", &format!("{list}?{query}"), Value::Null);
        }
        for garbage in [
            key("x y"),
            key("../../event"),
            key("ZZZZZZZZZZZZZZZZ"),
            key("Ä"),
            base64url(&[0xff, 0xfe]),
        ] {
            let path = format!("{list}?cursor={garbage}");
            world.refused(400, "GET", &path, Value::Null);
        }
        assert!(
            world
                .items(&format!("{list}?limit=&cursor=&other=1&other=2"))
                .len()
                <= 50,
            "left out, and unknown"
        );
    }
}

#[test]
fn contract_7_every_item_is_on_one_page_in_a_stable_order() {
    let world = many();
    for (list, count) in [
        (String::from("/events"), 8),
        (String::from("/applications"), 7),
        (format!("{EVENT}/integrations"), 4),
        (format!("{EVENT}/accounts"), 7),
        (format!("{EVENT}/scopes"), 8),
        (format!("{EVENT}/roles"), 3),
        (format!("{EVENT}/audit"), 1 + 1 + 7 + 3 + 7 + 1),
    ] {
        let whole = world.items(&list);
        assert_eq!(whole.len(), count, "{list}");
        for limit in 1..=count + 1 {
            assert_eq!(all(&world, &list, limit), whole, "{list} by {limit}");
        }
        let exact = world.get(&format!("{list}?limit={count}"));
        assert!(exact.get("next_cursor").is_none(), "{list}");
        let distinct: BTreeSet<String> = whole.iter().map(Value::to_string).collect();
        assert!(list.ends_with("audit") || distinct.len() == count, "{list}");
    }
}

#[test]
fn contract_7_a_page_has_50_items_unless_asked_and_200_at_most() {
    let world = World::new();
    for at in 0..201 {
        world.account(json!({"email": format!("p{at}@people.example")}));
    }
    let path = format!("{EVENT}/accounts");
    assert_eq!(world.items(&path).len(), 50);
    let most = world.get(&format!("{path}?limit=200"));
    assert_eq!(most["items"].as_array().unwrap().len(), 200);
    assert!(most.get("next_cursor").is_some());
    assert_eq!(all(&world, &path, 200).len(), 201);
}

#[test]
fn contract_7_deleted_rows_do_not_thin_out_a_page() {
    let world = World::empty();
    world.must("PUT", EVENT, json!({"name": "Con"}));
    for at in 0..9 {
        let client_id = world.approved(json!({"obo_scopes": ["pii:basic"]}));
        if at % 3 != 0 {
            world.must("DELETE", &format!("/applications/{client_id}"), Value::Null);
        }
    }
    for list in [
        String::from("/applications"),
        format!("{EVENT}/integrations"),
    ] {
        let page = |limit: usize| world.get(&format!("{list}?limit={limit}"));
        for limit in 1..=2 {
            assert_eq!(page(limit)["items"].as_array().unwrap().len(), limit);
            assert_eq!(all(&world, &list, limit).len(), 3, "{list} by {limit}");
        }
        assert!(page(3).get("next_cursor").is_none(), "{list}");
    }
}

#[test]
fn contract_7_a_long_catalogue_is_answered_whole_so_that_it_can_be_put_back() {
    let world = World::empty();
    world.must("PUT", EVENT, json!({"name": "Con"}));
    let scopes: Vec<Value> = (0..195)
        .map(|at| json!({"name": format!("s{at}"), "title": "S", "modes": ["obo"]}))
        .collect();
    let path = format!("{EVENT}/scopes");
    world.must("PUT", &path, json!(scopes));
    let items = world.items(&path);
    assert_eq!(items.len(), 200);
    assert_eq!(
        world.must("PUT", &path, json!(items))["items"],
        json!(items)
    );
    let more: Vec<Value> = (0..201)
        .map(|at| json!({"name": format!("s{at}"), "title": "S", "modes": ["obo"]}))
        .collect();
    world.refused(400, "PUT", &path, json!(more));
}

#[test]
fn contract_7_a_list_that_is_put_is_answered_whole_whatever_page_is_asked_for() {
    let world = many();
    for (list, items) in [
        (
            "scopes",
            json!([{"name": "door:open", "title": "Open doors", "modes": ["obo"]}]),
        ),
        ("roles", json!([{"name": "crew"}, {"name": "staff"}])),
    ] {
        let path = format!("{EVENT}/{list}");
        let put = world.must("PUT", &format!("{path}?limit=x&cursor=y"), items);
        assert_eq!(put["items"], json!(world.items(&path)), "{list}");
        assert_eq!(put.get("next_cursor"), None);
    }
}
