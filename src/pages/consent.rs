//! The consent page.

use askama::Template;

use super::{Layout, ScopeLine};

/// Asks a person whether an application may act for them: `POST /account/consent` with `request`, `scope`, `shown`,
/// `form_token` and `decision`, which is `authorize` or `deny`.
#[derive(Template)]
#[template(path = "consent.html")]
pub struct ConsentPage {
    /// The frame; its person is the one who is asked.
    pub layout: Layout,
    /// The application that asks.
    pub application: ApplicationCard,
    /// Where the answer goes, such as `app.example.org`.
    pub return_host: String,
    /// What it asks for. Sensitive scopes are shown first, otherwise in this order.
    pub scopes: Vec<ScopeLine>,
    /// The authorization request, as the form carries it.
    pub request: String,
    /// The scope that is granted, as the form carries it.
    pub scope: String,
    /// A hash of what the page says of application and scopes, as the form carries it.
    pub shown: String,
    /// The token that proves the form is ours.
    pub form_token: String,
    /// Where **Not you?** leads.
    pub switch_href: String,
}

impl ConsentPage {
    /// The page as text.
    #[must_use]
    pub fn html(&self) -> String {
        super::rendered(self)
    }

    /// Whether any scope asked for is an administrative one.
    fn sensitive(&self) -> bool {
        self.scopes.iter().any(|scope| scope.sensitive)
    }

    /// The scopes in the order in which they are shown: on a phone, what matters most must not be below the fold.
    fn in_order(&self) -> impl Iterator<Item = &ScopeLine> {
        let (sensitive, ordinary): (Vec<_>, Vec<_>) =
            self.scopes.iter().partition(|scope| scope.sensitive);
        sensitive.into_iter().chain(ordinary)
    }
}

/// What a person is told about an application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplicationCard {
    /// Its name.
    pub name: String,
    /// What it does, in its developer's words; may be empty.
    pub description: String,
    /// Its website; a link only if it is `https:` or `http:`, plain text otherwise.
    pub website: Option<String>,
}

impl ApplicationCard {
    /// The website as a link's address, if it may be one.
    fn link(&self) -> Option<&str> {
        self.website.as_deref().and_then(super::safe_website)
    }
}
