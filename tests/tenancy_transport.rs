//! Contract 1 and 5: hosts, https, methods, CORS, headers, and the deployment's secrets; refusals first.

mod support;

use serde_json::json;
use support::answer::Answer;
use support::browser::{Browser, authorization};
use support::people::Tokens;
use support::world::World;
use support::{HOST, NAME, ORIGIN, PASSWORD, SECRET, Scene};
use willcall::ledger::outbox::ObjectKind;

const NEW: &str = "another-deployment-secret-of-32-bytes";

/// Every path there is, the methods it takes, and whether any origin may read it.
const PATHS: [(&str, &str, bool); 26] = [
    ("/developer", "GET, HEAD", false),
    ("/oauth/authorize", "GET, HEAD, POST", false),
    ("/oauth2/authorize", "GET, HEAD, POST", false),
    ("/connect/authorize", "GET, HEAD, POST", false),
    ("/api/oauth/token", "POST, OPTIONS", true),
    ("/oauth2/token", "POST, OPTIONS", true),
    ("/connect/token", "POST, OPTIONS", true),
    ("/api/oauth/revoke", "POST, OPTIONS", true),
    ("/oauth2/revoke", "POST, OPTIONS", true),
    ("/connect/revocation", "POST, OPTIONS", true),
    ("/api/oauth/introspect", "POST", false),
    ("/oauth2/introspect", "POST", false),
    ("/connect/introspect", "POST", false),
    (
        "/.well-known/oauth-authorization-server",
        "GET, HEAD, OPTIONS",
        true,
    ),
    ("/api/users/current", "GET, HEAD, OPTIONS", true),
    ("/api/users/acc_1", "GET, HEAD, OPTIONS", true),
    ("/api/users", "GET, HEAD, OPTIONS", true),
    ("/", "GET, HEAD", false),
    ("/login", "GET, HEAD, POST", false),
    ("/logout", "GET, HEAD, POST", false),
    ("/account", "GET, HEAD", false),
    ("/account/consent", "POST", false),
    ("/account/tokens", "GET, HEAD, POST", false),
    ("/account/tokens/x/revoke", "POST", false),
    ("/account/sessions/x/end", "POST", false),
    ("/healthz", "GET, HEAD", false),
];

fn program(path: &str) -> bool {
    path.starts_with("/api/")
        || path.starts_with("/.well-known/")
        || path == "/healthz"
        || ["token", "revoke", "revocation", "introspect"]
            .iter()
            .any(|last| {
                path.starts_with("/oauth2/") && path.ends_with(last)
                    || path.starts_with("/connect/") && path.ends_with(last)
            })
}

// -- https ------------------------------------------------------------------------------------------------

#[test]
fn contract_1_plain_http_is_never_served_and_no_credential_is_read() {
    let s = Scene::new();
    for (path, methods, _) in PATHS {
        let page = !program(path);
        for method in methods.split(", ") {
            let answer = s.call(method, &format!("http://{HOST}{path}?a=b")).send();
            if page && matches!(method, "GET" | "HEAD") {
                assert!(
                    matches!(answer.status(), 301 | 307 | 308),
                    "{method} {path}"
                );
                assert_eq!(
                    answer.header("location"),
                    Some(format!("https://{HOST}{path}?a=b").as_str())
                );
            } else {
                assert_eq!(answer.status(), 403, "{method} {path}");
                if method != "HEAD" {
                    assert_eq!(answer.json()["error"], "https_required");
                }
            }
            assert_eq!(answer.header("strict-transport-security"), None);
        }
    }
    let tokens = s.granted("");
    let plain = s
        .get(&format!("http://{HOST}/api/users/current"))
        .bearer(&tokens.access)
        .send();
    plain.refused(403, "https_required");
    let refresh = [
        ("grant_type", "refresh_token"),
        ("refresh_token", tokens.refresh.as_str()),
    ];
    s.client
        .send_at(&s, &format!("http://{HOST}"), "/api/oauth/token", &refresh)
        .refused(403, "https_required");
    for _ in 0..20 {
        let wrong = [
            ("client_id", s.client.id.as_str()),
            ("client_secret", "wrong"),
        ];
        s.post(&format!("http://{HOST}/api/oauth/token"))
            .form(&wrong)
            .send()
            .refused(403, "https_required");
    }
    let wrong = [
        ("client_id", s.client.id.as_str()),
        ("client_secret", "wrong"),
    ];
    s.post("/api/oauth/token")
        .form(&wrong)
        .send()
        .refused(401, "invalid_client");
    s.assert_lives(&tokens);
}

