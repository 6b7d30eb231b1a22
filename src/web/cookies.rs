//! Our cookies: `__Host-…` with `Secure` over https, a plain name on loopback http (RFC 6265bis 4.1.3).

use super::inbound::Head;

/// Which cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cookie {
    /// Who is signed in.
    Session,
    /// A browser nobody has signed in with yet.
    Visit,
    /// Accounts this browser has signed in to before.
    KnownBrowser,
}

impl Cookie {
    fn name(self, https: bool) -> &'static str {
        match (self, https) {
            (Self::Session, true) => "__Host-willcall",
            (Self::Session, false) => "willcall",
            (Self::Visit, true) => "__Host-willcall-visit",
            (Self::Visit, false) => "willcall-visit",
            (Self::KnownBrowser, true) => "__Host-willcall-browser",
            (Self::KnownBrowser, false) => "willcall-browser",
        }
    }

    /// How long a browser keeps it, in seconds; none: until it is closed.
    fn max_age(self) -> Option<u64> {
        match self {
            Self::Session => Some(crate::token::cookie::SESSION_LIFETIME),
            Self::Visit => None,
            Self::KnownBrowser => Some(400 * crate::protocol::time::DAY),
        }
    }

    /// The values sent under this name. There may be several: another site of the same domain can
    /// set one without the prefix, so each is looked at and the signature decides.
    pub fn sent(self, head: &Head) -> impl Iterator<Item = &str> {
        let name = self.name(head.https);
        head.cookie
            .as_deref()
            .unwrap_or_default()
            .split(';')
            .filter_map(move |pair| {
                let (found, value) = pair.trim().split_once('=')?;
                (found == name).then_some(value)
            })
            .take(4)
    }

    /// The `Set-Cookie` value that sets it.
    #[must_use]
    pub fn set(self, head: &Head, value: &str) -> String {
        let age = self
            .max_age()
            .map(|age| format!("; Max-Age={age}"))
            .unwrap_or_default();
        self.line(head, value, &age)
    }

    /// The `Set-Cookie` value that removes it.
    #[must_use]
    pub fn remove(self, head: &Head) -> String {
        self.line(head, "", "; Max-Age=0")
    }

    fn line(self, head: &Head, value: &str, age: &str) -> String {
        let secure = if head.https { "; Secure" } else { "" };
        format!(
            "{}={value}; Path=/{age}{secure}; HttpOnly; SameSite=Lax",
            self.name(head.https)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contract_3_cookies_carry_no_domain_and_the_host_prefix_over_https() {
        let https = Head::new("GET", "https://reg.example/").unwrap();
        let line = Cookie::Session.set(&https, "v");
        assert_eq!(
            line,
            "__Host-willcall=v; Path=/; Max-Age=2592000; Secure; HttpOnly; SameSite=Lax"
        );
        let http = Head::new("GET", "http://localhost:1/").unwrap();
        assert_eq!(
            Cookie::Visit.set(&http, "v"),
            "willcall-visit=v; Path=/; HttpOnly; SameSite=Lax"
        );
        assert!(!Cookie::Session.remove(&https).contains("Domain"));
    }

    #[test]
    fn every_value_of_a_name_is_looked_at() {
        let mut head = Head::new("GET", "http://localhost/").unwrap();
        head.cookie = Some("a=1; willcall=x; willcall=y=z;willcall-visit=v; nonsense".into());
        assert_eq!(
            Cookie::Session.sent(&head).collect::<Vec<_>>(),
            ["x", "y=z"]
        );
    }
}
