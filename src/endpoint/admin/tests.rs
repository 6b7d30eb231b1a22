//! Contract 7, refusals first. Every call goes through the one door, so that path and host are read as
//! they will be.

mod accounts;
mod applications;
mod audit;
mod bodies;
mod description;
mod events;
mod grants;
mod integrations;
mod lists;
mod refusals;

use core::cell::Cell;

use serde_json::{Value, json};

use crate::ledger::outbox::Now;
use crate::protocol::time::UnixTime;
use crate::server;
use crate::store::memory::Memory;
use crate::token::id::EventId;
use crate::token::key::KeyRing;
use crate::web::inbound::Head;
use crate::web::reply::Reply;

const TOKEN: &str = "operator-token-of-32-characters!";
/// 2026-03-01T09:30:00Z.
const BEGIN: u64 = 1_772_357_400;
const EVENT: &str = "/events/a.localhost";
const ROBIN: &str = "Robin.Example@People.example";

/// A deployment, and the operator who calls it.
struct World {
    memory: Memory,
    ring: KeyRing,
    now: Cell<u64>,
}

impl World {
    fn with_token(token: Option<&str>) -> Self {
        let mut memory = Memory::default();
        memory.operator_token = token.map(str::to_owned);
        let ring = KeyRing::new(Some("0123456789abcdef0123456789abcdef"), None).unwrap();
        let world = Self {
            memory,
            ring,
            now: Cell::new(0),
        };
        world.set_now(BEGIN);
        world
    }

    /// A deployment with nothing in it.
    fn empty() -> Self {
        Self::with_token(Some(TOKEN))
    }

    /// A deployment with one event that has scopes of its own.
    fn new() -> Self {
        let world = Self::empty();
        world.must("PUT", EVENT, json!({"name": "Con"}));
        world.must("PUT", &format!("{EVENT}/scopes"), catalogue());
        world
    }

    fn event_id(&self) -> EventId {
        EventId::parse(self.get(EVENT)["id"].as_str().unwrap()).unwrap()
    }

    fn set_now(&self, seconds: u64) {
        self.now.set(seconds);
        self.memory.set_now(Now::at(seconds * 1000));
    }

    fn send(&self, method: &str, path: &str, change: impl FnOnce(&mut Head), body: &[u8]) -> Reply {
        let url = format!("http://any.localhost:8787/api/admin{path}");
        let mut head = Head::new(method, &url).unwrap();
        head.authorization = Some(format!("Bearer {TOKEN}"));
        head.content_type = Some(String::from("application/json"));
        change(&mut head);
        self.memory.set_body(body);
        let now = UnixTime(self.now.get());
        pollster::block_on(server::handle(&self.memory, Ok(&self.ring), &head, now))
    }

    fn call(&self, method: &str, path: &str, body: Value) -> Reply {
        let body = if body.is_null() {
            Vec::new()
        } else {
            serde_json::to_vec(&body).unwrap()
        };
        self.send(method, path, |_| {}, &body)
    }

    /// A call that has to succeed.
    fn must(&self, method: &str, path: &str, body: Value) -> Value {
        let reply = self.call(method, path, body);
        assert!(
            (200..300).contains(&reply.status),
            "{method} {path}: {} {}",
            reply.status,
            text(&reply)
        );
        if reply.status == 204 {
            assert!(reply.body.is_empty());
            return Value::Null;
        }
        assert_eq!(reply.header("content-type"), Some("application/json"));
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        serde_json::from_slice(&reply.body).unwrap()
    }

    fn get(&self, path: &str) -> Value {
        self.must("GET", path, Value::Null)
    }

    fn items(&self, path: &str) -> Vec<Value> {
        self.get(path)["items"].as_array().unwrap().clone()
    }

    /// A call that has to be refused: what the description says.
    fn refused(&self, status: u16, method: &str, path: &str, body: Value) -> String {
        let shown = body.to_string();
        assert_refused(
            status,
            &self.call(method, path, body),
            &format!("{method} {path} {shown}"),
        )
    }

    /// A body exactly as given, which has to be refused.
    fn refused_text(&self, method: &str, path: &str, body: &[u8]) -> String {
        let shown = String::from_utf8_lossy(body).into_owned();
        assert_refused(400, &self.send(method, path, |_| {}, body), &shown)
    }

    fn application(&self, fields: Value) -> Value {
        self.must("POST", "/applications", application(fields))
    }

    /// An application that the event has approved.
    fn approved(&self, approval: Value) -> String {
        let client_id = self.application(json!({}))["client_id"]
            .as_str()
            .unwrap()
            .to_owned();
        self.must(
            "PUT",
            &format!("{EVENT}/integrations/{client_id}"),
            approval,
        );
        client_id
    }

    fn account(&self, fields: Value) -> String {
        let mut body = json!({"email": ROBIN, "name": "Robin Example"});
        merge(&mut body, fields);
        self.must("POST", &format!("{EVENT}/accounts"), body)["id"]
            .as_str()
            .unwrap()
            .to_owned()
    }
}

fn assert_refused(status: u16, reply: &Reply, what: &str) -> String {
    assert_eq!(reply.status, status, "{what}: {}", text(reply));
    let body: Value = serde_json::from_slice(&reply.body).unwrap();
    let error = match status {
        400 | 405 => "invalid_request",
        401 => "invalid_token",
        404 => "not_found",
        409 => "conflict",
        _ => panic!("{status}"),
    };
    assert_eq!(body["error"], error, "{what}");
    assert_eq!(body.as_object().unwrap().len(), 2, "{what}");
    body["error_description"].as_str().unwrap().to_owned()
}

fn text(reply: &Reply) -> String {
    String::from_utf8(reply.body.clone()).unwrap()
}

fn merge(into: &mut Value, fields: Value) {
    for (name, value) in fields.as_object().unwrap() {
        into[name] = value.clone();
    }
}

/// A body without one of its fields.
fn without(mut body: Value, name: &str) -> Value {
    body.as_object_mut().unwrap().remove(name);
    body
}

fn application(fields: Value) -> Value {
    let mut body = json!({
        "name": "Badge Buddy",
        "description": "Prints badges",
        "website": "https://buddy.example/",
        "redirect_uris": ["https://buddy.example/callback"],
        "type": "confidential",
    });
    merge(&mut body, fields);
    body
}

fn catalogue() -> Value {
    json!([
        {"name": "badge:print", "title": "Print badges", "sensitive": true, "modes": ["obo"], "permission": "badges"},
        {"name": "stats:read", "title": "See statistics", "modes": ["obo", "service"]},
        {"name": "report:read", "title": "Read reports", "modes": ["service"]},
    ])
}

fn names(items: &[Value]) -> Vec<&str> {
    items
        .iter()
        .map(|item| item["name"].as_str().unwrap())
        .collect()
}
