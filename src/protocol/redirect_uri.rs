//! Redirect URIs (RFC 6749 section 3.1.2, RFC 8252 sections 7.1 and 7.3, RFC 9700 section 2.1).
//!
//! An answer can be sent to a [`ConfirmedRedirectUri`] only, and there is one way to get one:
//! [`confirm`], against what is registered. So an open redirect cannot be written.

use super::client::ClientType;
use super::encoding::form_pairs;

/// Why a URI cannot be registered. The text is for the developer who registers it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("redirect URI {0}")]
pub struct NotRegistrable(&'static str);

/// Checks a URI for registration.
///
/// # Errors
/// [`NotRegistrable`] unless it is absolute, without fragment, userinfo and wildcard, and
/// `https`, `http` to a loopback name, or (public clients) a private-use scheme with a dot.
pub fn registrable(uri: &str, client_type: ClientType) -> Result<(), NotRegistrable> {
    if uri.len() > 1000 {
        return Err(NotRegistrable("must be at most 1000 characters"));
    }
    if !uri
        .bytes()
        .all(|byte| (0x21..=0x7e).contains(&byte) && !b"\"<>\\^`{|}".contains(&byte))
    {
        return Err(NotRegistrable(
            "has a character that no URI has; percent-encode it",
        ));
    }
    if uri.contains('#') {
        return Err(NotRegistrable("must have no fragment"));
    }
    if uri.contains('*') {
        return Err(NotRegistrable(
            "must have no wildcard: register each URI in full",
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
                return Err(NotRegistrable("must have no user name or password"));
            }
            let Some((host, port)) = host_and_port(authority) else {
                return Err(NotRegistrable("must have a valid host and port"));
            };
            if port.is_some_and(|port| port.parse::<u16>().is_err()) {
                return Err(NotRegistrable("must have a port from 0 to 65535"));
            }
            if !is_host(host) {
                return Err(NotRegistrable("must have a valid host"));
            }
            if scheme == "http" && !matches!(host, "localhost" | "127.0.0.1" | "[::1]") {
                return Err(NotRegistrable(
                    "must be https; http is for localhost, 127.0.0.1 and [::1] only",
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
                    "must be https, or for an app a private-use scheme with a dot, such as com.example.app:/callback",
                ));
            }
            if client_type != ClientType::Public {
                return Err(NotRegistrable(
                    "with a private-use scheme is for public clients only",
                ));
            }
            if authority(rest).is_some_and(|authority| authority.contains('@')) {
                return Err(NotRegistrable("must have no user name or password"));
            }
            Ok(())
        }
    }
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

    /// The source expression that lets a form's answer redirect here (CSP `form-action`):
    /// scheme and authority, or the scheme alone for a private-use one.
    #[must_use]
    pub fn csp_source(&self) -> String {
        match self.0.split_once(':') {
            // CSP has no syntax for an IPv6 literal, so there it is the scheme.
            Some((scheme @ ("https" | "http"), rest)) => match authority(rest) {
                Some(authority) if !authority.starts_with('[') => format!("{scheme}://{authority}"),
                _ => format!("{scheme}:"),
            },
            Some((scheme, _)) => format!("{scheme}:"),
            None => String::from("'none'"),
        }
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

    /// Whether the URI is `https`, so that nobody but its host's owner can receive the answer.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.0.starts_with("https:")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PUBLIC: ClientType = ClientType::Public;
    const CONFIDENTIAL: ClientType = ClientType::Confidential;

    #[test]
    fn contract_7_redirect_uris_that_cannot_be_registered() {
        for bad in [
            "",
            "/callback",
            "app.example/callback",
            "http://app.example/callback",
            "https://app.example/callback#top",
            "https://user@app.example/",
            "https://*.app.example/",
            "https://",
            "https:///callback",
            "https://[zz]/",
            "https://[::1/",
            "https://a!b/",
            "https://app.example:99999/",
            "http://localhost.evil.example/",
            "http://127.0.0.1.evil.example/",
            "http://127.0.0.1@evil.example/",
            "javascript:alert(1)",
            "data:text/html,x",
            "https://app.example/a b",
            "https://app.example/\u{e9}",
            "https://app.example/\r\nx",
            "myapp:/callback",
            "com.example.app:",
            "https://a\\b/",
        ] {
            assert!(registrable(bad, PUBLIC).is_err(), "{bad}");
            assert!(registrable(bad, CONFIDENTIAL).is_err(), "{bad}");
        }
        assert!(registrable("com.example.app:/callback", CONFIDENTIAL).is_err());
    }

    #[test]
    fn contract_7_redirect_uris_that_can_be_registered() {
        for good in [
            "https://app.example/callback",
            "https://app.example:8443/callback?x=1",
            "http://localhost:3000/cb",
            "http://127.0.0.1/cb",
            "http://[::1]:9/cb",
        ] {
            assert_eq!(registrable(good, CONFIDENTIAL), Ok(()), "{good}");
        }
        assert_eq!(registrable("com.example.app:/callback", PUBLIC), Ok(()));
    }

    #[test]
    fn the_developer_is_told_why_a_uri_cannot_be_registered() {
        let character = "has a character that no URI has; percent-encode it";
        let host_and_port = "must have a valid host and port";
        let private = "must be https, or for an app a private-use scheme with a dot, such as com.example.app:/callback";
        let user = "must have no user name or password";
        for (bad, why) in [
            ("https://a/\u{7f}", character),
            ("https://a/ ", character),
            ("https://a/{x}", character),
            ("https://a/#", "must have no fragment"),
            (
                "https://a/*",
                "must have no wildcard: register each URI in full",
            ),
            (
                "//a/cb",
                "must be absolute, such as https://app.example/callback",
            ),
            ("https:a/cb", "must name a host after //"),
            ("https://u:p@a/", user),
            ("com.example.app://u@a/", user),
            ("https://a:1:2/", host_and_port),
            ("https://[::1/", host_and_port),
            ("https://[::1]x/", host_and_port),
            ("https://[::1]x:1/", host_and_port),
            ("https://a:/", "must have a port from 0 to 65535"),
            ("https://a:65536/", "must have a port from 0 to 65535"),
            ("https:///", "must have a valid host"),
            ("https://:443/", "must have a valid host"),
            ("https://a!b/", "must have a valid host"),
            ("https://[1.2.3.4]/", "must have a valid host"),
            (
                "http://[::2]/",
                "must be https; http is for localhost, 127.0.0.1 and [::1] only",
            ),
            ("myapp:/cb", private),
            ("1com.example:/cb", private),
            (".com.example:/cb", private),
            ("com_example.app:/cb", private),
            ("com.example.app:", private),
        ] {
            assert_eq!(registrable(bad, PUBLIC), Err(NotRegistrable(why)), "{bad}");
        }
        assert_eq!(
            registrable("com.example.app:/cb", CONFIDENTIAL),
            Err(NotRegistrable(
                "with a private-use scheme is for public clients only"
            ))
        );
    }

    #[test]
    fn a_uri_has_at_most_1000_characters() {
        let of_length = |length: usize| format!("https://a/{}", "x".repeat(length - 10));
        assert_eq!(registrable(&of_length(1000), CONFIDENTIAL), Ok(()));
        for length in [1001, 2000] {
            assert_eq!(
                registrable(&of_length(length), CONFIDENTIAL),
                Err(NotRegistrable("must be at most 1000 characters"))
            );
        }
    }

    #[test]
    fn hosts_and_schemes_of_every_form_can_be_registered() {
        for good in [
            "https://a-b_c.example",
            "https://a?x=1",
            "https://192.0.2.1/",
            "https://[2001:db8::1]/",
            "https://[2001:db8::1]:65535/",
            "http://[::1]/cb",
            "http://localhost:0",
        ] {
            assert_eq!(registrable(good, CONFIDENTIAL), Ok(()), "{good}");
        }
        for good in ["com.example-2+x.app:/cb", "Com.Example://host/cb"] {
            assert_eq!(registrable(good, PUBLIC), Ok(()), "{good}");
        }
    }

    #[test]
    fn contract_2_redirect_uri_matches_byte_for_byte() {
        let registered = vec![String::from("https://app.example/cb")];
        for bad in [
            "https://app.example/cb/",
            "https://app.example/cb?x",
            "https://APP.example/cb",
            "https://app.example:443/cb",
            "https://app.example/%63b",
            "https://app.example/cb#",
        ] {
            assert_eq!(confirm(Some(bad), &registered, PUBLIC), None, "{bad}");
        }
        assert!(confirm(Some("https://app.example/cb"), &registered, PUBLIC).is_some());
        assert!(confirm(None, &registered, PUBLIC).is_some());
        assert_eq!(confirm(None, &[], PUBLIC), None);
        let two = vec![
            String::from("https://a.example/"),
            String::from("https://b.example/"),
        ];
        assert_eq!(confirm(None, &two, PUBLIC), None);
    }

    #[test]
    fn rfc8252_7_3_a_public_clients_loopback_ip_matches_on_any_port() {
        let registered = vec![
            String::from("http://127.0.0.1/cb"),
            String::from("http://[::1]:1/cb"),
        ];
        for good in [
            "http://127.0.0.1:5000/cb",
            "http://127.0.0.1/cb",
            "http://[::1]:65535/cb",
        ] {
            assert!(confirm(Some(good), &registered, PUBLIC).is_some(), "{good}");
        }
        assert_eq!(
            confirm(Some("http://127.0.0.1:5000/cb"), &registered, CONFIDENTIAL),
            None
        );
        for bad in [
            "http://127.0.0.1:5000/other",
            "http://127.0.0.1:/cb",
            "http://127.0.0.1:x/cb",
            "http://127.0.0.1:99999/cb",
            "http://127.0.0.1:+1/cb",
            "http://127.0.0.1.evil.example/cb",
            "http://127.0.0.1:5@evil.example/cb",
            "http://localhost:5000/cb",
            "https://127.0.0.1:5000/cb",
        ] {
            assert_eq!(confirm(Some(bad), &registered, PUBLIC), None, "{bad}");
        }
        let bare = vec![String::from("http://127.0.0.1")];
        for good in ["http://127.0.0.1", "http://127.0.0.1:5000"] {
            assert!(confirm(Some(good), &bare, PUBLIC).is_some(), "{good}");
        }
        for bad in [
            "http://127.0.0.1:5000/",
            "http://127.0.0.1/",
            "http://127.0.0.11",
            "http://[::1]",
        ] {
            assert_eq!(confirm(Some(bad), &bare, PUBLIC), None, "{bad}");
        }
        let name = vec![String::from("http://localhost:3000/cb")];
        assert_eq!(
            confirm(Some("http://localhost:3001/cb"), &name, PUBLIC),
            None
        );
    }

    #[test]
    fn parameters_join_the_query_that_is_there() {
        let uri = |text: &str| ConfirmedRedirectUri(text.to_owned());
        let pairs = [("code", "a b"), ("state", "x&y")];
        assert_eq!(
            uri("https://a/").with_query(&pairs),
            "https://a/?code=a%20b&state=x%26y"
        );
        assert_eq!(
            uri("https://a/?k=v").with_query(&pairs),
            "https://a/?k=v&code=a%20b&state=x%26y"
        );
        assert_eq!(
            uri("https://a/?").with_query(&pairs),
            "https://a/?code=a%20b&state=x%26y"
        );
        assert_eq!(uri("https://a:8/x").csp_source(), "https://a:8");
        assert_eq!(uri("http://[::1]:8/x").csp_source(), "http:");
        assert_eq!(uri("com.example.app:/x").csp_source(), "com.example.app:");
    }

    #[test]
    fn parameters_join_a_query_that_ends_open_and_a_fragment() {
        let uri = |text: &str| ConfirmedRedirectUri(text.to_owned());
        let pairs = [("code", "a b"), ("state", "x&y")];
        assert_eq!(
            uri("https://a/?k=v&").with_query(&pairs),
            "https://a/?k=v&code=a%20b&state=x%26y"
        );
        assert_eq!(
            uri("https://a/?k=v").with_fragment(&pairs),
            "https://a/?k=v#code=a%20b&state=x%26y"
        );
    }

    #[test]
    fn the_answer_goes_where_it_was_asked_to_or_to_the_only_uri_there_is() {
        let registered = vec![String::from("http://127.0.0.1/cb")];
        for (asked, confirmed) in [
            (None, "http://127.0.0.1/cb"),
            (Some("http://127.0.0.1:5000/cb"), "http://127.0.0.1:5000/cb"),
        ] {
            let found = confirm(asked, &registered, PUBLIC).unwrap();
            assert_eq!(found.as_str(), confirmed);
        }
    }

    #[test]
    fn a_person_is_told_the_host_or_the_app() {
        let confirmed = |text: &str| {
            confirm(None, &[text.to_owned()], PUBLIC).map(|uri| (uri.for_people(), uri.is_https()))
        };
        for (uri, said, https) in [
            ("https://a.example:8/x?y", "a.example:8", true),
            ("http://127.0.0.1:8/x", "127.0.0.1:8", false),
            ("com.example.app:/x", "the app com.example.app", false),
        ] {
            assert_eq!(confirmed(uri), Some((said.into(), https)), "{uri}");
        }
    }

    proptest! {
        #[test]
        fn no_input_is_confirmed_that_is_not_registered(
            asked in "(https|http|com\\.app):(//)?[a-z0-9.:@\\[\\]/?#*]{0,20}",
        ) {
            let registered = vec![String::from("https://app.example/cb"), String::from("http://127.0.0.1/cb")];
            if let Some(confirmed) = confirm(Some(&asked), &registered, PUBLIC) {
                let text = confirmed.as_str();
                let loopback = text.starts_with("http://127.0.0.1") && text.ends_with("/cb");
                prop_assert!(registered.iter().any(|known| known == text) || loopback);
            }
        }

        #[test]
        fn registration_never_panics(uri in "\\PC{0,60}") {
            let _ = registrable(&uri, PUBLIC);
            let _ = confirm(Some(&uri), std::slice::from_ref(&uri), PUBLIC).map(|c| c.csp_source());
        }
    }
}
