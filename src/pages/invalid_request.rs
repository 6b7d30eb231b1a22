//! The page for a person who may not grant what an application asked for.

use askama::Template;

use super::{Field, Layout, ScopeLine};

/// Says which scopes the person's account may not grant, what to do about it, and leads back to the application.
#[derive(Template)]
#[template(path = "invalid_request.html")]
pub struct InvalidRequestPage {
    /// The frame.
    pub layout: Layout,
    /// The application's name.
    pub application: String,
    /// The scopes that the account may not grant. Empty: none were named, and it may grant nothing at all.
    pub scopes: Vec<ScopeLine>,
    /// Where **Not you?** leads: most who come here are signed in to another account than they thought.
    pub switch_href: String,
    /// The way back.
    pub back: Back,
}

impl InvalidRequestPage {
    /// The page as text.
    #[must_use]
    pub fn html(&self) -> String {
        super::rendered(self)
    }
}

/// The answer that a button carries back to the application. A form of it has no `form_token`: that is not the
/// application's to see.
#[derive(Clone, PartialEq, Eq)]
pub enum Back {
    /// A form, to a redirect URI without a query of its own, or one that is posted.
    Form {
        /// The confirmed redirect URI.
        action: String,
        /// The parameters.
        fields: Vec<Field>,
        /// Whether they are posted (`response_mode=form_post`) or are the query.
        post: bool,
    },
    /// The whole address. A browser would write the query of a form anew, so that one that is registered would not come
    /// back as it is; and before a fragment it would put an empty one.
    Link(String),
}
