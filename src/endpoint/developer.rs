//! The developers' page (contract 1): what is known of the event's OAuth without being anybody.

use super::Site;
use super::authorize::scope_line;
use super::session::{self, SignedIn};
use crate::directory::catalogue::Mode;
use crate::pages::{Address, DeveloperPage, ScopeLine};
use crate::store::ports::{Fault, Ports};
use crate::web::reply::{Forms, Reply};

/// What is at which path, in the order in which an application comes by.
const ADDRESSES: [(&str, &str); 7] = [
    ("Issuer", ""),
    ("Authorization endpoint", "/oauth/authorize"),
    ("Token endpoint", "/api/oauth/token"),
    ("Revocation endpoint", "/api/oauth/revoke"),
    ("Introspection endpoint", "/api/oauth/introspect"),
    ("Current user", "/api/users/current"),
    ("All users, for services", "/api/users"),
];

/// `GET /developer`: for anybody, signed in or not.
///
/// # Errors
/// [`Fault`] if an object does not answer.
pub async fn get<P: Ports>(site: &Site<'_, P>) -> Result<Reply, Fault> {
    let person = session::signed_in(site, None).await?;
    let page = DeveloperPage {
        layout: site.layout(person.as_ref().map(SignedIn::person)),
        addresses: ADDRESSES
            .iter()
            .map(|(name, path)| Address {
                name,
                url: format!("{}{path}", site.issuer.as_str()),
            })
            .collect(),
        for_people: of_mode(site, Mode::Obo),
        for_services: of_mode(site, Mode::Service),
        retry_window: site.event.settings.retry_window,
        refresh_idle_days: site.event.settings.refresh_idle_days,
    };
    Ok(Reply::page(200, page.html(), Forms::StayHere))
}

fn of_mode<P: Ports>(site: &Site<'_, P>, mode: Mode) -> Vec<ScopeLine> {
    let scopes = site.event.scopes.iter();
    scopes
        .filter(|scope| scope.modes.contains(&mode))
        .map(scope_line)
        .collect()
}
