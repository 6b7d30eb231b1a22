//! The pages people see: one typed struct a page, beside its HTML.
//!
//! A page is a value. It is filled in by an endpoint, knows nothing of storage, time or HTTP, and turns into text
//! with `html()`, which cannot fail. Everything that comes from outside is escaped by the template engine; a
//! website is shown as a link only if it is one (`ApplicationCard`).
//!
//! The pages contain no inline style, no inline script and nothing from another origin, so they work under
//! `default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'`. `form-action` is the endpoint's to
//! set: `'self'`, but on pages whose forms lead to an application none.
//!
//! Every form to this host carries a hidden `form_token`; the two that go to the application never do.

mod account;
pub mod assets;
mod consent;
mod developer;
mod form_post;
mod front;
mod invalid_request;
mod layout;
mod login;
mod notice;
mod scope_line;
mod sign_out;
mod signed_out;

#[cfg(test)]
mod tests;

pub use account::{
    AccountPage, AuthorizedApplication, Expiry, Notice, Paused, PersonalToken, SessionLine,
    TokenChoice, TokenError, TokenField, TokensSection,
};
pub use assets::{Asset, asset};
pub use consent::{ApplicationCard, ConsentPage};
pub use developer::{Address, DeveloperPage};
pub use form_post::FormPostPage;
pub use front::FrontPage;
pub use invalid_request::{Back, InvalidRequestPage};
pub use layout::{Field, Layout, Person};
pub use login::LoginPage;
pub use notice::{Link, NoticePage};
pub use scope_line::ScopeLine;
pub use sign_out::SignOutPage;
pub use signed_out::SignedOutPage;

/// What is sent should a template ever fail. Writing to a `String` does not fail, so nobody has seen this page.
const UNRENDERABLE: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Error</title>\
    <h1>Something went wrong</h1><p>This page could not be shown. Please try again.</p></html>";

/// Renders a page, and never fails.
fn rendered(page: &impl askama::Template) -> String {
    page.render().unwrap_or_else(|_| UNRENDERABLE.to_owned())
}

/// The address, if it is one that a browser may safely be sent to from a page of ours: `https:` or `http:`. A
/// `javascript:` address typed in by a developer is shown as text, never as a link.
fn safe_website(address: &str) -> Option<&str> {
    let scheme = address.split_once("://")?.0;
    (scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http")).then_some(address)
}
