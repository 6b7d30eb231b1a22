//! A request: from JavaScript's hands into [`server::handle`], and the answer back.

use std::fmt::Write as _;

use wasm_bindgen::prelude::*;

use super::clock;
use super::isolate::{Isolate, isolate};
use crate::ledger::outbox::{Namespace, Object, ObjectKind};
use crate::protocol::time::UnixTime;
use crate::server;
use crate::store::directory::ReplicaCache;
use crate::store::ports::{Counted, Fault, Ports};
use crate::token::Entropy;
use crate::web::inbound::Head;
use crate::web::reply::Reply;

#[wasm_bindgen]
extern "C" {
    /// What `worker.mjs` does for a request.
    pub type Host;

    #[wasm_bindgen(method, catch)]
    async fn ask(this: &Host, kind: &str, name: &str, command: &str) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, catch)]
    async fn read(this: &Host, namespace: &str, key: &str) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, js_name = tellLater)]
    fn tell_later(this: &Host, kind: &str, name: &str, command: &str);

    #[wasm_bindgen(method, js_name = flushUsageLater)]
    fn flush_usage_later(this: &Host);

    /// A `Uint8Array`, or null if the body is longer.
    #[wasm_bindgen(method, catch)]
    async fn body(this: &Host, most: u32) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(js_namespace = console, js_name = log)]
    fn console_log(text: &str);
}

fn namespace_name(namespace: Namespace) -> &'static str {
    match namespace {
        Namespace::Directory => "DIRECTORY",
        Namespace::RefreshTokens => "REFRESH_TOKENS",
    }
}

pub fn kind_name(kind: ObjectKind) -> &'static str {
    match kind {
        ObjectKind::Account => "account",
        ObjectKind::Event => "event",
        ObjectKind::Platform => "platform",
        ObjectKind::Throttle => "throttle",
    }
}

struct Edge {
    host: Host,
    isolate: &'static Isolate,
}

impl Entropy for Edge {
    fn fill(&self, buffer: &mut [u8]) {
        // The platform's generator cannot fail inside a request; unfilled bytes must never pass.
        if getrandom::fill(buffer).is_err() {
            wasm_bindgen::throw_str("no entropy");
        }
    }
}

impl Ports for Edge {
    async fn ask<O: Object>(&self, name: &str, command: &O::Command) -> Result<O::Reply, Fault> {
        let command = serde_json::to_string(command)
            .map_err(|_| Fault::Broken("a command has no JSON form"))?;
        let kind = kind_name(O::KIND);
        let reply = self
            .host
            .ask(kind, name, &command)
            .await
            .map_err(|_| Fault::Unavailable(kind))?;
        let reply = reply.as_string().ok_or(Fault::Broken(
            "an object answered with something else than text",
        ))?;
        serde_json::from_str(&reply).map_err(|_| Fault::Broken("an object's answer cannot be read"))
    }

    async fn read(&self, namespace: Namespace, key: &str) -> Option<String> {
        self.host
            .read(namespace_name(namespace), key)
            .await
            .ok()?
            .as_string()
    }

    fn tell_later(&self, kind: ObjectKind, name: String, command: String) {
        self.host.tell_later(kind_name(kind), &name, &command);
    }

    async fn body(&self, most: usize) -> Result<Option<Vec<u8>>, Fault> {
        let most = u32::try_from(most).unwrap_or(u32::MAX);
        let body = self
            .host
            .body(most)
            .await
            .map_err(|_| Fault::Unavailable("the request's body"))?;
        Ok((!body.is_null()).then(|| js_sys::Uint8Array::new(&body).to_vec()))
    }

    fn replicas(&self) -> &ReplicaCache {
        &self.isolate.replicas
    }

    fn count(&self, event_id: &str, client_id: &str, what: Counted) {
        if self.isolate.count(event_id, client_id, what, clock::now()) {
            self.host.flush_usage_later();
        }
    }

    fn once(&self, what: &str, now: UnixTime) -> bool {
        self.isolate.once(what, now)
    }

    fn log(&self, line: &str) {
        console_log(line);
    }

    fn operator_token(&self) -> Option<&str> {
        self.isolate.secrets.get()?.operator_token.as_deref()
    }
}

/// Answers a request. The answer is the status, the headers as lines, and the body.
#[wasm_bindgen]
#[expect(
    clippy::too_many_arguments,
    reason = "plain texts over the boundary cost less than an object"
)]
pub async fn handle(
    host: Host,
    method: String,
    url: String,
    authorization: Option<String>,
    content_type: Option<String>,
    cookie: Option<String>,
    origin: Option<String>,
    user_agent: Option<String>,
    accept: Option<String>,
    address: Option<String>,
    tls: Option<String>,
) -> js_sys::Array {
    let edge = Edge {
        host,
        isolate: isolate(),
    };
    let reply = match (Head::new(&method, &url), edge.isolate.secrets.get()) {
        (Some(head), Some(secrets)) => {
            let head = Head {
                authorization,
                content_type,
                cookie,
                origin,
                user_agent,
                accept,
                address,
                tls,
                ..head
            };
            server::handle(&edge, secrets.ring.as_ref(), &head, clock::now()).await
        }
        _ => Reply::error(400, "invalid_request", "The request has no usable address."),
    };
    let mut headers = String::new();
    for (name, value) in &reply.headers {
        let value: String = value.chars().filter(|c| !c.is_control()).collect();
        // Writing to a String cannot fail.
        let _ = writeln!(headers, "{name}: {value}");
    }
    js_sys::Array::of3(
        &JsValue::from(reply.status),
        &JsValue::from(headers),
        &match String::from_utf8(reply.body) {
            Ok(text) => JsValue::from(text),
            Err(bytes) => js_sys::Uint8Array::from(bytes.as_bytes()).into(),
        },
    )
}
