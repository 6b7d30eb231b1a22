//! A request: from JavaScript's hands into [`server::handle`], and the answer back.
//!
//! Rust never waits for JavaScript: it says what it needs (an object's word, a record, the body), is put
//! aside, and is called again with each thing that came. A promise on this side, its callbacks and its turn in the
//! queue would cost more than most requests do.

use std::cell::RefCell;
use std::rc::Rc;

use wasm_bindgen::prelude::*;

use super::clock;
use super::isolate::{Isolate, isolate};
use super::waiting::{Arrivals, Waiting};
use crate::ledger::outbox::{Namespace, Object, ObjectKind};
use crate::protocol::time::UnixTime;
use crate::server;
use crate::store::directory::ReplicaCache;
use crate::store::ports::{Counted, Fault, Ports};
use crate::token::Entropy;
use crate::token::id::EventId;
use crate::web::inbound::Head;
use crate::web::reply::Reply;

#[wasm_bindgen]
extern "C" {
    /// What `worker.mjs` does for a request.
    pub type Host;

    /// Begins to ask an object; [`resume`] brings its reply under this number.
    #[wasm_bindgen(method)]
    fn ask(this: &Host, kind: &str, name: &str, command: &str, patience: u32) -> u32;

    /// Begins to read a record; [`resume`] brings the text, or null, under this number.
    #[wasm_bindgen(method)]
    fn read(this: &Host, namespace: &str, key: &str) -> u32;

    /// Begins to read the body; [`resume`] brings a `Uint8Array`, null if it is longer, or undefined if it broke off,
    /// under this number.
    #[wasm_bindgen(method)]
    fn body(this: &Host, most: u32) -> u32;

    /// Takes the answer: the status, the headers as lines, and the body.
    #[wasm_bindgen(method)]
    fn answer(this: &Host, status: u16, headers: &str, body: JsValue);

    #[wasm_bindgen(method, js_name = tellLater)]
    fn tell_later(this: &Host, kind: &str, name: &str, command: &str);

    #[wasm_bindgen(method, js_name = flushUsageLater)]
    fn flush_usage_later(this: &Host);

    #[wasm_bindgen(js_namespace = console, js_name = log)]
    pub fn console_log(text: &str);
}

/// A caller that went away is never resumed: what is older than this many seconds is dropped.
const LONGEST_WAIT: u64 = 120;

/// A request is answered by the time at which it began. A body that is waited for longer than this many seconds would
/// stretch each limit by as much: those of codes, and of what may be kept of a record. It is what a body of
/// [`SHORT_BODY`] bytes has; one that may be longer, as an operator's, has longer in proportion.
const LONGEST_BODY_WAIT: u64 = 5;
const SHORT_BODY: usize = 16 * 1024;

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
    host: Rc<Host>,
    /// The body, where it is short enough to have been read already.
    body: RefCell<Option<Vec<u8>>>,
    arrivals: Rc<Arrivals>,
    isolate: &'static Isolate,
}

impl Entropy for Edge {
    fn fill(&self, buffer: &mut [u8]) {
        self.isolate.entropy.fill(buffer);
    }
}

impl Ports for Edge {
    async fn ask<O: Object>(&self, name: &str, command: &O::Command) -> Result<O::Reply, Fault> {
        let patience = O::patience(command);
        let command = serde_json::to_string(command)
            .map_err(|_| Fault::Broken("a command has no JSON form"))?;
        let kind = kind_name(O::KIND);
        let number = self.host.ask(kind, name, &command, patience);
        let reply = self
            .arrivals
            .of(number)
            .await
            .map_err(|()| Fault::Unavailable(kind))?;
        let reply = reply.as_string().ok_or(Fault::Broken(
            "an object answered with something else than text",
        ))?;
        serde_json::from_str(&reply).map_err(|_| Fault::Broken("an object's answer cannot be read"))
    }

    async fn read(&self, namespace: Namespace, key: &str) -> Result<Option<String>, Fault> {
        let number = self.host.read(namespace_name(namespace), key);
        let found = self
            .arrivals
            .of(number)
            .await
            .map_err(|()| Fault::Unavailable("KV"))?;
        Ok(found.as_string())
    }