#[test]
fn contract_1_https_comes_before_host_path_and_method() {
    let s = Scene::new();
    for url in [
        "http://unknown.example/api/oauth/token",
        "http://reg.example/api/nowhere",
        "http://unknown.example/api/users",
    ] {
        s.call("DELETE", url).send().refused(403, "https_required");
    }
    assert_eq!(
        s.call("PUT", "http://reg.example/nowhere").send().status(),
        403
    );
    assert_eq!(
        s.get("http://unknown.example/nowhere")
            .send()
            .header("location"),
        Some("https://unknown.example/nowhere")
    );
    s.call("DELETE", "https://unknown.example/api/oauth/token")
        .send()
        .refused(404, "not_found");
    s.call("DELETE", "https://reg.example/api/nowhere")
        .send()
        .refused(404, "not_found");
    assert_eq!(
        s.call("DELETE", "https://reg.example/api/oauth/token")
            .send()
            .status(),
        405
    );
}

#[test]
fn contract_1_tls_below_1_2_is_refused_where_the_edge_reports_it() {
    let s = Scene::new();
    for version in ["SSLv3", "TLSv1", "TLSv1.0", "TLSv1.1"] {
        for path in ["/healthz", "/login", "/api/oauth/token"] {
            s.get(path)
                .tls(version)
                .send()
                .refused(403, "https_required");
        }
    }
    for version in ["TLSv1.2", "TLSv1.3"] {
        s.get("/login").tls(version).send().page(200);
    }
}

#[test]
fn contract_1_a_loopback_host_is_served_over_http_and_is_its_own_issuer() {
    let world = World::empty();
    let client = world.register(json!({}));
    let hosts = [
        ("localhost", ":8787"),
        ("a.localhost", ":8787"),
        ("127.0.0.1", ""),
        ("[::1]", ":3000"),
    ];
    for (host, port) in hosts {
        let event = world.put_event(host, json!({"name": "Local"}));
        world.integrate(&event, &client, json!({"service_scopes": ["user:read"]}));
        let origin = format!("http://{host}{port}");
        let metadata = world
            .get(&format!("{origin}/.well-known/oauth-authorization-server"))
            .send()
            .ok();
        assert_eq!(metadata["issuer"], origin);
        assert_eq!(
            metadata["token_endpoint"],
            format!("{origin}/api/oauth/token")
        );
        let tokens = Tokens::of(
            &client
                .send_at(
                    &world,
                    &origin,
                    "/api/oauth/token",
                    &[("grant_type", "client_credentials")],
                )
                .ok(),
        );
        let elsewhere = format!("http://{host}:4999/api/users");
        world.get(&elsewhere).bearer(&tokens.access).send().ok();
        let cookie = world.get(&format!("{origin}/login")).send();
        let cookie = cookie.header("set-cookie").unwrap();
        assert!(
            !cookie.contains("Secure") && !cookie.starts_with("__Host-"),
            "{cookie}"
        );
    }
    let one = Tokens::of(
        &client
            .send_at(
                &world,
                "http://localhost:8787",
                "/api/oauth/token",
                &[("grant_type", "client_credentials")],
            )
            .ok(),
    );
    world
        .get("http://a.localhost:8787/api/users")
        .bearer(&one.access)
        .send()
        .refused(401, "invalid_token");
    world
        .get("http://localhost.evil.example/login")
        .send()
        .redirect_to_https();
    world
        .get("http://xlocalhost/login")
        .send()
        .redirect_to_https();
}

