//! Who may call, where, and how.

use super::*;

#[test]
fn contract_7_without_an_operator_token_of_32_characters_there_is_no_api() {
    for token in [None, Some(""), Some("x"), Some(&TOKEN[..31])] {
        let world = World::with_token(token);
        for path in ["/events", "/openapi.json", "/applications", "/nonsense"] {
            for method in ["GET", "POST", "DELETE"] {
                for sent in [
                    None,
                    Some(String::from("Bearer ")),
                    token.map(|token| format!("Bearer {token}")),
                ] {
                    let reply =
                        world.send(method, path, |head| head.authorization = sent.clone(), b"");
                    assert_refused(404, &reply, path);
                }
            }
        }
    }
    let world = World::with_token(Some(&"é".repeat(32)));
    let reply = world.send(
        "GET",
        "/events",
        |head| head.authorization = Some(format!("Bearer {}", "é".repeat(32))),
        b"",
    );
    assert_eq!(reply.status, 200, "32 characters, whatever they are");
}

#[test]
fn contract_7_a_wrong_or_missing_token_is_401_before_anything_else_is_looked_at() {
    let world = World::empty();
    let shorter = &TOKEN[..31];
    for sent in [
        None,
        Some(String::new()),
        Some(String::from("Bearer")),
        Some(String::from("Bearer ")),
        Some(TOKEN.to_owned()),
        Some(format!("Basic {TOKEN}")),
        Some(format!("Bearer {shorter}")),
        Some(format!("Bearer {TOKEN}x")),
        Some(format!("Bearer x{TOKEN}")),
        Some(format!("Bearer {}", TOKEN.to_uppercase())),
        Some(format!("Bearer {TOKEN} {TOKEN}")),
    ] {
        for (method, path) in [
            ("GET", "/events"),
            ("GET", "/openapi.json"),
            ("PUT", "/events/new.localhost"),
            ("DELETE", "/events"),
            ("GET", "/nonsense"),
            ("GET", "/"),
        ] {
            let change = |head: &mut Head| head.authorization = sent.clone();
            let reply = world.send(method, path, change, br#"{"name":"X"}"#);
            assert_refused(401, &reply, path);
            assert_eq!(
                reply.header("www-authenticate"),
                Some("Bearer realm=\"willcall operator\"")
            );
        }
    }
    let in_query = format!("/events?access_token={TOKEN}");
    let reply = world.send("GET", &in_query, |head| head.authorization = None, b"");
    assert_refused(401, &reply, "a token in the query");
    world.refused(404, "GET", "/events/new.localhost", Value::Null);
    let lower = |head: &mut Head| head.authorization = Some(format!("bearer {TOKEN}"));
    assert_eq!(world.send("GET", "/events", lower, b"").status, 200);
}

#[test]
fn contract_7_what_is_not_there_is_404() {
    let world = World::new();
    let none = "/events/nobody.localhost";
    for path in [
        none.to_owned(),
        format!("{none}/scopes"),
        format!("{none}/roles"),
        format!("{none}/integrations"),
        format!("{none}/integrations/1001"),
        format!("{none}/accounts"),
        format!("{none}/accounts/acc_x"),
        format!("{none}/accounts/acc_x/grants"),
        format!("{none}/audit"),
        format!("{none}/usage"),
        format!("{EVENT}/nonsense"),
        format!("{EVENT}/"),
        format!("{EVENT}/accounts/acc_none"),
        format!("{EVENT}/accounts/x%2Fy"),
        format!("{EVENT}/accounts/svc_1001_x"),
        format!("{EVENT}/accounts/acc_none/grants"),
        format!("{EVENT}/integrations/1001"),
        format!("{EVENT}/integrations/abc"),
        format!("{EVENT}/scopes/badge:print"),
        String::from("/events/a.localhost."),
        String::from("/events/a.localhost:8787"),
        String::from("/events/"),
        String::from("/events//scopes"),
        String::from("/applications/1"),
        String::from("/applications/01001"),
        String::from("/applications/abc"),
        String::from("/applications/"),
        String::from("/"),
        String::from("/openapi"),
    ] {
        world.refused(404, "GET", &path, Value::Null);
    }
    // What is there comes before what was sent.
    for (method, path) in [
        ("PUT", format!("{none}/scopes")),
        ("POST", format!("{none}/accounts")),
        ("PUT", format!("{EVENT}/integrations/999999")),
        ("PATCH", format!("{EVENT}/accounts/acc_none")),
        ("PATCH", format!("{EVENT}/accounts/x%2Fy")),
        ("DELETE", format!("{EVENT}/accounts/x%2Fy")),
        ("PATCH", String::from("/applications/999999")),
        ("POST", String::from("/applications/999999/secrets")),
        ("DELETE", String::from("/applications/999999/secrets/sec_x")),
        ("DELETE", format!("{EVENT}/accounts/acc_none/grants/x")),
        ("DELETE", format!("{EVENT}/integrations/1001")),
        ("DELETE", none.to_owned()),
    ] {
        world.refused(404, method, &path, json!({"nonsense": 1}));
    }
}

#[test]
fn contract_1_a_wrong_method_is_405_with_the_methods_of_that_path() {
    let world = World::new();
    for (method, path, allow) in [
        ("DELETE", String::from("/events"), "GET, HEAD"),
        ("POST", EVENT.to_owned(), "GET, HEAD, PUT, DELETE"),
        ("POST", format!("{EVENT}/scopes"), "GET, HEAD, PUT"),
        ("PUT", String::from("/applications"), "GET, HEAD, POST"),
        (
            "PUT",
            String::from("/applications/1"),
            "GET, HEAD, PATCH, DELETE",
        ),
        ("GET", String::from("/applications/1/secrets"), "POST"),
        ("HEAD", String::from("/applications/1/secrets/x"), "DELETE"),
        (
            "PUT",
            String::from("/events/nobody.localhost/audit"),
            "GET, HEAD",
        ),
    ] {
        let reply = world.call(method, &path, json!({}));
        assert_eq!(reply.header("allow"), Some(allow), "{method} {path}");
        assert_eq!(reply.status, 405);
        if method != "HEAD" {
            assert_refused(405, &reply, &path);
        }
    }
    let head = world.call("HEAD", "/events", Value::Null);
    assert_eq!((head.status, head.body.len()), (200, 0));
}
