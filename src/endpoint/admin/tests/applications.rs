//! Applications and their secrets.

use super::*;

#[test]
fn contract_7_a_registration_needs_name_redirect_uris_and_type_in_bounds() {
    let world = World::empty();
    for field in ["name", "redirect_uris", "type"] {
        let said = world.refused(
            400,
            "POST",
            "/applications",
            without(application(json!({})), field),
        );
        assert!(said.starts_with(field), "{said}");
    }
    for fields in [
        json!({"name": ""}),
        json!({"name": "x".repeat(101)}),
        json!({"description": "x".repeat(501)}),
        json!({"description": null}),
        json!({"website": "javascript:alert(1)"}),
        json!({"website": "buddy.example"}),
        json!({"website": "http://"}),
        json!({"website": "https:///about"}),
        json!({"website": "https://?about"}),
        json!({"website": "https://bank.example@buddy.example/"}),
        json!({"website": "https://bank.example\\@buddy.example/"}),
        json!({"website": "https://bud dy.example/"}),
        json!({"type": "secret"}),
        json!({"require_pkce": null}),
        json!({"status": "active"}),
        json!({"client_secret": "x"}),
    ] {
        world.refused(400, "POST", "/applications", application(fields));
    }
    assert!(world.items("/applications").is_empty());
    let least = world.must(
        "POST",
        "/applications",
        json!({"name": "X", "redirect_uris": [], "type": "public"}),
    );
    assert_eq!(
        (&least["description"], &least["website"]),
        (&json!(""), &Value::Null)
    );
}

#[test]
fn contract_7_a_name_is_one_line_that_can_be_seen() {
    let world = World::new();
    for name in [
        "\u{200b}",
        " \u{feff}\u{2800}\u{3164} ",
        "two\nlines",
        "two\u{2028}lines",
        "reversed \u{202e}emaN",
        "isolated \u{2066}name",
        "tab\there",
    ] {
        world.refused(
            400,
            "POST",
            "/applications",
            application(json!({"name": name})),
        );
        world.refused(400, "PUT", EVENT, json!({"name": name}));
        let scope = json!([{"name": "a", "title": name, "modes": ["obo"]}]);
        world.refused(400, "PUT", &format!("{EVENT}/scopes"), scope);
    }
    for name in ["مُحَمَّد\u{200f}", "ن\u{200c}ا", "👩\u{200d}🚀", "❤\u{fe0f}"] {
        let made = world.application(json!({"name": name}));
        assert_eq!(made["name"], name);
    }
    let lines = json!({"description": "two\nlines"});
    world.application(lines);
}

#[test]
fn contract_7_redirect_uris_are_checked_at_registration_and_at_every_change() {
    let world = World::empty();
    let client_id = world.application(json!({}))["client_id"]
        .as_str()
        .unwrap()
        .to_owned();
    for uri in [
        "http://a.example/cb",
        "https://a.example/cb#",
        "https://user@a.example/",
        "https://*.example/cb",
        "/cb",
        "",
        "javascript:alert(1)",
        "http://127.0.0.2/",
        "myapp:/cb",
        "https://a.example/\n",
    ] {
        for kind in ["confidential", "public"] {
            let body =
                application(json!({"type": kind, "redirect_uris": ["https://a.example/", uri]}));
            world.refused(400, "POST", "/applications", body);
        }
        world.refused(
            400,
            "PATCH",
            &format!("/applications/{client_id}"),
            json!({"redirect_uris": [uri]}),
        );
    }
    world.refused(
        400,
        "POST",
        "/applications",
        application(json!({"redirect_uris": ["com.example.app:/cb"]})),
    );
    let twice = json!({"redirect_uris": ["https://a.example/", "https://a.example/"]});
    world.refused(400, "POST", "/applications", application(twice));
    let many: Vec<String> = (0..51)
        .map(|at| format!("https://a.example/{at}"))
        .collect();
    world.refused(
        400,
        "POST",
        "/applications",
        application(json!({"redirect_uris": many})),
    );
    world.application(json!({"type": "public", "redirect_uris": ["com.example.app:/cb"]}));
    world.application(json!({"redirect_uris": ["http://localhost:3000/cb", "http://127.0.0.1/", "http://[::1]/"]}));
}