#[test]
fn contract_1_a_loopback_issuer_keeps_its_port_over_https_too() {
    let world = World::empty();
    world.put_event("localhost", json!({"name": "Local"}));
    let origin = "https://localhost:8443";
    let path = "/.well-known/oauth-authorization-server";
    let metadata = world.get(&format!("{origin}{path}")).send().ok();
    assert_eq!(metadata["issuer"], origin);
}

#[test]
fn contract_1_other_addresses_of_the_same_machine_are_no_loopback_hosts() {
    let world = World::empty();
    for host in [
        "127.0.0.2",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "127.0.0.1.example",
    ] {
        let page = world.get(&format!("http://{host}/login")).send();
        page.redirect_to_https();
        let program = world.post(&format!("http://{host}/api/oauth/token"));
        program.send().refused(403, "https_required");
    }
}

// -- Hosts --------------------------------------------------------------------------------------------------

#[test]
fn contract_1_an_unknown_host_is_404_and_names_no_event() {
    let s = Scene::new();
    for host in [
        "unknown.example",
        "reg.example.",
        "xreg.example",
        "reg.example.evil.example",
        "127.0.0.1",
        "localhost.",
    ] {
        for (path, _, _) in PATHS.iter().filter(|(path, ..)| *path != "/healthz") {
            for method in ["GET", "POST"] {
                let answer = s.call(method, &format!("https://{host}{path}")).send();
                assert_eq!(answer.status(), 404, "{method} {host}{path}");
                let words = answer.text();
                assert!(
                    words.contains("No event has this host name.")
                        || words.contains("There is no event at this address.")
                );
                assert!(!answer.text().contains("Harbour Con"));
            }
        }
        assert_eq!(
            s.get(&format!("https://{host}/healthz")).send().status(),
            200
        );
    }
}

#[test]
fn contract_1_the_event_is_chosen_by_the_hosts_name_in_any_case_on_any_port() {
    let s = Scene::new();
    for origin in ["https://REG.Example", "https://reg.example:8443"] {
        let page = s.get(&format!("{origin}/login")).send().page(200);
        assert!(page.contains("Harbour Con"), "{origin}");
    }
    let metadata = s
        .get("https://REG.example:8443/.well-known/oauth-authorization-server")
        .send()
        .ok();
    assert_eq!(metadata["issuer"], ORIGIN);
}

#[test]
fn contract_1_an_unknown_path_is_404() {
    let s = Scene::new();
    for path in [
        "/nowhere",
        "//",
        "/Login",
        "/oauthorize",
        "/static/../src",
        "/static/none",
        "/account/",
        "/healthz/",
        "/.well-known/openid-configuration",
    ] {
        let page = s.get(path).send().page(404);
        assert!(page.contains("href=\"/\">Go to the front page"), "{path}");
        s.post(path).send().page(404);
    }
    for path in [
        "/oauth/authorize/",
        "/oauth2",
        "/api",
        "/api/",
        "/api/oauth",
        "/api/users/",
        "/api/users/a/b",
        "/api/oauth/token/",
    ] {
        let answer = s.get(path).send();
        assert_eq!(answer.status(), 404, "{path}");
    }
    s.get("/api/nowhere").send().refused(404, "not_found");
}

