//! What lives as long as the isolate: the secrets, what was read lately, and counts not yet handed on.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeMap;

use wasm_bindgen::prelude::*;
use zeroize::Zeroizing;

use super::fetch::console_log;
use super::waiting::Waiting;
use crate::directory::event_command::Command;
use crate::directory::usage::{Counts, UsageLine};
use crate::protocol::client::ClientId;
use crate::protocol::time::UnixTime;
use crate::store::directory::ReplicaCache;
use crate::store::ports::Counted;
use crate::token::id::EventId;
use crate::token::key::{self, BadSecrets, KeyRing};

/// One per isolate; workers never end an isolate in an orderly way, so it is never freed.
pub struct Isolate {
    pub secrets: OnceCell<Secrets>,
    pub replicas: ReplicaCache,
    pub entropy: Pool,
    /// Requests that wait for something, by number.
    pub waiting: RefCell<BTreeMap<u32, Waiting>>,
    requests: Cell<u32>,
    usage: RefCell<BTreeMap<(EventId, String, String), Counts>>,
    handing_on: Cell<bool>,
    done: RefCell<BTreeMap<String, UnixTime>>,
}

pub struct Secrets {
    pub ring: Result<KeyRing, BadSecrets>,
    pub operator_token: Option<String>,
}

thread_local! {
    static ISOLATE: &'static Isolate = Box::leak(Box::new(Isolate {
        secrets: OnceCell::new(),
        replicas: ReplicaCache::default(),
        entropy: Pool::default(),
        waiting: RefCell::default(),
        requests: Cell::new(0),
        usage: RefCell::default(),
        handing_on: Cell::new(false),
        done: RefCell::default(),
    }));
}

/// This isolate's.
pub fn isolate() -> &'static Isolate {
    ISOLATE.with(|isolate| *isolate)
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = willcallPanicked)]
    fn panicked(text: &str);
}

/// A memory begins: what goes wrong in it is told.
#[wasm_bindgen]
pub fn tell_of_panics() {
    std::panic::set_hook(Box::new(|panic| panicked(&format!("panic: {panic}"))));
}

/// Takes the deployment's secrets, once. They are bound to the isolate: a new deployment starts new ones.
#[wasm_bindgen]
pub fn configure(secret: Option<String>, previous: Option<String>, operator_token: Option<String>) {
    if let Some(warning) = secret.as_deref().and_then(key::warning) {
        console_log(&serde_json::json!({"level": "warn", "fault": warning}).to_string());
    }
    isolate().secrets.get_or_init(|| Secrets {
        ring: KeyRing::new(secret.as_deref(), previous.as_deref()),
        operator_token,
    });
}

/// Random bytes, drawn from the platform many at a time: each call to it costs as much as a MAC.
#[derive(Default)]
pub struct Pool(RefCell<Zeroizing<Vec<u8>>>);

/// How many are drawn at a time.
const POOL: usize = 1024;

impl Pool {
    /// Fills `buffer` with bytes that nobody was given before.
    pub fn fill(&self, buffer: &mut [u8]) {
        let mut pool = self.0.borrow_mut();
        for byte in buffer {
            if pool.is_empty() {
                pool.resize(POOL, 0);
                // The platform's generator cannot fail inside a request; unfilled bytes must never pass.
                if getrandom::fill(&mut pool).is_err() {
                    wasm_bindgen::throw_str("no entropy");
                }
            }
            let last = pool.len().saturating_sub(1);
            if let Some(drawn) = pool.get_mut(last) {
                *byte = core::mem::take(drawn);
            }
            pool.truncate(last);
        }
    }
}

impl Isolate {
    /// A number for a request that waits; never 0.
    pub fn next_request(&self) -> u32 {
        let number = self.requests.get().checked_add(1).unwrap_or(1);
        self.requests.set(number);
        number
    }

    /// Counts something; whether the counts must now be arranged to be handed on.
    pub fn count(&self, event_id: &EventId, client_id: &str, what: Counted, now: UnixTime) -> bool {
        let mut usage = self.usage.borrow_mut();
        let counts = usage
            .entry((event_id.clone(), now.day(), client_id.to_owned()))
            .or_default();
        match what {
            Counted::Token(grant_type) => {
                let count = counts.tokens.entry(grant_type.to_owned()).or_default();
                *count = count.saturating_add(1);
            }
            Counted::Call => counts.calls = counts.calls.saturating_add(1),
            Counted::Refusal => counts.refusals = counts.refusals.saturating_add(1),
        }
        !self.handing_on.replace(true)
    }

    /// Whether `what` was not yet done within the last hour; then it is now.
    pub fn once(&self, what: &str, now: UnixTime) -> bool {
        let mut done = self.done.borrow_mut();
        if done.len() > 10_000 {
            done.clear();
        }
        let fresh = done.get(what).is_none_or(|at| now.since(*at) >= 3600);
        if fresh {
            done.insert(what.to_owned(), now);
        }
        fresh
    }
}

/// The counts since the last time, as pairs of an event's id and a command to its object.
#[wasm_bindgen]
pub fn take_usage() -> Vec<String> {
    let mut by_event: BTreeMap<EventId, Vec<UsageLine>> = BTreeMap::new();
    isolate().handing_on.set(false);
    for ((event_id, day, client_id), counts) in isolate().usage.take() {
        if let Some(client_id) = ClientId::parse(&client_id) {
            by_event.entry(event_id).or_default().push(UsageLine {
                day,
                client_id,
                counts,
            });
        }
    }
    by_event
        .into_iter()
        .filter_map(|(event_id, lines)| {
            Some([
                event_id.into(),
                serde_json::to_string(&Command::AddUsage(lines)).ok()?,
            ])
        })
        .flatten()
        .collect()
}

/// Takes back counts that could not be handed on: a command of [`take_usage`] and its event's id.
#[wasm_bindgen]
pub fn restore_usage(event_id: &str, command: &str) {
    let (Some(event_id), Ok(Command::AddUsage(lines))) =
        (EventId::parse(event_id), serde_json::from_str(command))
    else {
        return;
    };
    let mut usage = isolate().usage.borrow_mut();
    for line in lines {
        let key = (event_id.clone(), line.day, line.client_id.to_string());
        usage.entry(key).or_default().add(&line.counts);
    }
}
