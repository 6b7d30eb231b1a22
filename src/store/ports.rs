//! What the endpoints need of the world, as one trait: entropy, objects, KV, a log, a body.

use crate::ledger::outbox::{Namespace, Object, ObjectKind};
use crate::protocol::time::UnixTime;
use crate::store::directory::ReplicaCache;
use crate::token::Entropy;
use crate::token::id::EventId;

/// An object or a store did not answer, the front's own retry included.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It may work in a moment: 503 `temporarily_unavailable`.
    #[error("{0} is not available")]
    Unavailable(&'static str),
    /// It will not: 500 `server_error`.
    #[error("{0}")]
    Broken(&'static str),
    /// The caller's body took too long: 400 `invalid_request`. What was known when the request began is old by now.
    #[error("the request's body took too long")]
    Late,
    /// The caller's body ended before all of it had come: 400 `invalid_request`, should anybody still read it.
    #[error("the request's body broke off")]
    BrokenOff,
}

/// What is counted for an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Counted {
    /// A token was issued by this grant type.
    Token(&'static str),
    /// An authenticated call.
    Call,
    /// A request was refused.
    Refusal,
}

/// The world of one request. One thread runs it, so its futures need not be `Send`.
#[expect(
    async_fn_in_trait,
    reason = "a worker has one thread; nobody needs these futures to be Send"
)]
pub trait Ports: Entropy {
    /// Asks an object; a call that failed is tried once more, with the same command.
    ///
    /// # Errors
    /// [`Fault`] if it does not answer.
    async fn ask<O: Object>(&self, name: &str, command: &O::Command) -> Result<O::Reply, Fault>;

    /// Reads a replica from KV.
    ///
    /// # Errors
    /// [`Fault`] if the store does not answer: that says nothing of what it has.
    async fn read(&self, namespace: Namespace, key: &str) -> Result<Option<String>, Fault>;

    /// Sends a command to an object after the answer has gone out; may be lost with the machine.
    fn tell_later(&self, kind: ObjectKind, name: String, command: String);

    /// Reads the request's body; `None` if it is longer than `most` bytes.
    ///
    /// # Errors
    /// [`Fault`] if the client went away in the middle of it.
    async fn body(&self, most: usize) -> Result<Option<Vec<u8>>, Fault>;

    /// The records this isolate has read lately.
    fn replicas(&self) -> &ReplicaCache;

    /// Counts something for an application, without waiting.
    fn count(&self, event_id: &EventId, client_id: &str, what: Counted);

    /// Whether `what` was not yet done in this isolate within the last hour; then it counts as done.
    fn once(&self, what: &str, now: UnixTime) -> bool;

    /// Writes a line to the log. Never a credential, never a name or an e-mail.
    fn log(&self, line: &str);

    /// The deployment's operator token.
    fn operator_token(&self) -> Option<&str>;
}
