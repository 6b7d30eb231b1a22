//! An in-memory world for tests: the same objects over `BTreeMap`s, effects carried out at once.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use super::directory::ReplicaCache;
use super::objects;
use super::ports::{Counted, Fault, Ports};
use crate::ledger::Ledger;
use crate::ledger::outbox::{Effect, Namespace, Now, Object, ObjectKind, pending};
use crate::protocol::time::UnixTime;
use crate::token::Entropy;
use crate::token::id::EventId;

/// Records in a `BTreeMap`.
#[derive(Clone, Debug, Default)]
pub struct MemoryLedger(BTreeMap<String, String>);

impl Ledger for MemoryLedger {
    fn get(&self, key: &str) -> Option<String> {
        self.0.get(key).cloned()
    }

    fn put(&mut self, key: &str, value: &str) {
        self.0.insert(key.to_owned(), value.to_owned());
    }

    fn delete(&mut self, key: &str) {
        self.0.remove(key);
    }

    fn scan(
        &self,
        prefix: &str,
        after: Option<&str>,
        backwards: bool,
        limit: usize,
    ) -> Vec<(String, String)> {
        let all = self.0.iter().filter(|(key, _)| key.starts_with(prefix));
        let owned = |(key, value): (&String, &String)| (key.clone(), value.clone());
        if backwards {
            all.rev()
                .filter(|(key, _)| after.is_none_or(|after| key.as_str() < after))
                .take(limit)
                .map(owned)
                .collect()
        } else {
            all.filter(|(key, _)| after.is_none_or(|after| key.as_str() > after))
                .take(limit)
                .map(owned)
                .collect()
        }
    }
}

/// A whole deployment in memory.
#[derive(Default)]
pub struct Memory {
    objects: RefCell<BTreeMap<(ObjectKind, String), MemoryLedger>>,
    kv: RefCell<BTreeMap<(Namespace, String), String>>,
    cache: ReplicaCache,
    entropy: Cell<u64>,
    now_ms: Cell<u64>,
    body: RefCell<Vec<u8>>,
    done: RefCell<BTreeMap<String, UnixTime>>,
    /// What was written to the log.
    pub log: RefCell<Vec<String>>,
    /// What was counted.
    pub counts: RefCell<Vec<(EventId, String, Counted)>>,
    /// Whether effects are carried out; without, replicas stay behind.
    pub effects_held: Cell<bool>,
    /// The deployment's operator token.
    pub operator_token: Option<String>,
}

impl Memory {
    /// Moves the clock of all objects.
    pub fn set_now(&self, now: Now) {
        self.now_ms.set(now.ms);
    }

    /// Sets the body of the next request.
    pub fn set_body(&self, body: &[u8]) {
        body.clone_into(&mut self.body.borrow_mut());
    }

    /// Runs a command in an object, and what follows from it.
    ///
    /// # Errors
    /// [`Fault`] if a record cannot be read.
    pub fn run(&self, kind: ObjectKind, name: &str, command: &str) -> Result<String, Fault> {
        let now = Now::at(self.now_ms.get());
        let key = (kind, name.to_owned());
        let mut ledger = self.objects.borrow().get(&key).cloned().unwrap_or_default();
        let outcome =
            objects::call(kind, &mut ledger, command, now).map_err(|_| Fault::Broken("corrupt"))?;
        self.objects.borrow_mut().insert(key, ledger);
        if !self.effects_held.get() {
            self.carry_out(kind, name)?;
        }
        Ok(outcome.reply)
    }

    fn carry_out(&self, kind: ObjectKind, name: &str) -> Result<(), Fault> {
        let now = Now::at(self.now_ms.get());
        let key = (kind, name.to_owned());
        let ledger = self.objects.borrow().get(&key).cloned().unwrap_or_default();
        for note in pending(&ledger, None, true, 1000) {
            let effect = objects::effect(kind, &ledger, &note.target, now)
                .map_err(|_| Fault::Broken("corrupt"))?;
            match effect {
                None => {}
                Some(Effect::Write {
                    namespace,
                    key,
                    value,
                    ..
                }) => {
                    self.kv.borrow_mut().insert((namespace, key), value);
                }
                Some(Effect::Tell {
                    kind,
                    name,
                    command,
                }) => {
                    self.run(kind, &name, &command)?;
                }
            }
            if let Some(ledger) = self.objects.borrow_mut().get_mut(&key) {
                objects::told(kind, ledger, &note);
            }
        }
        Ok(())
    }

