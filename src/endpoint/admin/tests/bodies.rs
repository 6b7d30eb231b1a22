//! Bodies: what is not JSON, what is unknown or twice, what is of another type.

use super::*;

#[test]
fn contract_7_a_body_that_is_not_json_is_refused() {
    let world = World::new();
    for content_type in [
        None,
        Some(""),
        Some("text/plain"),
        Some("application/x-www-form-urlencoded"),
        Some("application/jsonx"),
    ] {
        let change = |head: &mut Head| head.content_type = content_type.map(str::to_owned);
        assert_refused(
            400,
            &world.send("PUT", EVENT, change, br#"{"name":"X"}"#),
            "content type",
        );
    }
    let change =
        |head: &mut Head| head.content_type = Some(String::from("Application/JSON; charset=utf-8"));
    assert_eq!(
        world.send("PUT", EVENT, change, br#"{"name":"X"}"#).status,
        200
    );
    for body in [
        &b""[..],
        b" ",
        b"{",
        b"null",
        b"[]",
        b"\"x\"",
        b"{\"name\":\"x\"} x",
        b"{\"name\":\"\\ud800\"}",
        b"{\xff}",
        b"\xef\xbb\xbf{}",
    ] {
        world.refused_text("PUT", EVENT, body);
    }
    for path in [format!("{EVENT}/scopes"), format!("{EVENT}/roles")] {
        for body in [
            &b"{}"[..],
            br#"{"items":[]}"#,
            b"null",
            b"[1]",
            b"[[]]",
            b"[null]",
        ] {
            world.refused_text("PUT", &path, body);
        }
    }
    let deep = "[".repeat(100_000);
    world.refused_text("PUT", EVENT, deep.as_bytes());
    let long = format!("{{\"name\":\"{}\"}}", "x".repeat(256 * 1024));
    assert!(
        world
            .refused_text("PUT", EVENT, long.as_bytes())
            .contains("256 KiB")
    );
    assert_eq!(
        world.get(EVENT)["name"],
        "X",
        "nothing of all this was kept"
    );
}

#[test]
fn contract_7_unknown_and_repeated_fields_are_refused_by_name() {
    let world = World::new();
    let client_id = world.approved(json!({}));
    let account = world.account(json!({}));
    let scope = json!({"name": "x", "title": "X", "modes": ["obo"], "colour": 1});
    let post = json!({"email": "x@y.example", "name": "X", "colour": 1});
    for (method, path, body) in [
        ("PUT", EVENT.to_owned(), json!({"name": "X", "colour": 1})),
        (
            "PUT",
            EVENT.to_owned(),
            json!({"accent": null, "colour": 1}),
        ),
        ("PUT", format!("{EVENT}/scopes"), json!([scope])),
        (
            "PUT",
            format!("{EVENT}/roles"),
            json!([{"name": "x", "colour": 1}]),
        ),
        (
            "PUT",
            format!("{EVENT}/integrations/{client_id}"),
            json!({"colour": 1}),
        ),
        ("POST", format!("{EVENT}/accounts"), post),
        (
            "PATCH",
            format!("{EVENT}/accounts/{account}"),
            json!({"colour": 1}),
        ),
        (
            "POST",
            String::from("/applications"),
            application(json!({"colour": 1})),
        ),
        (
            "PATCH",
            format!("/applications/{client_id}"),
            json!({"colour": 1}),
        ),
        (
            "POST",
            format!("/applications/{client_id}/secrets"),
            json!({"colour": 1}),
        ),
    ] {
        assert!(
            world.refused(400, method, &path, body).contains("'colour'"),
            "{method} {path}"
        );
    }
    for (field, method, path) in [
        (
            "password_hash",
            "PATCH",
            format!("{EVENT}/accounts/{account}"),
        ),
        ("id", "PATCH", format!("{EVENT}/accounts/{account}")),
        ("secrets", "PATCH", format!("/applications/{client_id}")),
        ("client_id", "PATCH", format!("/applications/{client_id}")),
        ("deleted", "PATCH", format!("/applications/{client_id}")),
        (
            "incarnation",
            "PUT",
            format!("{EVENT}/integrations/{client_id}"),
        ),
        ("version", "PUT", EVENT.to_owned()),
    ] {
        world.refused(400, method, &path, json!({ field: "x" }));
    }
    let said = world.refused_text("PUT", EVENT, br#"{"name":"X","name":"Y"}"#);
    assert!(said.contains("'name' is repeated"), "{said}");
    world.refused_text(
        "PUT",
        &format!("{EVENT}/scopes"),
        br#"[{"name":"x","title":"X","title":"Y","modes":["obo"]}]"#,
    );
    assert_eq!(world.get(EVENT)["name"], "Con");
    let long = "x".repeat(10_000);
    assert!(world.refused(400, "PUT", EVENT, json!({ long: 1 })).len() < 200);
}

#[test]
fn contract_7_who_sends_back_what_get_shows_is_told_what_to_leave_out() {
    let world = World::new();
    let client_id = world.approved(json!({}));
    let account = world.account(json!({}));
    for (method, path, shown) in [
        ("PUT", EVENT.to_owned(), &["host", "created_at", "id"][..]),
        (
            "PUT",
            format!("{EVENT}/integrations/{client_id}"),
            &[
                "client_id",
                "application_name",
                "application_status",
                "last_used_on",
            ],
        ),
        (
            "PATCH",
            format!("/applications/{client_id}"),
            &["client_id", "created_at", "secrets"],
        ),
        (
            "PATCH",
            format!("{EVENT}/accounts/{account}"),
            &["id", "created_at"],
        ),
    ] {
        let before = world.get(&path);
        let mut body = before.clone();
        for name in shown {
            assert_eq!(
                world.refused(400, method, &path, body.clone()),
                format!("{name} cannot be set. Leave it out."),
                "{method} {path}"
            );
            body = without(body, name);
        }
        assert_eq!(world.must(method, &path, body), before, "{method} {path}");
    }
}

#[test]
fn contract_7_types_are_exact_and_the_description_says_which_field() {
    let world = World::new();
    let client_id = world.approved(json!({}));
    let account = world.account(json!({}));
    let scope = |fields: Value| {
        let mut scope = json!({"name": "x", "title": "X", "modes": ["obo"]});
        merge(&mut scope, fields);
        json!([{"name": "y", "title": "Y", "modes": ["obo"]}, scope])
    };
    let scopes = format!("{EVENT}/scopes");
    let roles = format!("{EVENT}/roles");
    let integration = format!("{EVENT}/integrations/{client_id}");
    let account = format!("{EVENT}/accounts/{account}");
    let patch = format!("/applications/{client_id}");
    for (field, method, path, body) in [
        ("name", "PUT", EVENT, json!({"name": 1})),
        ("name", "PUT", EVENT, json!({"name": null})),
        ("name", "PUT", EVENT, json!({"name": ["x"]})),
        ("retry_window", "PUT", EVENT, json!({"retry_window": "10"})),
        ("retry_window", "PUT", EVENT, json!({"retry_window": 1.5})),
        ("retry_window", "PUT", EVENT, json!({"retry_window": -1})),
        ("retry_window", "PUT", EVENT, json!({"retry_window": null})),
        ("pat_max_days", "PUT", EVENT, json!({"pat_max_days": true})),
        ("accent", "PUT", EVENT, json!({"accent": 1})),
        ("scopes[1].name", "PUT", &scopes, scope(json!({"name": 1}))),
        (
            "scopes[1].title",
            "PUT",
            &scopes,
            scope(json!({"title": null})),
        ),
        (
            "scopes[1].sensitive",
            "PUT",
            &scopes,
            scope(json!({"sensitive": "yes"})),
        ),
        (
            "scopes[1].modes",
            "PUT",
            &scopes,
            scope(json!({"modes": "obo"})),
        ),
        (
            "scopes[1].modes",
            "PUT",
            &scopes,
            scope(json!({"modes": ["nonsense"]})),
        ),
        (
            "scopes[1].permission",
            "PUT",
            &scopes,
            scope(json!({"permission": ["x"]})),
        ),
        (
            "roles[0].permissions",
            "PUT",
            &roles,
            json!([{"name": "x", "permissions": "staff"}]),
        ),
        (
            "roles[0].permissions",
            "PUT",
            &roles,
            json!([{"name": "x", "permissions": [1]}]),
        ),
        ("roles[0].name", "PUT", &roles, json!([{"title": "X"}])),
        (
            "obo_scopes",
            "PUT",
            &integration,
            json!({"obo_scopes": "stats:read"}),
        ),
        (
            "service_scopes",
            "PUT",
            &integration,
            json!({"service_scopes": null}),
        ),
        (
            "service_refresh_tokens",
            "PUT",
            &integration,
            json!({"service_refresh_tokens": 1}),
        ),
        ("status", "PUT", &integration, json!({"status": "disabled"})),
        ("email", "PATCH", &account, json!({"email": null})),
        (
            "password",
            "PATCH",
            &account,
            json!({"password": 1_234_567_890}),
        ),
        ("roles", "PATCH", &account, json!({"roles": [1]})),
        (
            "permissions",
            "PATCH",
            &account,
            json!({"permissions": "staff"}),
        ),
        ("status", "PATCH", &account, json!({"status": "suspended"})),
        (
            "redirect_uris",
            "PATCH",
            &patch,
            json!({"redirect_uris": "https://a.example/"}),
        ),
        (
            "require_pkce",
            "PATCH",
            &patch,
            json!({"require_pkce": "yes"}),
        ),
        ("type", "PATCH", &patch, json!({"type": "secret"})),
        ("status", "PATCH", &patch, json!({"status": "deleted"})),
        ("website", "PATCH", &patch, json!({"website": 1})),
    ] {
        let said = world.refused(400, method, path, body);
        assert!(said.starts_with(&format!("{field} ")), "{field}: {said}");
    }
}
