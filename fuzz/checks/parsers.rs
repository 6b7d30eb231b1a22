//! What must hold for every parser of something the network sent. The first byte of an input says which.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a check that does not hold ends the run"
)]

use core::ops::RangeInclusive;

use willcall::protocol::client::{ClientId, ClientType};
use willcall::protocol::encoding::{
    base64url, form_decode, form_encode, form_pairs, from_base64, from_base64url,
};
use willcall::protocol::params::{Params, all_values};
use willcall::protocol::pkce::CodeChallenge;
use willcall::protocol::redirect_uri::{confirm, registrable};
use willcall::protocol::scope::Scope;
use willcall::protocol::time::is_day;
use willcall::token::access_token::{AccessToken, Issuer};
use willcall::token::authorization_code::{AuthorizationCode, Binding};
use willcall::token::client_secret;
use willcall::token::cookie::{CookieValue, KnownBrowser, SessionCookie, VisitCookie};
use willcall::token::id::EventId;
use willcall::token::key::KeyRing;
use willcall::token::personal_access_token::PersonalAccessToken;
use willcall::token::refresh_token::RefreshToken;
use willcall::web::cookies::Cookie;
use willcall::web::inbound::Head;
use willcall::web::route::Route;

/// How many checks there are.
pub const CHECKS: usize = 9;

const PRINTABLE: RangeInclusive<u8> = 0x21..=0x7e;
const SECRET: &str = "the-deployment-secret-of-32-bytes";

/// Runs the check that the first byte names on the rest.
pub fn check(data: &[u8]) {
    let Some((which, data)) = data.split_first() else {
        return;
    };
    let text = core::str::from_utf8(data);
    match (usize::from(*which) % CHECKS, text) {
        (0, _) => form(data),
        (1, _) => json(data),
        (2, Ok(text)) => registration(text),
        (3, Ok(text)) => confirmation(text),
        (4, Ok(text)) => words(text),
        (5, Ok(text)) => head(text),
        (6, Ok(text)) => cookies(text),
        (7, Ok(text)) => tokens(text),
        (8, _) => encodings(data),
        _ => {}
    }
}

/// A form never has a value for a name that occurs twice; what it says can be said again.
fn form(data: &[u8]) {
    let params = Params::from_form(data);
    if params.any_fault().is_some() {
        return;
    }
    for name in [
        "client_id",
        "scope",
        "code",
        "redirect_uri",
        "state",
        "token",
    ] {
        let values = all_values(data, name);
        let full: Vec<&String> = values.iter().filter(|value| !value.is_empty()).collect();
        match params.get(name) {
            None => assert!(full.is_empty(), "{name} was lost"),
            Some(value) => {
                assert_eq!(full, [value], "{name}");
                let again = form_pairs([(name, value)]);
                assert_eq!(Params::from_form(again.as_bytes()).get(name), Some(value));
            }
        }
    }
}

/// JSON that is taken is an object of strings and integers, by another parser's word too.
fn json(data: &[u8]) {
    let Ok(params) = Params::from_json(data) else {
        return;
    };
    let value: serde_json::Value = serde_json::from_slice(data).expect("it is JSON");
    let object = value.as_object().expect("it is an object");
    for (name, value) in object {
        if let Some(taken) = params.get(name) {
            match value {
                serde_json::Value::String(text) => assert_eq!(taken, text),
                serde_json::Value::Number(number) if number.is_i64() || number.is_u64() => {
                    assert_eq!(taken.parse::<i128>().ok(), number.to_string().parse().ok());
                }
                // Too long for that parser's integers: they are digits all the same.
                serde_json::Value::Number(_) => {
                    let digits = taken.strip_prefix('-').unwrap_or(taken);
                    assert!(digits.bytes().all(|byte| byte.is_ascii_digit()), "{taken}");
                }
                other => panic!("{name} was taken from {other}"),
            }
        }
    }
}

/// What may be registered is safe to send a browser to, and to name in a header.
fn registration(uri: &str) {
    for client_type in [ClientType::Confidential, ClientType::Public] {
        if registrable(uri, client_type).is_err() {
            continue;
        }
        assert!(uri.bytes().all(|byte| PRINTABLE.contains(&byte)), "{uri:?}");
        assert!(!uri.contains(['#', '*', '"', '<', '>', '\\']), "{uri}");
        let scheme = uri.split(':').next().unwrap_or_default();
        assert!(
            !["javascript", "data", "vbscript", "file", "blob", "about"].contains(&scheme),
            "{uri}"
        );
        if client_type == ClientType::Confidential {
            assert!(["https", "http"].contains(&scheme), "{uri}");
        }
        let confirmed = confirm(Some(uri), &[uri.to_owned()], client_type).expect("it is itself");
        let made = confirmed.with_query(&[("code", "a&b=c#d"), ("state", "\r\n\"<")]);
        assert!(made.starts_with(uri) && !made.contains('#'), "{made}");
        assert!(made.bytes().all(|byte| PRINTABLE.contains(&byte)), "{made}");
        let query = made.split_once('?').expect("it has a query").1;
        assert!(
            all_values(query.as_bytes(), "code")
                .iter()
                .any(|code| code == "a&b=c#d")
        );
        let made = confirmed.with_fragment(&[("code", "x y")]);
        assert_eq!(made.matches('#').count(), 1, "{made}");
        assert!(!confirmed.for_people().is_empty());
    }
}

