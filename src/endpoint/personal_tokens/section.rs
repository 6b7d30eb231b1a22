//! The section of the account page: the list, and the form for another one.

use super::{CREATE, REVOKE, grantable};
use crate::account::command::Overview;
use crate::endpoint::Site;
use crate::endpoint::authorize::{scope_line, scope_lines};
use crate::endpoint::session::form_token;
use crate::pages::{Expiry, PersonalToken, ScopeLine, TokensSection};
use crate::store::ports::Ports;
use crate::token::random_id;

/// The ages offered, in days, as far as the event allows them.
const AGES: [u64; 5] = [7, 30, 90, 180, 365];

/// What the section shows besides the list.
#[derive(Default)]
pub struct Shown {
    pub(super) created: Option<String>,
    pub(super) error: Option<String>,
    pub(super) name: String,
}

/// The section of the account page.
pub fn section<P: Ports>(
    site: &Site<'_, P>,
    session_id: &str,
    overview: &Overview,
    shown: Shown,
) -> TokensSection {
    let profile = &overview.profile;
    let grantable = grantable(&site.event, &profile.permissions, &profile.roles);
    let choices = scope_lines(&site.event.scopes, &grantable);
    // One that the catalogue has no more is shown by its name.
    let line = |name: &str| match site.event.scope(name) {
        Some(scope) => scope_line(scope),
        None => ScopeLine {
            name: name.to_owned(),
            title: name.to_owned(),
            description: String::new(),
            sensitive: false,
        },
    };
    TokensSection {
        list: overview
            .tokens
            .iter()
            .map(|token| PersonalToken {
                form_token: form_token(site, session_id, REVOKE, &token.id),
                id: token.id.clone(),
                name: token.name.clone(),
                scopes: token.scope.names().map(line).collect(),
                created: token.created_at.for_people(),
                last_used: token
                    .last_used_at
                    .map_or_else(|| "never".to_owned(), |at| at.for_people()),
                expires: token
                    .expires_at
                    .map_or_else(|| "never".to_owned(), |at| at.for_people()),
            })
            .collect(),
        can_create: !choices.is_empty(),
        choices,
        expiries: expiries(site.event.settings.pat_max_days),
        form_token: form_token(site, session_id, CREATE, ""),
        attempt: random_id("", site.ports),
        created: shown.created,
        error: shown.error,
        name: shown.name,
    }
}

/// The ages an event allows; the longest it allows is among them, 30 days (or that) chosen first.
fn expiries(most: Option<u64>) -> Vec<Expiry> {
    let mut days: Vec<u64> = AGES
        .into_iter()
        .filter(|days| most.is_none_or(|most| *days <= most))
        .collect();
    if let Some(most) = most
        && !days.contains(&most)
    {
        days.push(most);
        days.sort_unstable();
    }
    let chosen = days
        .iter()
        .copied()
        .filter(|days| *days <= 30)
        .max()
        .or(days.first().copied());
    let mut expiries: Vec<Expiry> = days
        .into_iter()
        .map(|days| Expiry {
            days: u32::try_from(days).ok(),
            label: if days == 1 {
                "In 1 day".into()
            } else {
                format!("In {days} days")
            },
            selected: Some(days) == chosen,
        })
        .collect();
    if most.is_none() {
        expiries.push(Expiry {
            days: None,
            label: "Never".into(),
            selected: false,
        });
    }
    expiries
}
