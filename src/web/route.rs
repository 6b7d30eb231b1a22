//! Which endpoint a path names, and which methods it takes. Aliases of the contract's section 1 are
//! the same endpoint.

/// An endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// RFC 6749 section 3.1.
    Authorize,
    /// RFC 6749 section 3.2.
    Token,
    /// RFC 7009.
    Revoke,
    /// RFC 7662.
    Introspect,
    /// RFC 8414.
    Metadata,
    /// The authenticated user.
    CurrentUser,
    /// One account, for services.
    User(String),
    /// All accounts, for services.
    Users,
    /// The event's front page.
    Front,
    /// What developers need to know of the event.
    Developer,
    /// Signing in.
    Login,
    /// Signing out.
    Logout,
    /// A person's own page.
    Account,
    /// Our consent form's answer.
    Consent,
    /// The person takes back what an application had.
    RevokeApplication(String),
    /// The person ends a session.
    EndSession(String),
    /// Personal access tokens.
    PersonalTokens,
    /// The person revokes a personal access token.
    RevokePersonalToken(String),
    /// A static file.
    Static(String),
    /// Liveness.
    Health,
    /// The operator API; what follows `/api/admin/`.
    Admin(Vec<String>),
}

impl Route {
    /// The endpoint of a path.
    #[must_use]
    pub fn of(path: &str) -> Option<Self> {
        Some(match path {
            "/oauth/authorize" | "/oauth2/authorize" | "/connect/authorize" => Self::Authorize,
            "/api/oauth/token" | "/oauth2/token" | "/connect/token" => Self::Token,
            "/api/oauth/revoke" | "/oauth2/revoke" | "/connect/revocation" => Self::Revoke,
            "/api/oauth/introspect" | "/oauth2/introspect" | "/connect/introspect" => {
                Self::Introspect
            }
            "/.well-known/oauth-authorization-server" => Self::Metadata,
            "/api/users/current" => Self::CurrentUser,
            "/api/users" => Self::Users,
            "/" => Self::Front,
            "/developer" => Self::Developer,
            "/login" => Self::Login,
            "/logout" => Self::Logout,
            "/account" => Self::Account,
            "/account/consent" => Self::Consent,
            "/account/tokens" => Self::PersonalTokens,
            "/healthz" => Self::Health,
            _ => return Self::with_id(path),
        })
    }

    fn with_id(path: &str) -> Option<Self> {
        let mut parts = path.split('/').skip(1);
        let parts: [Option<&str>; 5] = core::array::from_fn(|_| parts.next());
        match parts {
            [Some("api"), Some("admin"), Some(_), ..] => {
                let rest = path.strip_prefix("/api/admin/")?;
                let parts: Option<Vec<String>> =
                    rest.split('/').map(crate::web::route::segment).collect();
                Some(Self::Admin(parts?))
            }
            [Some("api"), Some("users"), Some(id), None, _] if !id.is_empty() => {
                Some(Self::User(segment(id)?))
            }
            [
                Some("account"),
                Some("applications"),
                Some(id),
                Some("revoke"),
                None,
            ] => Some(Self::RevokeApplication(segment(id)?)),
            [
                Some("account"),
                Some("sessions"),
                Some(id),
                Some("end"),
                None,
            ] => Some(Self::EndSession(segment(id)?)),
            [
                Some("account"),
                Some("tokens"),
                Some(id),
                Some("revoke"),
                None,
            ] => Some(Self::RevokePersonalToken(segment(id)?)),
            [Some("static"), Some(_), None, ..] => Some(Self::Static(path.to_owned())),
            _ => None,
        }
    }

    /// The endpoint of OAuth 2.0 that somebody probably wants who asks for an unknown path, with its method: another
    /// server's path for it, or ours with a slash too many.
    #[must_use]
    pub fn meant_by(path: &str) -> Option<&'static str> {
        match path.trim_end_matches('/').rsplit('/').next()? {
            "authorize" | "authorization" | "auth" => Some("GET /oauth/authorize"),
            "token" | "access_token" => Some("POST /api/oauth/token"),
            "revoke" | "revocation" => Some("POST /api/oauth/revoke"),
            "introspect" | "introspection" | "token_info" => Some("POST /api/oauth/introspect"),
            "userinfo" | "me" => Some("GET /api/users/current"),
            _ => None,
        }
    }

    /// The methods it takes; `HEAD` goes with `GET`.
    #[must_use]
    pub fn methods(&self) -> &'static [&'static str] {
        match self {
            Self::Authorize | Self::Login | Self::Logout => &["GET", "HEAD", "POST"],
            Self::Token | Self::Revoke => &["POST", "OPTIONS"],
            Self::Introspect
            | Self::Consent
            | Self::RevokeApplication(_)
            | Self::EndSession(_)
            | Self::RevokePersonalToken(_) => &["POST"],
            Self::PersonalTokens => &["GET", "HEAD", "POST"],
            Self::Metadata | Self::CurrentUser | Self::User(_) | Self::Users => {
                &["GET", "HEAD", "OPTIONS"]
            }
            Self::Front | Self::Developer | Self::Account | Self::Static(_) | Self::Health => {
                &["GET", "HEAD"]
            }
            // The operator API's own table says what each of its paths takes.
            Self::Admin(_) => &[],
        }
    }

    /// Whether any origin may read the answer, without credentials (contract 1).
    #[must_use]
    pub fn is_open_to_any_origin(&self) -> bool {
        matches!(
            self,
            Self::Token
                | Self::Revoke
                | Self::Metadata
                | Self::CurrentUser
                | Self::User(_)
                | Self::Users
        )
    }

    /// Whether it answers programs, with JSON, rather than people, with pages.
    #[must_use]
    pub fn is_for_programs(&self) -> bool {
        self.is_open_to_any_origin()
            || matches!(self, Self::Introspect | Self::Health | Self::Admin(_))
    }

    /// Whether it answers on any host.
    #[must_use]
    pub fn is_on_any_host(&self) -> bool {
        matches!(self, Self::Health | Self::Admin(_))
    }
}

/// One percent-decoded path segment; a plus sign stands for itself here.
fn segment(text: &str) -> Option<String> {
    crate::protocol::encoding::form_decode(text.replace('+', "%2B").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contract_1_aliases_are_the_same_endpoint() {
        for (canonical, aliases) in [
            (
                "/oauth/authorize",
                ["/oauth2/authorize", "/connect/authorize"],
            ),
            ("/api/oauth/token", ["/oauth2/token", "/connect/token"]),
            (
                "/api/oauth/revoke",
                ["/oauth2/revoke", "/connect/revocation"],
            ),
            (
                "/api/oauth/introspect",
                ["/oauth2/introspect", "/connect/introspect"],
            ),
        ] {
            for alias in aliases {
                assert_eq!(Route::of(alias), Route::of(canonical));
                assert!(Route::of(alias).is_some());
            }
        }
    }

    #[test]
    fn paths_are_exact() {
        for unknown in [
            "/oauth/authorize/",
            "//",
            "/Login",
            "/api/users/",
            "/api/users/a/b",
            "/api/admin",
            "",
            "/account/",
            "/developer/",
        ] {
            assert_eq!(Route::of(unknown), None, "{unknown}");
        }
        assert_eq!(
            Route::of("/api/users/a%2Fb"),
            Some(Route::User("a/b".into()))
        );
        assert_eq!(Route::of("/api/users/%ff"), None);
        assert_eq!(
            Route::of("/api/admin/events/a.localhost/scopes"),
            Some(Route::Admin(vec![
                "events".into(),
                "a.localhost".into(),
                "scopes".into()
            ]))
        );
    }
}
