//! `/`.

use askama::Template;

use super::Layout;

/// What somebody sees who opens the host by hand: what it is, and where to go.
#[derive(Template)]
#[template(path = "front.html")]
pub struct FrontPage {
    /// The frame.
    pub layout: Layout,
    /// Whether to offer the account page or the sign-in form.
    pub signed_in: bool,
}

impl FrontPage {
    /// The page as text.
    #[must_use]
    pub fn html(&self) -> String {
        super::rendered(self)
    }
}