    /// Rings the alarm of every object that wants to be woken: it clears up one step and tells what it has to.
    ///
    /// # Errors
    /// [`Fault`] if a record cannot be read.
    pub fn ring_alarms(&self) -> Result<(), Fault> {
        let now = Now::at(self.now_ms.get());
        let all: Vec<(ObjectKind, String)> = self.objects.borrow().keys().cloned().collect();
        for key in all {
            let mut ledger = self.objects.borrow().get(&key).cloned().unwrap_or_default();
            let (kind, name) = &key;
            if objects::wake_after(*kind, &ledger, now).is_none() {
                continue;
            }
            objects::sweep(*kind, &mut ledger, now).map_err(|_| Fault::Broken("corrupt"))?;
            self.objects.borrow_mut().insert(key.clone(), ledger);
            self.carry_out(*kind, name)?;
        }
        Ok(())
    }

    /// Every record of every object and every replica, for tests that look for what must not be there.
    #[must_use]
    pub fn everything_stored(&self) -> String {
        let mut all = String::new();
        for (key, ledger) in &*self.objects.borrow() {
            for (row, value) in &ledger.0 {
                all.push_str(&format!("{key:?} {row} {value}\n"));
            }
        }
        for (key, value) in &*self.kv.borrow() {
            all.push_str(&format!("{key:?} {value}\n"));
        }
        all
    }
}

impl Entropy for Memory {
    /// A counter's hash: never the same twice, always the same in each run.
    fn fill(&self, buffer: &mut [u8]) {
        use sha2::{Digest as _, Sha256};
        for chunk in buffer.chunks_mut(32) {
            let next = self.entropy.get().wrapping_add(1);
            self.entropy.set(next);
            for (to, from) in chunk.iter_mut().zip(Sha256::digest(next.to_be_bytes())) {
                *to = from;
            }
        }
    }
}

impl Ports for Memory {
    async fn ask<O: Object>(&self, name: &str, command: &O::Command) -> Result<O::Reply, Fault> {
        let command = serde_json::to_string(command).map_err(|_| Fault::Broken("command"))?;
        let reply = self.run(O::KIND, name, &command)?;
        serde_json::from_str(&reply).map_err(|_| Fault::Broken("reply"))
    }

    async fn read(&self, namespace: Namespace, key: &str) -> Result<Option<String>, Fault> {
        Ok(self.kv.borrow().get(&(namespace, key.to_owned())).cloned())
    }

    fn tell_later(&self, kind: ObjectKind, name: String, command: String) {
        if let Err(fault) = self.run(kind, &name, &command) {
            self.log(&fault.to_string());
        }
    }

    async fn body(&self, most: usize) -> Result<Option<Vec<u8>>, Fault> {
        let body = self.body.take();
        Ok((body.len() <= most).then_some(body))
    }

    fn replicas(&self) -> &ReplicaCache {
        &self.cache
    }

    fn count(&self, event_id: &EventId, client_id: &str, what: Counted) {
        self.counts
            .borrow_mut()
            .push((event_id.clone(), client_id.to_owned(), what));
    }

    fn once(&self, what: &str, now: UnixTime) -> bool {
        let mut done = self.done.borrow_mut();
        let fresh = done.get(what).is_none_or(|at| now.since(*at) >= 3600);
        if fresh {
            done.insert(what.to_owned(), now);
        }
        fresh
    }

    fn log(&self, line: &str) {
        self.log.borrow_mut().push(line.to_owned());
    }

    fn operator_token(&self) -> Option<&str> {
        self.operator_token.as_deref()
    }
}