#[test]
fn contract_1_a_program_at_an_unknown_path_is_told_in_json_and_where_the_endpoint_is() {
    let s = Scene::new();
    let ask = |method: &str, path: &str, accept: Option<&str>| {
        let mut call = s.call(method, path);
        call.head.accept = accept.map(str::to_owned);
        call.send()
    };
    let browsers = Some("text/html,application/xhtml+xml,*/*;q=0.8");
    for (path, endpoint) in [
        ("/oauth/token", "POST /api/oauth/token"),
        ("/connect/token/", "POST /api/oauth/token"),
        ("/oauth2/revocation", "POST /api/oauth/revoke"),
        ("/oauth/introspection", "POST /api/oauth/introspect"),
        ("/connect/userinfo", "GET /api/users/current"),
        ("/oauth/authorize/", "GET /oauth/authorize"),
    ] {
        for answer in [
            ask("POST", path, browsers),
            ask("POST", path, None),
            ask("GET", path, None),
            ask("GET", path, Some("*/*")),
            ask("DELETE", path, browsers),
        ] {
            let words = answer.refused(404, "not_found");
            assert!(words.contains(endpoint), "{path}: {words}");
        }
        ask("GET", path, browsers).page(404);
    }
    for path in ["/oauth", "/oauth2/", "/connect/nowhere", "/api"] {
        let words = ask("POST", path, None).refused(404, "not_found");
        assert_eq!(words, "There is nothing at this address.");
    }
    ask("GET", "/api/nowhere", browsers).refused(404, "not_found");
    let words = ask("POST", "/token", Some("application/json")).refused(404, "not_found");
    assert!(words.contains("POST /api/oauth/token"), "{words}");
    // An address that merely begins alike is a page that is not there.
    ask("POST", "/oauthorize", None).page(404);
    ask("POST", "/nowhere/token", None).page(404);
}

#[test]
fn contract_1_a_static_file_that_is_not_there_is_an_unknown_path_for_every_method() {
    let s = Scene::new();
    s.get("/static/none").send().page(404);
    s.post("/static/none").send().page(404);
}

#[test]
fn contract_1_nothing_is_refused_because_a_replica_does_not_know_a_host_yet() {
    let world = World::empty();
    world.freeze();
    world.put_event("new.example", json!({"name": "New"}));
    world.another_isolate();
    world.get("https://new.example/login").send().page(200);
    world.thaw();
    world.delete_event("new.example");
    world.wait(support::STALE);
    world.get("https://new.example/login").send().page(404);
}

// -- Methods ------------------------------------------------------------------------------------------------

#[test]
fn contract_1_a_wrong_method_is_405_with_allow() {
    let s = Scene::new();
    for (path, methods, _) in PATHS {
        for method in [
            "GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND",
        ] {
            if methods.split(", ").any(|known| known == method) {
                continue;
            }
            let answer = s.call(method, path).send();
            assert_eq!(answer.status(), 405, "{method} {path}");
            assert_eq!(answer.header("allow"), Some(methods), "{method} {path}");
        }
    }
}

#[test]
fn contract_1_head_is_answered_as_get_without_the_body() {
    let s = Scene::new();
    let tokens = s.granted("");
    let request = authorization(&s.client, &[]);
    for path in [
        "/",
        "/login",
        "/healthz",
        "/.well-known/oauth-authorization-server",
        "/api/users/current",
        "/nowhere",
        &request,
        "/account",
    ] {
        let get = s.get(path).bearer(&tokens.access).send();
        let head = s.call("HEAD", path).bearer(&tokens.access).send();
        assert_eq!(head.status(), get.status(), "{path}");
        assert!(head.0.body.is_empty());
        let names = |answer: &Answer| {
            answer
                .0
                .headers
                .iter()
                .map(|(name, _)| *name)
                .collect::<Vec<_>>()
        };
        assert_eq!(names(&head), names(&get), "{path}");
    }
}

// -- CORS ---------------------------------------------------------------------------------------------------

