//! Answers. Each kind fixes its own security headers, so that no endpoint can forget them.

use std::borrow::Cow;

use serde::Serialize;

use crate::protocol::error::TokenError;

/// Where the forms of a page lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forms {
    /// To pages of ours, and from there to no other's.
    StayHere,
    /// Sooner or later to an application. Chromium holds every redirect that follows a form post against
    /// `form-action`, those of the application's own callback too: to another host of its maker's, or into an app by
    /// its scheme. No list can name them, and where one hop is missing the browser stops after the code is spent.
    LeadToAnApplication,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// Header names (lower-case) and values; a name may occur twice.
    pub headers: Vec<(&'static str, Cow<'static, str>)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Reply {
    fn new(status: u16, content_type: Option<&'static str>, body: Vec<u8>) -> Self {
        let mut headers = vec![
            ("x-content-type-options", Cow::Borrowed("nosniff")),
            ("referrer-policy", Cow::Borrowed("no-referrer")),
            ("x-frame-options", Cow::Borrowed("DENY")),
        ];
        if let Some(content_type) = content_type {
            headers.push(("content-type", Cow::Borrowed(content_type)));
        }
        Self {
            status,
            headers,
            body,
        }
    }

    /// A page.
    #[must_use]
    pub fn page(status: u16, html: String, forms: Forms) -> Self {
        let policy = match forms {
            Forms::StayHere => {
                "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; base-uri 'none'; \
                 frame-ancestors 'none'; form-action 'self'"
            }
            Forms::LeadToAnApplication => {
                "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; base-uri 'none'; \
                 frame-ancestors 'none'"
            }
        };
        Self::new(status, Some("text/html; charset=utf-8"), html.into_bytes())
            .with("content-security-policy", policy)
            .with("cache-control", "no-store")
    }

    /// JSON, never cached.
    #[must_use]
    pub fn json<T: Serialize>(status: u16, value: &T) -> Self {
        // What we send are our own structs of texts and numbers: they always have a JSON form.
        let body = serde_json::to_vec(value).unwrap_or_else(|_| b"{}".to_vec());
        Self::json_bytes(status, body)
    }

    /// A success whose JSON is there already, never cached.
    #[must_use]
    pub fn json_text(text: &str) -> Self {
        Self::json_bytes(200, text.as_bytes().to_vec())
    }

    fn json_bytes(status: u16, body: Vec<u8>) -> Self {
        Self::new(status, Some("application/json"), body)
            .with(
                "content-security-policy",
                "default-src 'none'; frame-ancestors 'none'",
            )
            .with("cache-control", "no-store")
            .with("pragma", "no-cache")
    }

    /// `{"error", "error_description"}`.
    #[must_use]
    pub fn error(status: u16, error: &str, description: &str) -> Self {
        #[derive(Serialize)]
        struct Body<'a> {
            error: &'a str,
            error_description: &'a str,
        }
        Self::json(
            status,
            &Body {
                error,
                error_description: description,
            },
        )
    }

    /// An error of RFC 6749 section 5.2.
    #[must_use]
    pub fn token_error(status: u16, error: TokenError, description: &str) -> Self {
        Self::error(status, error.code(), description)
    }

    /// 303 to `location`.
    #[must_use]
    pub fn see_other(location: String) -> Self {
        Self::new(303, None, Vec::new())
            .with("location", location)
            .with(
                "content-security-policy",
                "default-src 'none'; frame-ancestors 'none'",
            )
            .with("cache-control", "no-store")
    }

    /// No content.
    #[must_use]
    pub fn empty(status: u16) -> Self {
        Self::new(status, None, Vec::new()).with("cache-control", "no-store")
    }

    /// A static file. What was asked for by its version never changes. By another name it is not to be kept: else what
    /// is being replaced would be kept as what replaces it.
    #[must_use]
    pub fn file(content_type: &'static str, body: &[u8], versioned: bool) -> Self {
        let keep = if versioned {
            "public, max-age=31536000, immutable"
        } else {
            "no-store"
        };
        Self::new(200, Some(content_type), body.to_vec())
            .with(
                "content-security-policy",
                "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
            )
            .with("cache-control", keep)
    }

    /// This, with a header more.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// This, with another status.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// The first value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(found, _)| *found == name)
            .map(|(_, value)| &**value)
    }
}
