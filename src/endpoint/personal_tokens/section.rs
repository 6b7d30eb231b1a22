//! The section of the account page: the list, and the form for another one.

use std::rc::Rc;

use super::{CREATE, REVOKE, grantable};
use crate::account::command::Overview;
use crate::directory::event::EventRecord;
use crate::endpoint::Site;
use crate::endpoint::authorize::{scope_line, scope_lines};
use crate::endpoint::session::form_token;
use crate::pages::{Expiry, PersonalToken, ScopeLine, TokenChoice, TokenError, TokensSection};
use crate::store::directory;
use crate::store::ports::Ports;
use crate::token::id::SessionId;
use crate::token::random_id;

/// The ages offered, in days, as far as the event allows them.
const AGES: [u64; 5] = [7, 30, 90, 180, 365];

/// What the section shows besides the list.
#[derive(Default)]
pub struct Shown {
    pub(super) created: Option<String>,
    /// Whether it took the place of another.
    pub(super) replaced: bool,
    pub(super) error: Option<TokenError>,
    pub(super) filled_in: FilledIn,
}

/// What the person filled in, so that a form that is refused comes back with it.
#[derive(Default)]
pub(super) struct FilledIn {
    pub(super) name: String,
    pub(super) scopes: Vec<String>,
    pub(super) expires: Option<String>,
}

/// The section of the account page.
pub async fn section<P: Ports>(
    site: &Site<'_, P>,
    session_id: &SessionId,
    overview: &Overview,
    shown: Shown,
) -> TokensSection {
    let profile = &overview.profile;
    let mut event = Rc::clone(&site.event);
    let allowed = |event: &EventRecord| grantable(event, profile.held());
    // That there is nothing to choose is not said on a replica's word. The page must not wait for more than that, nor fail by it.
    if allowed(&event).is_empty()
        && let Ok(Some(now)) = directory::event_now(site.ports, &event.id, site.now).await
    {
        event = now;
    }
    let filled_in = shown.filled_in;
    let choices: Vec<TokenChoice> = scope_lines(&event.scopes, &allowed(&event))
        .into_iter()
        .map(|scope| TokenChoice {
            chosen: filled_in.scopes.contains(&scope.name),
            scope,
        })
        .collect();
    // One that the catalogue has no more is shown by its name.
    let line = |name: &str| match event.scope(name) {
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
        expiries: expiries(event.settings.pat_max_days, filled_in.expires.as_deref()),
        form_token: form_token(site, session_id, CREATE, ""),
        attempt: random_id("", site.ports),
        created: shown.created,
        replaced: shown.replaced,
        error: shown.error,
        name: filled_in.name,
    }
}

/// The ages an event allows; the longest it allows is among them. The one the person chose is chosen; before they
/// did, or where it is not in the list, 30 days, or the next that is shorter, or else the shortest.
fn expiries(most: Option<u64>, wanted: Option<&str>) -> Vec<Expiry> {
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
    let usual = days
        .iter()
        .copied()
        .filter(|days| *days <= 30)
        .max()
        .or(days.first().copied());
    let never = most.is_none().then_some(None);
    let ages: Vec<Option<u64>> = days.into_iter().map(Some).chain(never).collect();
    let wanted = match wanted {
        Some("never") => Some(None),
        Some(days) => days.parse().ok().map(Some),
        None => None,
    };
    let chosen = wanted.filter(|age| ages.contains(age)).unwrap_or(usual);
    ages.into_iter()
        .map(|age| Expiry {
            days: age.and_then(|days| u32::try_from(days).ok()),
            label: match age {
                None => "Never".into(),
                Some(1) => "In 1 day".into(),
                Some(days) => format!("In {days} days"),
            },
            selected: age == chosen,
        })
        .collect()
}
