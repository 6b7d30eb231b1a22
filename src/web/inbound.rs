//! A request as the endpoints see it: its head. The body is read later, and only where one is taken.

/// Longest request target of an authorization request, in bytes (contract 2).
pub const LONGEST_AUTHORIZATION: usize = 8 * 1024;

/// The head of a request.
#[derive(Clone, Debug, Default)]
pub struct Head {
    /// The method, upper-case.
    pub method: String,
    /// Whether the scheme of the request's URL is https.
    pub https: bool,
    /// The host, lower-case, without port.
    pub host: String,
    /// The host as the URL has it, with its port if it has one.
    pub authority: String,
    /// The path, as sent.
    pub path: String,
    /// The query, as sent, without the question mark.
    pub query: String,
    /// `Authorization`.
    pub authorization: Option<String>,
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// `Cookie`.
    pub cookie: Option<String>,
    /// `Origin`.
    pub origin: Option<String>,
    /// `User-Agent`.
    pub user_agent: Option<String>,
    /// `Accept`.
    pub accept: Option<String>,
    /// `CF-Connecting-IP`.
    pub address: Option<String>,
    /// The TLS version the edge reports, such as `TLSv1.3`.
    pub tls: Option<String>,
}

impl Head {
    /// Takes a request's URL apart. `None` if it is not http or https, which no server hands us.
    #[must_use]
    pub fn new(method: &str, url: &str) -> Option<Self> {
        let (https, rest) = match url.split_once("://")? {
            ("https", rest) => (true, rest),
            ("http", rest) => (false, rest),
            _ => return None,
        };
        let rest = rest.split('#').next().unwrap_or_default();
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at_checked(end)?;
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let authority = authority.to_lowercase();
        let host = match authority.rfind(':') {
            // The colons of an IPv6 literal stand before its bracket.
            Some(at) if authority.rfind(']').is_none_or(|bracket| at > bracket) => {
                authority.get(..at)?
            }
            _ => &authority,
        };
        Some(Self {
            method: method.to_ascii_uppercase(),
            https,
            host: host.to_owned(),
            authority: authority.clone(),
            path: if path.is_empty() {
                String::from("/")
            } else {
                path.to_owned()
            },
            query: query.to_owned(),
            ..Self::default()
        })
    }

    /// The request's own origin (RFC 6454 section 7).
    #[must_use]
    pub fn own_origin(&self) -> String {
        format!(
            "{}://{}",
            if self.https { "https" } else { "http" },
            self.authority
        )
    }

    /// Whether an `Origin` header names somebody else. With `Referrer-Policy: no-referrer` browsers send
    /// `null` for a page's own form, so `null` is nobody else; the form's token proves the form.
    #[must_use]
    pub fn has_foreign_origin(&self) -> bool {
        self.origin
            .as_deref()
            .is_some_and(|origin| origin != "null" && origin != self.own_origin())
    }

    /// Whether the edge reports a TLS version below 1.2.
    #[must_use]
    pub fn has_old_tls(&self) -> bool {
        matches!(
            self.tls.as_deref(),
            Some("SSLv2" | "SSLv3" | "TLSv1" | "TLSv1.0" | "TLSv1.1")
        )
    }

    /// The media type of the body, lower-case, without parameters.
    #[must_use]
    pub fn media_type(&self) -> Option<String> {
        let text = self.content_type.as_deref()?;
        Some(
            text.split(';')
                .next()
                .unwrap_or_default()
                .trim()
                .to_ascii_lowercase(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contract_1_the_host_is_lower_case_and_has_no_port() {
        let host = |url: &str| Head::new("get", url).unwrap().host;
        assert_eq!(host("https://Reg.Example.org/x"), "reg.example.org");
        assert_eq!(host("http://a.localhost:8787"), "a.localhost");
        assert_eq!(host("http://[::1]:8787/"), "[::1]");
        assert_eq!(host("http://[::1]/"), "[::1]");
        assert_eq!(host("https://reg.example.org./"), "reg.example.org.");
        assert!(Head::new("GET", "ftp://x/").is_none());
        let head = Head::new("GET", "http://h:1?a=/b?c#d").unwrap();
        assert_eq!((head.path.as_str(), head.query.as_str()), ("/", "a=/b?c"));
    }

    #[test]
    fn contract_3_null_is_not_a_foreign_origin() {
        let mut head = Head::new("POST", "http://localhost:8787/login").unwrap();
        for (origin, foreign) in [
            (None, false),
            (Some("null"), false),
            (Some("http://localhost:8787"), false),
            (Some("http://localhost:8788"), true),
            (Some("https://localhost:8787"), true),
            (Some("https://evil.example"), true),
            (Some(""), true),
        ] {
            head.origin = origin.map(str::to_owned);
            assert_eq!(head.has_foreign_origin(), foreign, "{origin:?}");
        }
    }
}
