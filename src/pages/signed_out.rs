//! What `POST /logout` leads to.

use askama::Template;

use super::Layout;

/// Says that the person is signed out, and what that does not end.
#[derive(Template)]
#[template(path = "signed_out.html")]
pub struct SignedOutPage {
    /// The frame.
    pub layout: Layout,
}

impl SignedOutPage {
    /// The page as text.
    #[must_use]
    pub fn html(&self) -> String {
        super::rendered(self)
    }
}