#[test]
fn contract_1_cors_is_open_without_credentials_where_the_contract_says_and_absent_elsewhere() {
    let s = Scene::new();
    for (path, methods, open) in PATHS {
        for method in methods.split(", ") {
            let answer = s.call(method, path).origin("https://spa.example").send();
            let allowed = answer.header("access-control-allow-origin");
            assert_eq!(allowed, open.then_some("*"), "{method} {path}");
            assert_eq!(answer.header("access-control-allow-credentials"), None);
            if !open {
                assert!(
                    answer
                        .0
                        .headers
                        .iter()
                        .all(|(name, _)| !name.starts_with("access-control-")),
                    "{path}"
                );
            }
        }
        if open {
            let preflight = s.call("OPTIONS", path).origin("https://spa.example").send();
            assert_eq!(preflight.status(), 204);
            assert_eq!(
                preflight.header("access-control-allow-methods"),
                Some(methods)
            );
            let headers = preflight
                .header("access-control-allow-headers")
                .unwrap()
                .to_lowercase();
            assert!(headers.contains("authorization") && headers.contains("content-type"));
        }
    }
    for path in [
        "/nowhere",
        "/api/nowhere",
        "/api/admin/events",
        "/static/willcall.css",
    ] {
        let answer = s.get(path).origin("https://spa.example").send();
        assert_eq!(answer.header("access-control-allow-origin"), None, "{path}");
    }
    let nothing = s.get("/api/users/a/b").origin("https://spa.example").send();
    let open = nothing.header("access-control-allow-origin");
    assert_eq!((nothing.status(), open), (404, Some("*")), "nothing there");
    let refused = s.whoami("wrong");
    assert_eq!(
        refused.header("access-control-allow-origin"),
        Some("*"),
        "errors can be read too"
    );
    assert!(
        refused
            .header("access-control-expose-headers")
            .unwrap()
            .contains("WWW-Authenticate")
    );
}

// -- Headers --------------------------------------------------------------------------------------------------

/// What every answer carries, whatever it is.
#[track_caller]
fn assert_hardened(answer: &Answer, what: &str) {
    assert_eq!(
        answer.header("x-content-type-options"),
        Some("nosniff"),
        "{what}"
    );
    assert_eq!(
        answer.header("referrer-policy"),
        Some("no-referrer"),
        "{what}"
    );
    assert_eq!(answer.header("x-frame-options"), Some("DENY"), "{what}");
    assert_eq!(
        answer.header("strict-transport-security"),
        Some("max-age=63072000"),
        "{what}"
    );
    if !answer.0.body.is_empty() {
        let policy = answer.header("content-security-policy").unwrap_or_default();
        assert!(
            policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{what}: {policy}"
        );
    }
}

#[test]
fn contract_3_every_kind_of_answer_carries_its_security_headers() {
    let s = Scene::new();
    let browser = s.signed_in();
    let get = |path: &str| browser.get(path);
    let mut answers = vec![
        ("a page", get("/account")),
        ("the front page", get("/")),
        ("the developers' page", get("/developer")),
        ("sign-in", s.get("/login").send()),
        ("a redirect", s.get("/account").send()),
        ("a 404 page", get("/nowhere")),
        ("a 405 page", s.call("PUT", "/login").send()),
        ("a 404 for programs", get("/api/nowhere")),
        ("a 405 for programs", get("/api/oauth/token")),
        ("an unknown host", s.get("https://unknown.example/").send()),
        ("metadata", get("/.well-known/oauth-authorization-server")),
        ("health", get("/healthz")),
        ("a preflight", s.call("OPTIONS", "/api/oauth/token").send()),
        ("a token", s.client.try_as_service(&s, "")),
        ("a token's refusal", s.client.try_as_service(&s, "no:such")),
        ("a bearer refusal", s.whoami("x")),
        ("consent", browser.authorize(&s.client, &[])),
        ("the 400 page", get("/oauth/authorize")),
        (
            "form_post",
            browser.authorize(
                &s.client,
                &[("response_mode", "form_post"), ("prompt", "none")],
            ),
        ),
        (
            "an answer",
            browser.authorize(&s.client, &[("prompt", "none")]),
        ),
        ("a form that is not ours", browser.post("/logout", &[])),
        ("old TLS", s.get("/login").tls("TLSv1").send()),
        ("a script", get("/static/submit.js")),
    ];
    s.change_robin(json!({"permissions": []}));
    answers.push((
        "the 403 page",
        browser.authorize(&s.client, &[("scope", "badge:print")]),
    ));
    s.take_down(Some(ObjectKind::Account));
    answers.push(("a fault", get("/account")));
    s.take_down(None);
    s.set_secrets(None, None);
    answers.push(("no secret", get("/account")));
    for (what, answer) in &answers {
        assert_hardened(answer, what);
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{what}");
    }
}

