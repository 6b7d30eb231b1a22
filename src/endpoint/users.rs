//! The users API (contract 6).

use serde::Serialize;
use serde_json::json;

use super::Site;
use super::bearer::{self, Bearer};
use super::paging::{USUAL, page_request};
use crate::account::profile::AccountStatus;
use crate::directory::account_row::AccountRow;
use crate::directory::catalogue::{PII_BASIC, PII_EMAIL, USER_READ, USER_ROLES};
use crate::directory::event_command::{Command, Reply as EventReply};
use crate::directory::event_object::EventObject;
use crate::protocol::encoding::base64url;
use crate::protocol::params::Params;
use crate::store::ports::{Fault, Ports};
use crate::token::id::AccountId;
use crate::web::reply::Reply;

#[derive(Serialize)]
struct User {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    roles: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    permissions: Option<Vec<String>>,
}

/// `GET /api/users/current`: the person behind the token, as far as its scope reaches.
///
/// # Errors
/// [`Fault`] if an object does not answer.
pub async fn current<P: Ports>(site: &Site<'_, P>) -> Result<Reply, Fault> {
    Ok(match bearer::check(site).await? {
        Err(reply) => reply,
        Ok(Bearer::Service { .. }) => {
            bearer::insufficient(&[PII_BASIC, PII_EMAIL, USER_ROLES].join(" "))
        }
        Ok(Bearer::Person {
            alive,
            scope,
            permissions,
        }) => {
            let profile = &alive.profile;
            let roles = scope.has(USER_ROLES);
            Reply::json(
                200,
                &User {
                    id: profile.id.to_string(),
                    name: scope.has(PII_BASIC).then(|| profile.name.clone()),
                    email: scope.has(PII_EMAIL).then(|| profile.email.clone()),
                    roles: roles.then(|| profile.roles.clone()),
                    permissions: roles.then_some(permissions),
                },
            )
        }
    })
}

/// Whether the token may read everybody; the refusal inside.
async fn require_user_read<P: Ports>(site: &Site<'_, P>) -> Result<Result<(), Reply>, Fault> {
    Ok(match bearer::check(site).await? {
        Err(refusal) => Err(refusal),
        Ok(Bearer::Service { scope }) if scope.has(USER_READ) => Ok(()),
        Ok(_) => Err(bearer::insufficient(USER_READ)),
    })
}

fn all_five<P: Ports>(site: &Site<'_, P>, row: AccountRow) -> User {
    let rules = site.event.personal_rules();
    let permissions = rules.permissions(row.held());
    User {
        id: row.id.into(),
        name: Some(row.name),
        email: Some(row.email),
        roles: Some(row.roles),
        permissions: Some(permissions.into_iter().collect()),
    }
}

/// `GET /api/users/{id}`.
///
/// # Errors
/// [`Fault`] if an object does not answer.
pub async fn one<P: Ports>(site: &Site<'_, P>, id: &str) -> Result<Reply, Fault> {
    if let Err(refusal) = require_user_read(site).await? {
        return Ok(refusal);
    }
    let none = || Reply::error(404, "not_found", "There is no user with this id.");
    let Some(id) = AccountId::parse(id) else {
        return Ok(none());
    };
    let command = Command::GetAccount { id };
    Ok(
        match site
            .ports
            .ask::<EventObject>(site.event.id.as_str(), &command)
            .await?
        {
            EventReply::Account(row) if row.status == AccountStatus::Active => {
                Reply::json(200, &all_five(site, *row))
            }
            _ => none(),
        },
    )
}

/// `GET /api/users?cursor=&limit=`: every account, in the order of ids.
///
/// # Errors
/// [`Fault`] if an object does not answer.
pub async fn list<P: Ports>(site: &Site<'_, P>) -> Result<Reply, Fault> {
    if let Err(refusal) = require_user_read(site).await? {
        return Ok(refusal);
    }
    let params = Params::from_form(site.head.query.as_bytes());
    let is_id = |key: &str| key.starts_with(AccountId::PREFIX);
    let request = match page_request(&params, USUAL, is_id) {
        Ok(request) => request,
        Err(description) => return Ok(Reply::error(400, "invalid_request", description)),
    };
    let command = Command::ListActiveAccounts(request);
    let EventReply::Accounts(page) = site
        .ports
        .ask::<EventObject>(site.event.id.as_str(), &command)
        .await?
    else {
        return Err(Fault::Broken(
            "the event's object gave another answer than was asked for",
        ));
    };
    let items: Vec<User> = page
        .items
        .into_iter()
        .map(|row| all_five(site, row))
        .collect();
    let mut answer = json!({ "items": items });
    if let (Some(next), Some(object)) = (page.next, answer.as_object_mut()) {
        object.insert("next_cursor".into(), base64url(next.as_bytes()).into());
    }
    Ok(Reply::json(200, &answer))
}