#[test]
fn contract_7_a_public_client_has_no_secret_and_a_third_one_is_refused() {
    let world = World::empty();
    let public = world.application(json!({"type": "public"}));
    assert!(public.get("client_secret").is_none() && public.get("secret_id").is_none());
    assert_eq!(public["secrets"], json!([]));
    let path = format!(
        "/applications/{}/secrets",
        public["client_id"].as_str().unwrap()
    );
    world.refused(409, "POST", &path, Value::Null);

    let confidential = world.application(json!({}));
    let path = format!(
        "/applications/{}/secrets",
        confidential["client_id"].as_str().unwrap()
    );
    world.must("POST", &path, Value::Null);
    world.refused(409, "POST", &path, Value::Null);
    world.must(
        "DELETE",
        &format!("{path}/{}", confidential["secret_id"].as_str().unwrap()),
        Value::Null,
    );
    world.must("POST", &path, json!({}));
}

#[test]
fn contract_7_a_new_secret_takes_no_body() {
    let world = World::empty();
    let client_id = world.application(json!({}))["client_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/applications/{client_id}/secrets");
    for body in [&b"[]"[..], b"{\"x\":1}", b"null", b"{", b"x"] {
        world.refused_text("POST", &path, body);
    }
    let plain = |head: &mut Head| head.content_type = None;
    assert_refused(
        400,
        &world.send("POST", &path, plain, b"{}"),
        "no content type",
    );
    assert_eq!(world.send("POST", &path, plain, b"").status, 201);
}

#[test]
fn contract_5_a_secret_is_shown_once_and_stored_only_as_a_hash() {
    let world = World::empty();
    let created = world.application(json!({}));
    let client_id = created["client_id"].as_str().unwrap();
    assert_eq!(client_id, "1001");
    let path = format!("/applications/{client_id}");
    let second = world.must("POST", &format!("{path}/secrets"), Value::Null);
    assert_eq!(second.as_object().unwrap().len(), 2);
    let stored = world.memory.everything_stored();
    let shown = format!(
        "{}{}{}",
        world.get(&path),
        world.get("/applications"),
        world.must("PATCH", &path, json!({"name": "Badge Pal"}))
    );
    for made in [&created, &second] {
        let secret = made["client_secret"].as_str().unwrap();
        assert!(secret.starts_with("wc_cs_"));
        assert!(!stored.contains(&secret[6..]) && stored.contains(client_id));
        assert!(!shown.contains(secret));
    }
    assert!(!shown.contains("hash") && !shown.contains("client_secret"));
    assert_eq!(
        world.get(&path)["secrets"],
        json!([
            {"id": created["secret_id"], "created_at": "2026-03-01T09:30:00Z", "last_used_at": null},
            {"id": second["secret_id"], "created_at": "2026-03-01T09:30:00Z", "last_used_at": null},
        ])
    );
    let first = format!("{path}/secrets/{}", created["secret_id"].as_str().unwrap());
    world.must("DELETE", &first, Value::Null);
    world.refused(404, "DELETE", &first, Value::Null);
    assert_eq!(world.get(&path)["secrets"].as_array().unwrap().len(), 1);
}

#[test]
fn contract_7_a_patch_changes_what_it_names_and_never_the_type() {
    let world = World::empty();
    let created = world.application(json!({"require_pkce": true}));
    let path = format!("/applications/{}", created["client_id"].as_str().unwrap());
    world.refused(400, "PATCH", &path, json!({"type": "public"}));
    let before = world.get(&path);
    assert_eq!(
        world.must("PATCH", &path, json!({"type": "confidential"})),
        before
    );
    let mut after = before;
    merge(
        &mut after,
        json!({"name": "Badge Pal", "status": "suspended", "website": null}),
    );
    let patch = json!({"name": "Badge Pal", "status": "suspended", "website": null});
    assert_eq!(world.must("PATCH", &path, patch), after);
    assert_eq!(world.get(&path), after);
}

#[test]
fn contract_7_a_deleted_application_is_not_there_and_its_id_is_not_used_again() {
    let world = World::empty();
    let path = format!(
        "/applications/{}",
        world.application(json!({}))["client_id"].as_str().unwrap()
    );
    world.must("DELETE", &path, Value::Null);
    for (method, path) in [
        ("GET", path.clone()),
        ("PATCH", path.clone()),
        ("DELETE", path.clone()),
        ("POST", format!("{path}/secrets")),
    ] {
        world.refused(404, method, &path, json!({}));
    }
    assert!(world.items("/applications").is_empty());
    assert_eq!(world.application(json!({}))["client_id"], "1002");
}
