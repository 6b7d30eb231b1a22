//! Redirect URIs (RFC 6749 section 3.1.2, RFC 8252 sections 7.1 and 7.3, RFC 9700 section 2.1).
//!
//! An answer can be sent to a [`ConfirmedRedirectUri`] only, and there is one way to get one:
//! [`confirm`], against what is registered. So an open redirect cannot be written.

use super::client::ClientType;
use super::encoding::{form_decode, form_pairs};

/// What an answer is told by. A client that met it twice might believe the one that is registered (RFC 6749 section 3.1,
/// RFC 9207 section 2.4).
const OF_ANSWERS: [&str; 6] = [
    "code",
    "state",
    "iss",
    "error",
    "error_description",
    "error_uri",
];

/// Why a URI cannot be registered. The text is for the developer who registers it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the redirect URI {0}")]
pub struct NotRegistrable(&'static str);

/// Checks a URI for registration.
///
/// # Errors
/// [`NotRegistrable`] unless it is absolute, without fragment, userinfo, wildcard and parameters that answers have, and
/// `https`, `http` to a loopback name, or (public clients) a private-use scheme with a dot.
pub fn registrable(uri: &str, client_type: ClientType) -> Result<(), NotRegistrable> {
    if uri.len() > 1000 {
        return Err(NotRegistrable("must be at most 1000 characters long"));
    }
    if !uri
        .bytes()
        .all(|byte| (0x21..=0x7e).contains(&byte) && !b"\"<>\\^`{|}".contains(&byte))
    {
        return Err(NotRegistrable(
            "contains a character that is not allowed in a URI: percent-encode it",
        ));
    }
    if uri.contains('#') {
        return Err(NotRegistrable("must not have a fragment"));
    }
    if uri.contains('*') {
        return Err(NotRegistrable(
            "must not contain a wildcard: register each URI in full",
        ));
    }
    let query = uri.split_once('?').map_or("", |(_, query)| query);
    if query.split('&').any(is_of_answers) {
        return Err(NotRegistrable(
            "must not have a query parameter that answers use: code, state, iss, error, error_description, error_uri",
        ));
    }
    let Some((scheme, rest)) = uri.split_once(':') else {
        return Err(NotRegistrable(
            "must be absolute, such as https://app.example/callback",
        ));
    };
    match scheme {
        "https" | "http" => {
            let Some(authority) = authority(rest) else {
                return Err(NotRegistrable("must name a host after //"));
            };
            if authority.contains('@') {
                return Err(NotRegistrable("must not contain a user name or password"));
            }
            let Some((host, port)) = host_and_port(authority) else {
                return Err(NotRegistrable("must have a valid host and port"));
            };
            // Rust's numbers may have a sign.
            let is_port = |port: &str| !port.starts_with('+') && port.parse::<u16>().is_ok();
            if port.is_some_and(|port| !is_port(port)) {
                return Err(NotRegistrable("must have a port from 0 to 65535"));
            }
            if !is_host(host) {
                return Err(NotRegistrable("must have a valid host"));
            }
            if scheme == "http" && !matches!(host, "localhost" | "127.0.0.1" | "[::1]") {
                return Err(NotRegistrable(
                    "must be https; http is allowed only for localhost, 127.0.0.1 and [::1]",
                ));
            }
            Ok(())
        }
        private => {
            let sound = private.contains('.')
                && private.starts_with(|first: char| first.is_ascii_alphabetic())
                && private
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
                && !rest.is_empty();
            if !sound {
                return Err(NotRegistrable(
                    "must be https or, for an app, have a private-use scheme with a dot, such as com.example.app:/callback",
                ));
            }
            if client_type != ClientType::Public {
                return Err(NotRegistrable(
                    "can have a private-use scheme only for a public client",
                ));
            }
            if authority(rest).is_some_and(|authority| authority.contains('@')) {
                return Err(NotRegistrable("must not contain a user name or password"));
            }
            Ok(())
        }
    }
}

/// Whether a parameter has the name of one that answers have.
fn is_of_answers(pair: &str) -> bool {
    let name = pair.split('=').next().unwrap_or_default();
    form_decode(name.as_bytes()).is_some_and(|name| OF_ANSWERS.contains(&&*name))
}

/// A host name, an IPv4 address, or an IPv6 one in brackets (RFC 3986 section 3.2.2).
fn is_host(host: &str) -> bool {
    match host.strip_prefix('[') {
        Some(rest) => rest
            .strip_suffix(']')
            .is_some_and(|literal| literal.parse::<core::net::Ipv6Addr>().is_ok()),
        None => {
            !host.is_empty()
                && host
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
        }
    }
}

/// The authority after `//`, if there is one.
fn authority(rest: &str) -> Option<&str> {
    let rest = rest.strip_prefix("//")?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    rest.get(..end)
}

fn host_and_port(authority: &str) -> Option<(&str, Option<&str>)> {
    if authority.starts_with('[') {
        let end = authority.find(']')?;
        let (host, rest) = authority.split_at_checked(end + 1)?;
        return match rest.strip_prefix(':') {
            Some(port) => Some((host, Some(port))),
            None if rest.is_empty() => Some((host, None)),
            None => None,
        };
    }
    match authority.split_once(':') {
        Some((_, port)) if port.contains(':') => None,
        Some((host, port)) => Some((host, Some(port))),
        None => Some((authority, None)),
    }
}

/// A redirect URI that is registered for the client at hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfirmedRedirectUri(String);

/// Matches the URI of a request against those registered; `None` if it is not one of them, or
/// if it was left out and there is not exactly one.
#[must_use]
pub fn confirm(
    asked: Option<&str>,
    registered: &[String],
    client_type: ClientType,
) -> Option<ConfirmedRedirectUri> {
    match (asked, registered) {
        (None, [only]) => Some(ConfirmedRedirectUri(only.clone())),
        (None, _) => None,
        (Some(asked), _) => registered
            .iter()
            .any(|known| {
                known == asked || (client_type == ClientType::Public && same_but_port(known, asked))
            })
            .then(|| ConfirmedRedirectUri(asked.to_owned())),
    }
}

/// RFC 8252 section 7.3: a native app listens on whatever port it was given, so for loopback IP
/// literals the port does not count. The name `localhost` is not an IP literal.
fn same_but_port(registered: &str, asked: &str) -> bool {
    ["http://127.0.0.1", "http://[::1]"].iter().any(|origin| {
        match (registered.strip_prefix(origin), asked.strip_prefix(origin)) {
            (Some(registered), Some(asked)) => {
                match (without_port(registered), without_port(asked)) {
                    (Some(registered), Some(asked)) => registered == asked,
                    _ => false,
                }
            }
            _ => false,
        }
    })
}

/// What follows the port of `:8080/path`; `None` if what stands there is no port, path or query.
fn without_port(rest: &str) -> Option<&str> {
    let Some(port_and_path) = rest.strip_prefix(':') else {
        return (rest.is_empty() || rest.starts_with(['/', '?'])).then_some(rest);
    };
    let end = port_and_path
        .find(['/', '?'])
        .unwrap_or(port_and_path.len());
    let (port, path) = port_and_path.split_at_checked(end)?;
    let sound =
        !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok();
    sound.then_some(path)
}

impl ConfirmedRedirectUri {
    /// The URI as it was registered (but for the port of a loopback address).
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The URI with these parameters added to its query (RFC 6749 section 4.1.2).
    #[must_use]
    pub fn with_query(&self, pairs: &[(&str, &str)]) -> String {
        let joint = match self.0.split_once('?') {
            None => "?",
            Some((_, "")) => "",
            Some((_, query)) if query.ends_with('&') => "",
            Some(_) => "&",
        };
        format!("{}{joint}{}", self.0, form_pairs(pairs.iter().copied()))
    }

    /// The URI with these parameters as its fragment.
    #[must_use]
    pub fn with_fragment(&self, pairs: &[(&str, &str)]) -> String {
        format!("{}#{}", self.0, form_pairs(pairs.iter().copied()))
    }

    /// Where a person is sent, in words: the host, or the app's own scheme.
    #[must_use]
    pub fn for_people(&self) -> String {
        match self.0.split_once(':') {
            Some(("https" | "http", rest)) => authority(rest).unwrap_or_default().to_owned(),
            Some((scheme, _)) => format!("the app {scheme}"),
            None => String::new(),
        }
    }

    /// Whether a browser itself goes there, rather than an app.
    #[must_use]
    pub fn is_web(&self) -> bool {
        self.0.starts_with("https:") || self.0.starts_with("http:")
    }

    /// Whether the URI is `https`, so that nobody but its host's owner can receive the answer.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.0.starts_with("https:")
    }
}

#[cfg(test)]
mod tests;