#[test]
fn contract_3_pages_load_nothing_from_elsewhere() {
    let s = Scene::new();
    let browser = s.signed_in();
    for answer in [
        browser.get("/account"),
        browser.get("/"),
        s.get("/login").send(),
        browser.authorize(&s.client, &[]),
    ] {
        let page = answer.page(200);
        for mark in ["<link ", "<script ", "<img "] {
            for tag in page.split(mark).skip(1) {
                let tag = tag.split('>').next().unwrap();
                assert!(
                    tag.contains("href=\"/static/") || tag.contains("src=\"/static/"),
                    "{mark}{tag}"
                );
            }
        }
        assert!(
            !page.contains(" style=\"") && !page.contains("<style") && !page.contains(" onclick")
        );
    }
    let page = s.get("/login").send().page(200);
    for asset in page.split("\"/static/").skip(1) {
        let path = format!("/static/{}", asset.split('"').next().unwrap());
        assert_eq!(s.get(&path).send().status(), 200, "{path}");
    }
}

#[test]
fn contract_3_a_static_file_is_kept_by_the_version_that_pages_name_it_by() {
    let s = Scene::new();
    let page = s.get("/login").send().page(200);
    for file in page.split("\"/static/").skip(1) {
        let address = format!("/static/{}", file.split('"').next().unwrap());
        let (path, version) = address.split_once("?v=").unwrap();
        assert_eq!(version.len(), 16, "{address}");
        let kept = |address: &str| {
            let answer = s.get(address).send();
            assert_eq!(answer.status(), 200, "{address}");
            answer.header("cache-control").unwrap().to_owned()
        };
        assert_eq!(kept(&address), "public, max-age=31536000, immutable");
        for other in [
            path.to_owned(),
            format!("{path}?v=0123456789abcdef"),
            format!("{address}0"),
            format!("{address}&x=y"),
        ] {
            assert_eq!(kept(&other), "no-store", "{other}");
        }
    }
    s.get("/static/none?v=0123456789abcdef").send().page(404);
}

#[test]
fn contract_1_hsts_is_sent_over_https_alone() {
    let world = World::empty();
    world.put_event("localhost", json!({"name": "Local"}));
    let plain = world.get("http://localhost:8787/login").send();
    assert_eq!(
        (plain.status(), plain.header("strict-transport-security")),
        (200, None)
    );
    let secure = world.get("https://localhost:8787/login").send();
    assert_eq!(
        secure.header("strict-transport-security"),
        Some("max-age=63072000")
    );
}

// -- Metadata ---------------------------------------------------------------------------------------------------

