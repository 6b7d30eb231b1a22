//! The error codes callers see (RFC 6749 sections 4.1.2.1 and 5.2, OpenID Connect Core 3.1.2.6).

/// Error codes of the authorization endpoint, sent by redirect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthorizationError {
    /// A parameter is missing, repeated or unusable.
    InvalidRequest,
    /// `response_type` is not `code`.
    UnsupportedResponseType,
    /// The client may not act on behalf of people here.
    UnauthorizedClient,
    /// A scope that is unknown, not approved, or for services only.
    InvalidScope,
    /// The person said no.
    AccessDenied,
    /// `prompt=none`, and nobody is signed in.
    LoginRequired,
    /// `prompt=none`, and the person would have to be asked.
    ConsentRequired,
    /// A fault of ours.
    ServerError,
    /// A fault of ours that may be gone in a moment.
    TemporarilyUnavailable,
}

impl AuthorizationError {
    /// The code on the wire.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::InvalidScope => "invalid_scope",
            Self::AccessDenied => "access_denied",
            Self::LoginRequired => "login_required",
            Self::ConsentRequired => "consent_required",
            Self::ServerError => "server_error",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
        }
    }
}

/// Error codes of the token, revocation and introspection endpoints, sent as JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenError {
    /// The request itself is wrong.
    InvalidRequest,
    /// Client authentication failed.
    InvalidClient,
    /// The code or refresh token is wrong, used, expired, ended or another's.
    InvalidGrant,
    /// This client may not do that here.
    UnauthorizedClient,
    /// No such `grant_type`.
    UnsupportedGrantType,
    /// A scope that cannot be had.
    InvalidScope,
    /// Try again later.
    TemporarilyUnavailable,
    /// A fault of ours.
    ServerError,
}

impl TokenError {
    /// The code on the wire.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidScope => "invalid_scope",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
            Self::ServerError => "server_error",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_authorization_errors_have_the_codes_of_the_specifications() {
        use AuthorizationError as E;
        for (error, code) in [
            (E::InvalidRequest, "invalid_request"),
            (E::UnsupportedResponseType, "unsupported_response_type"),
            (E::UnauthorizedClient, "unauthorized_client"),
            (E::InvalidScope, "invalid_scope"),
            (E::AccessDenied, "access_denied"),
            (E::LoginRequired, "login_required"),
            (E::ConsentRequired, "consent_required"),
            (E::ServerError, "server_error"),
            (E::TemporarilyUnavailable, "temporarily_unavailable"),
        ] {
            assert_eq!(error.code(), code);
        }
    }

    #[test]
    fn the_token_errors_have_the_codes_of_the_specifications() {
        use TokenError as E;
        for (error, code) in [
            (E::InvalidRequest, "invalid_request"),
            (E::InvalidClient, "invalid_client"),
            (E::InvalidGrant, "invalid_grant"),
            (E::UnauthorizedClient, "unauthorized_client"),
            (E::UnsupportedGrantType, "unsupported_grant_type"),
            (E::InvalidScope, "invalid_scope"),
            (E::TemporarilyUnavailable, "temporarily_unavailable"),
            (E::ServerError, "server_error"),
        ] {
            assert_eq!(error.code(), code);
        }
    }
}
