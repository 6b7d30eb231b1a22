//! Asking the counters of failures. Their names are keyed hashes, so what is stored tells nothing.

use super::Site;
use crate::account::throttle::{Command, Reply, ThrottleObject};
use crate::protocol::encoding::base64url;
use crate::store::ports::{Fault, Ports};
use crate::token::key::Purpose;

/// Whose failures.
#[derive(Clone, Copy, Debug)]
pub enum Subject<'a> {
    /// Of an e-mail address, known or not.
    Email(&'a str),
    /// Of a browser that has signed in to this account before.
    KnownBrowser(&'a str),
    /// Of a client.
    Client(&'a str),
    /// From an address.
    Address(&'a str),
}

impl Subject<'_> {
    fn parts(&self) -> (&'static str, &str) {
        match self {
            Self::Email(text) => ("email", text),
            Self::KnownBrowser(text) => ("browser", text),
            Self::Client(text) => ("client", text),
            Self::Address(text) => ("address", text),
        }
    }

    fn limit(&self) -> usize {
        match self {
            Self::Address(_) => crate::account::throttle::PER_ADDRESS,
            _ => crate::account::throttle::PER_SUBJECT,
        }
    }
}

async fn ask<P: Ports>(
    site: &Site<'_, P>,
    subject: &Subject<'_>,
    fails: bool,
) -> Result<Option<u64>, Fault> {
    let (kind, text) = subject.parts();
    let key = site.ring.signing(Purpose::Throttle, &site.event.id);
    let tag = key.tag(&[kind.as_bytes(), text.as_bytes()]);
    let shard = tag.first().copied().unwrap_or(0) & 63;
    let counter = base64url(tag.get(..18).unwrap_or_default());
    let limit = subject.limit();
    let command = if fails {
        Command::Fail { counter, limit }
    } else {
        Command::Check { counter, limit }
    };
    let name = format!("{}/throttle/{shard}", site.event.id);
    Ok(
        match site.ports.ask::<ThrottleObject>(&name, &command).await? {
            Reply::Open => None,
            Reply::Closed { retry_after } => Some(retry_after),
        },
    )
}

/// Seconds to wait, if any of these counters is closed.
///
/// # Errors
/// [`Fault`] if a counter does not answer.
pub async fn closed<P: Ports>(
    site: &Site<'_, P>,
    subjects: &[Subject<'_>],
) -> Result<Option<u64>, Fault> {
    each(site, subjects, false).await
}

/// Counts a failure with each of these; seconds to wait if any was closed already.
///
/// # Errors
/// [`Fault`] if a counter does not answer.
pub async fn fail<P: Ports>(
    site: &Site<'_, P>,
    subjects: &[Subject<'_>],
) -> Result<Option<u64>, Fault> {
    each(site, subjects, true).await
}

async fn each<P: Ports>(
    site: &Site<'_, P>,
    subjects: &[Subject<'_>],
    fails: bool,
) -> Result<Option<u64>, Fault> {
    let mut wait = None;
    for subject in subjects {
        wait = wait.max(ask(site, subject, fails).await?);
    }
    Ok(wait)
}

/// The address a request comes from, as the edge reports it.
#[must_use]
pub fn address<'a, P>(site: &'a Site<'_, P>) -> &'a str {
    site.head.address.as_deref().unwrap_or("unknown")
}