#[test]
fn rfc8414_2_the_metadata_names_the_canonical_addresses_of_this_issuer() {
    let s = Scene::new();
    let metadata = s.get("/.well-known/oauth-authorization-server").send().ok();
    for (name, path) in [
        ("issuer", ""),
        ("authorization_endpoint", "/oauth/authorize"),
        ("token_endpoint", "/api/oauth/token"),
        ("revocation_endpoint", "/api/oauth/revoke"),
        ("introspection_endpoint", "/api/oauth/introspect"),
    ] {
        assert_eq!(metadata[name], format!("{ORIGIN}{path}"), "{name}");
    }
    assert_eq!(
        metadata["code_challenge_methods_supported"],
        json!(["S256"])
    );
    assert_eq!(metadata["response_types_supported"], json!(["code"]));
    assert_eq!(
        metadata["response_modes_supported"],
        json!(["query", "fragment", "form_post"])
    );
    assert_eq!(
        metadata["grant_types_supported"],
        json!(["authorization_code", "refresh_token", "client_credentials"])
    );
    assert_eq!(
        metadata["authorization_response_iss_parameter_supported"],
        true
    );
    let scopes: Vec<&str> = metadata["scopes_supported"]
        .as_array()
        .unwrap()
        .iter()
        .map(|scope| scope.as_str().unwrap())
        .collect();
    assert!(scopes.contains(&"pii:basic") && scopes.contains(&"schedule:edit"));
}

// -- The deployment's secrets ---------------------------------------------------------------------------------

#[test]
fn contract_5_without_a_sound_secret_every_path_is_500_with_a_clear_line_in_the_log() {
    for (current, previous, word) in [
        (None, None, "WILLCALL_SECRET"),
        (Some(""), None, "WILLCALL_SECRET"),
        (Some("short"), None, "32"),
        (Some(SECRET), Some("short"), "WILLCALL_SECRET_PREVIOUS"),
        (None, Some(SECRET), "WILLCALL_SECRET"),
    ] {
        let s = Scene::new();
        s.set_secrets(current, previous);
        for (path, methods, _) in PATHS {
            let method = methods.split(", ").next().unwrap();
            s.memory.log.borrow_mut().clear();
            for url in [
                path.to_owned(),
                format!("https://unknown.example{path}"),
                format!("http://{HOST}{path}"),
            ] {
                s.call(method, &url).send().refused(500, "server_error");
            }
            assert!(s.log().contains(word), "{path}: {}", s.log());
        }
        s.get("/nowhere").send().refused(500, "server_error");
        s.get("/api/admin/events")
            .send()
            .refused(500, "server_error");
    }
}

#[test]
fn contract_5_a_previous_secret_still_verifies_everything_it_signed() {
    let s = Scene::new();
    let browser = s.signed_in();
    let tokens = s.client.redeem(&s, &browser.code(&s.client, &[]));
    let code = browser.code(&s.client, &[("prompt", "consent")]);
    let page = browser.authorize(&s.client, &[("prompt", "consent")]);
    let account = browser.get("/account");
    let made = browser.submit(
        &account,
        "/account/tokens",
        &[("name", "n"), ("scope", "pii:basic"), ("expires", "30")],
    );
    let made = made.page(200);
    let personal = made
        .split("value=\"")
        .find(|part| part.starts_with("wc_pat_"))
        .unwrap();
    let personal = personal.split('"').next().unwrap();
    let login = s.browser();
    let form = login.get("/login");
    s.set_secrets(Some(NEW), Some(&format!("{}, {SECRET}", "x".repeat(32))));
    s.whoami(&tokens.access).ok();
    s.whoami(personal).ok();
    s.client.redeem(&s, &code);
    browser.decide(&page, "authorize").redirect().code();
    assert!(browser.is_signed_in());
    let signed_in = login.submit(
        &form,
        "/login",
        &[("email", &s.robin.email), ("password", PASSWORD)],
    );
    assert_eq!(signed_in.status(), 303);
    s.assert_lives(&tokens);
}

#[test]
fn contract_5_dropping_a_secret_ends_what_it_signed() {
    let s = Scene::new();
    let browser = s.signed_in();
    let (kept, left) = (s.granted("pii:basic"), s.granted("pii:email"));
    let code = browser.code(&s.client, &[("prompt", "consent")]);
    s.set_secrets(Some(NEW), Some(SECRET));
    let kept = s.client.refresh(&s, &kept.refresh);
    s.set_secrets(Some(NEW), None);
    s.whoami(&left.access).refused(401, "invalid_token");
    s.client
        .try_to_refresh(&s, &left.refresh, "")
        .refused(400, "invalid_grant");
    s.client
        .try_to_redeem(&s, &code, &[])
        .refused(400, "invalid_grant");
    assert!(!browser.is_signed_in());
    s.whoami(&kept.access).ok();
    s.assert_lives(&kept);
    s.signed_in();
}

