//! Asking the counters of failures. Their names are keyed hashes, so what is stored tells nothing.

use std::net::IpAddr;

use futures_util::future::try_join_all;

use super::Site;
use crate::account::throttle::{Command, Reply, ThrottleObject};
use crate::protocol::encoding::base64url;
use crate::store::ports::{Fault, Ports};
use crate::token::key::Purpose;
use crate::token::random_id;

/// Whose failures.
#[derive(Clone, Copy, Debug)]
pub enum Subject<'a> {
    /// Of an e-mail address, known or not.
    Email(&'a str),
    /// Of a browser that has signed in to this account before.
    KnownBrowser(&'a str),
    /// Of a client.
    Client(&'a str),
    /// Of those who sign in from an address.
    Address(&'a str),
    /// Of clients at an address: a script that does not stop must not keep the people behind the same address out.
    ClientAddress(&'a str),
}

impl Subject<'_> {
    fn parts(&self) -> (&'static str, &str) {
        match self {
            Self::Email(text) => ("email", text),
            Self::KnownBrowser(text) => ("browser", text),
            Self::Client(text) => ("client", text),
            Self::Address(text) => ("address", text),
            Self::ClientAddress(text) => ("client address", text),
        }
    }

    fn limit(&self) -> usize {
        match self {
            Self::Address(_) | Self::ClientAddress(_) => crate::account::throttle::PER_ADDRESS,
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
        Command::Fail {
            counter,
            limit,
            attempt: Some(random_id("", site.ports)),
        }
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
    let asked = subjects.iter().map(|subject| ask(site, subject, fails));
    Ok(try_join_all(asked).await?.into_iter().max().flatten())
}

/// The address a request comes from, as the edge reports it; of an IPv6 one the network.
#[must_use]
pub fn address<P>(site: &Site<'_, P>) -> String {
    site.head
        .address
        .as_deref()
        .map_or_else(|| String::from("unknown"), network)
}

/// Who has one IPv6 address has 2^64 of them (RFC 6177): what counts is the first half.
fn network(address: &str) -> String {
    match address.trim().parse::<IpAddr>() {
        Ok(IpAddr::V6(address)) => match address.to_ipv4_mapped() {
            Some(address) => address.to_string(),
            None => {
                let [a, b, c, d, ..] = address.segments();
                format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
            }
        },
        Ok(IpAddr::V4(address)) => address.to_string(),
        Err(_) => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::network;

    #[test]
    fn contract_4_the_addresses_of_one_network_count_as_one() {
        for same in [
            "2001:db8:1:2::1",
            "2001:DB8:1:2:ffff::9",
            " 2001:db8:1:2:: ",
        ] {
            assert_eq!(network(same), "2001:db8:1:2::/64");
        }
        assert_ne!(network("2001:db8:1:3::1"), network("2001:db8:1:2::1"));
        assert_eq!(network("::ffff:192.0.2.7"), "192.0.2.7");
        assert_eq!(network("192.0.2.7"), "192.0.2.7");
        assert_eq!(network("no address"), "no address");
    }
}