    async fn body(&self, most: usize) -> Result<Option<Vec<u8>>, Fault> {
        if let Some(body) = self.body.take() {
            return Ok((body.len() <= most).then_some(body));
        }
        let asked = clock::now();
        let number = self.host.body(u32::try_from(most).unwrap_or(u32::MAX));
        let body = self
            .arrivals
            .of(number)
            .await
            .map_err(|()| Fault::Unavailable("the request's body"))?;
        if body.is_undefined() {
            return Err(Fault::BrokenOff);
        }
        let bodies = u64::try_from(most.div_ceil(SHORT_BODY)).unwrap_or(1);
        if clock::now().since(asked) > LONGEST_BODY_WAIT.saturating_mul(bodies) {
            return Err(Fault::Late);
        }
        Ok((!body.is_null()).then(|| js_sys::Uint8Array::new(&body).to_vec()))
    }

    fn tell_later(&self, kind: ObjectKind, name: String, command: String) {
        self.host.tell_later(kind_name(kind), &name, &command);
    }

    fn replicas(&self) -> &ReplicaCache {
        &self.isolate.replicas
    }

    fn count(&self, event_id: &EventId, client_id: &str, what: Counted) {
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

/// Begins to answer a request. 0: the host has the answer. Otherwise it is to call [`resume`] with this number
/// and the first thing that came of what was asked of it.
#[wasm_bindgen]
#[expect(
    clippy::too_many_arguments,
    reason = "plain texts over the boundary cost less than an object"
)]
pub fn handle(
    host: Host,
    body: Option<Vec<u8>>,
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
) -> u32 {
    let host = Rc::new(host);
    let arrivals = Rc::<Arrivals>::default();
    let since = clock::now();
    let edge = Edge {
        host: Rc::clone(&host),
        body: RefCell::new(body),
        arrivals: Rc::clone(&arrivals),
        isolate: isolate(),
    };
    let head = Head::new(&method, &url).map(|head| Head {
        authorization,
        content_type,
        cookie,
        origin,
        user_agent,
        accept,
        address,
        tls,
        ..head
    });
    let request = async move {
        let reply = reply(&edge, head, since).await;
        hand_over(&host, reply);
    };
    go_on(Waiting::new(request, arrivals, since))
}

/// Goes on with a request, as [`handle`] began it: what was asked for under `number` came, or failed. Nothing if the
/// request is not known: its memory was given up after a panic, or it took too long.
#[wasm_bindgen]
pub fn resume(request: u32, number: u32, brought: JsValue, failed: bool) -> Option<u32> {
    let waiting = isolate().waiting.borrow_mut().remove(&request)?;
    waiting.bring(number, if failed { Err(()) } else { Ok(brought) });
    Some(go_on(waiting))
}

fn go_on(mut waiting: Waiting) -> u32 {
    if waiting.is_done() {
        return 0;
    }
    let now = clock::now();
    let mut all = isolate().waiting.borrow_mut();
    all.retain(|_, other| now.since(other.since) <= LONGEST_WAIT);
    let number = isolate().next_request();
    all.insert(number, waiting);
    number
}

async fn reply(edge: &Edge, head: Option<Head>, now: UnixTime) -> Reply {
    match (head, edge.isolate.secrets.get()) {
        (Some(head), Some(secrets)) => {
            server::handle(edge, secrets.ring.as_ref(), &head, now).await
        }
        _ => Reply::error(400, "invalid_request", "The request has no valid address."),
    }
}

/// Bytes enough for the headers of most answers.
const HEADERS: usize = 512;

fn hand_over(host: &Host, reply: Reply) {
    let mut headers = String::with_capacity(HEADERS);
    for (name, value) in &reply.headers {
        headers.push_str(name);
        headers.push_str(": ");
        // No value of ours has any; a line must not be two for all that.
        if value.bytes().all(|byte| (b' '..0x7f).contains(&byte)) {
            headers.push_str(value);
        } else {
            headers.extend(value.split(char::is_control));
        }
        headers.push('\n');
    }
    let body = match String::from_utf8(reply.body) {
        Ok(text) => JsValue::from(text),
        Err(bytes) => js_sys::Uint8Array::from(bytes.as_bytes()).into(),
    };
    host.answer(reply.status, &headers, body);
}