#[test]
fn contract_5_a_known_browser_is_known_after_the_secret_was_rotated() {
    let s = Scene::new();
    let own = s.signed_in();
    s.set_secrets(Some(NEW), Some(SECRET));
    for _ in 0..10 {
        s.browser()
            .try_to_sign_in(&s.robin.email, "wrong")
            .page(400);
    }
    s.browser()
        .try_to_sign_in(&s.robin.email, PASSWORD)
        .page(429);
    own.sign_in(&s.robin);
}

// -- Events side by side ----------------------------------------------------------------------------------------

#[test]
fn contract_1_two_events_share_nothing_but_applications() {
    let s = Scene::new();
    let there = s.put_event("other.example", json!({"name": "Other"}));
    let same = s.person(&there, json!({"email": s.robin.email, "name": "Namesake"}));
    assert_ne!(same.id, s.robin.id);
    let browser = Browser::at(&s, "https://other.example");
    browser.sign_in(&same);
    browser.get(&authorization(&s.client, &[])).page(400);
    s.integrate(&there, &s.client, json!({"obo_scopes": ["pii:basic"]}));
    s.another_isolate();
    let back = browser.allow(&s.client, &[]).redirect();
    assert_eq!(back.get("iss"), Some("https://other.example"));
    let page = browser.get("/account").page(200);
    assert!(page.contains("Namesake") && !page.contains(NAME) && !page.contains("Harbour Con"));
    s.delete_event("other.example");
    s.another_isolate();
    browser.get("/account").page(404);
    assert!(s.signed_in().is_signed_in());
}

impl Answer {
    #[track_caller]
    fn redirect_to_https(&self) {
        assert_eq!(self.status(), 308);
        assert!(
            self.header("location")
                .is_some_and(|to| to.starts_with("https://"))
        );
    }
}

#[test]
fn contract_1_the_developers_page_names_the_events_own_addresses_scopes_and_times_to_anybody() {
    let s = Scene::new();
    let page = s.get("/developer").send().page(200);
    let own = [
        "/oauth/authorize",
        "/api/oauth/token",
        "/api/oauth/revoke",
        "/api/oauth/introspect",
        "/api/users/current",
    ];
    for path in own {
        assert!(
            page.contains(&format!("<code>{ORIGIN}{path}</code>")),
            "{path}"
        );
    }
    let (people, services) = page.split_once("As a service").unwrap();
    let names = |part: &str, name: &str| part.contains(&format!("<code>{name}</code>"));
    for (name, with_people, with_services) in [
        ("pii:basic", true, false),
        ("badge:print", true, false),
        ("stats:read", true, true),
        ("report:read", false, true),
        ("token:introspect", false, true),
    ] {
        assert_eq!(
            (names(people, name), names(services, name)),
            (with_people, with_services),
            "{name}"
        );
    }
    assert!(page.contains("within 10 seconds"), "the retry window");
    s.put_event(HOST, json!({"retry_window": 0, "refresh_idle_days": 30}));
    s.another_isolate();
    let strict = s.get("/developer").send().page(200);
    assert!(!strict.contains("within 10 seconds"));
    assert!(strict.contains("not refreshed for 30 days ends"));
    s.get("/developer/").send().page(404);
    let refused = s.call("POST", "/developer").send().page(405);
    assert!(refused.contains("href=\"/\">Go to the front page"));
    assert!(
        s.signed_in()
            .get("/developer")
            .page(200)
            .contains("href=\"/account\">Account"),
        "who is signed in finds their account"
    );
}