/// Of two URIs, one registered and one asked for: equal, or a public client's loopback ports.
fn confirmation(text: &str) {
    let Some((registered, asked)) = text.split_once('\n') else {
        return;
    };
    let list = [registered.to_owned()];
    let exact = confirm(Some(asked), &list, ClientType::Confidential);
    assert_eq!(exact.is_some(), registered == asked);
    if registrable(registered, ClientType::Public).is_ok()
        && let Some(confirmed) = confirm(Some(asked), &list, ClientType::Public)
        && registered != asked
    {
        let ip = ["http://127.0.0.1", "http://[::1]"];
        let origin = ip.iter().find(|origin| registered.starts_with(*origin));
        let origin = origin.expect("only loopback addresses may differ");
        let rest = asked.strip_prefix(origin).expect("the host may not");
        assert!(
            rest.is_empty() || rest.starts_with([':', '/', '?']),
            "{asked}"
        );
        assert!(confirmed.is_https() == asked.starts_with("https"));
        assert!(registrable(asked, ClientType::Public).is_ok(), "{asked}");
    }
}

/// Scopes, client ids, challenges, days: what is taken says itself again.
fn words(text: &str) {
    if let Ok(scope) = Scope::parse(text) {
        assert_eq!(Scope::parse(&scope.to_string()), Ok(scope.clone()));
        assert!(scope.names().all(|name| text.contains(name)));
    }
    if let Some(id) = ClientId::parse(text) {
        assert_eq!(id.as_str(), text);
        assert!(text.bytes().all(|byte| byte.is_ascii_digit()), "{text}");
    }
    if let Some(challenge) = CodeChallenge::parse(text) {
        assert_eq!(challenge.as_str(), text);
        assert_eq!(from_base64url(text).map(|bytes| bytes.len()), Some(32));
    }
    if let Some(challenge) = CodeChallenge::of_verifier(text) {
        assert!((43..=128).contains(&text.len()), "{text}");
        assert!(CodeChallenge::parse(challenge.as_str()).is_some());
    }
    if is_day(text) {
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        assert_eq!((text.len(), digits), (10, 8), "{text}");
    }
    if client_secret::is_well_formed(text) {
        assert!(text.starts_with("wc_cs_"), "{text}");
        assert!(client_secret::hash_matches(
            &client_secret::hash(text),
            text
        ));
    }
}

/// URLs and paths: a host has no port, a segment is never half decoded.
fn head(url: &str) {
    if let Some(head) = Head::new("GET", url) {
        assert!(head.path.starts_with('/'), "{url}");
        assert!(!head.path.contains('?'), "{url}");
        assert!(head.authority.starts_with(&head.host), "{url}");
        assert_eq!(head.host, head.host.to_lowercase(), "{url}");
        let route = Route::of(&head.path);
        if let Some(route) = &route {
            let _ = (
                route.methods(),
                route.is_for_programs(),
                route.is_on_any_host(),
            );
        }
        assert_eq!(route.is_some(), Route::of(&head.path).is_some());
    }
    let _ = Route::of(url);
}

/// Cookies and media types.
fn cookies(text: &str) {
    let mut head = Head::new("GET", "https://reg.example/").expect("it is a URL");
    head.cookie = Some(text.to_owned());
    head.content_type = Some(text.to_owned());
    head.origin = Some(text.to_owned());
    for cookie in [Cookie::Session, Cookie::Visit, Cookie::KnownBrowser] {
        for value in cookie.sent(&head) {
            assert!(text.contains(value), "{value}");
        }
    }
    if let Some(media_type) = head.media_type() {
        assert!(!media_type.contains(';'));
    }
    assert_eq!(
        head.has_foreign_origin(),
        text != "null" && text != "https://reg.example"
    );
}

/// Nothing that was not signed is ever opened.
fn tokens(text: &str) {
    let ring = KeyRing::new(Some(SECRET), None).expect("it is long enough");
    let event = EventId::parse("evt_1").expect("it is an id");
    let issuer = Issuer::new("reg.example", None);
    let binding = Binding {
        redirect_uri: "https://buddy.example/callback",
        redirect_uri_sent: true,
        challenge: None,
    };
    // The key's version is public, so a forger has it right.
    let texts = [text.to_owned(), text.replace("KID", ring.current_kid())];
    for text in &texts {
        assert!(AuthorizationCode::open(&ring, &event, text, &binding).is_none());
        assert!(RefreshToken::open(&ring, &event, text).is_none());
        assert!(PersonalAccessToken::open(&ring, &event, text).is_none());
        assert!(AccessToken::open(&ring, &event, &issuer, text).is_none());
        assert!(SessionCookie::open(&ring, &event, text).is_none());
        assert!(VisitCookie::open(&ring, &event, text).is_none());
        assert!(KnownBrowser::open(&ring, &event, text).is_none());
    }
    let _ = issuer.is(text);
    let _ = Issuer::new("localhost", Some("http://localhost:8787")).is(text);
}

/// What is encoded is decoded to the same, and one value has one spelling.
fn encodings(data: &[u8]) {
    assert_eq!(from_base64url(&base64url(data)).as_deref(), Some(data));
    if let Ok(text) = core::str::from_utf8(data) {
        assert_eq!(
            form_decode(form_encode(text).as_bytes()).as_deref(),
            Some(text)
        );
        if let Some(bytes) = from_base64url(text) {
            assert_eq!(base64url(&bytes), text);
        }
        let _ = from_base64(text);
    }
    if let Some(text) = form_decode(data) {
        assert_eq!(form_decode(form_encode(&text).as_bytes()), Some(text));
    }
}
