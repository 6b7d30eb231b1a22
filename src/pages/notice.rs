//! Pages that only say something.

use askama::Template;

use super::Layout;

/// A heading and a few sentences: what went wrong, or what has been done.
#[derive(Template)]
#[template(path = "notice.html")]
pub struct NoticePage {
    /// The frame.
    pub layout: Layout,
    /// The heading, and the page's title.
    pub heading: String,
    /// What there is to say, for everybody.
    pub paragraphs: Vec<String>,
    /// What a developer needs to know on top of that; shown apart, and left out when empty.
    pub details: Vec<String>,
    /// Where to go from here.
    pub action: Option<Link>,
}

impl NoticePage {
    /// The page as text.
    #[must_use]
    pub fn html(&self) -> String {
        super::rendered(self)
    }
}

/// A link. The address is ours, never one that came in with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// What it says.
    pub label: String,
    /// Where it leads.
    pub href: String,
}
