//! Accounts of an event.

use serde::Serialize;

use super::body::Fields;
use super::{Call, Stop, list, missing, unexpected};
use crate::account::password;
use crate::account::profile::AccountStatus;
use crate::directory::account_row::{AccountPatch, AccountRow};
use crate::directory::event_command::{Command, Reply as EventReply};
use crate::directory::event_object::EventObject;
use crate::protocol::secret::Secret;
use crate::store::ports::{Fault, Ports};
use crate::token::id::{AccountId, EventId};
use crate::web::reply::Reply;

const STATUSES: &[(&str, AccountStatus)] = &[
    ("active", AccountStatus::Active),
    ("disabled", AccountStatus::Disabled),
];

#[derive(Serialize)]
struct AccountView {
    id: AccountId,
    email: String,
    name: String,
    roles: Vec<String>,
    permissions: Vec<String>,
    status: AccountStatus,
    created_at: String,
}

impl From<AccountRow> for AccountView {
    fn from(row: AccountRow) -> Self {
        Self {
            id: row.id,
            email: row.email,
            name: row.name,
            roles: row.roles,
            permissions: row.permissions,
            status: row.status,
            created_at: row.created_at.rfc3339(),
        }
    }
}

/// The id in a path; what cannot be one names no account.
fn named(id: &str) -> Result<AccountId, Stop> {
    AccountId::parse(id).ok_or_else(|| missing("account"))
}

/// The account that a path names, if the event has it: before its object is asked for anything.
pub async fn find<P: Ports>(
    call: &Call<'_, P>,
    event_id: &EventId,
    id: &str,
) -> Result<AccountRow, Stop> {
    let command = Command::GetAccount { id: named(id)? };
    match call.event(event_id, &command, "account").await? {
        EventReply::Account(row) => Ok(*row),
        _ => Err(unexpected()),
    }
}

/// `GET …/events/{host}/accounts?email=`: in the order of ids, or the one with this e-mail.
pub async fn list<P: Ports>(call: &Call<'_, P>, host: &str) -> Result<Reply, Stop> {
    let event_id = call.event_id(host).await?;
    let request = call.page(|key| key.starts_with(AccountId::PREFIX))?;
    let query = call.query(&["email"])?;
    // Whoever asks for one account must not get all of them because a variable was not set.
    if query.is_empty("email") {
        return Err(Stop::invalid_request("email must not be empty."));
    }
    let (rows, next) = match query.get("email") {
        None => match call
            .event(&event_id, &Command::ListAccounts(request), "event")
            .await?
        {
            EventReply::Accounts(page) => (page.items, page.next),
            _ => return Err(unexpected()),
        },
        Some(email) => {
            let command = Command::FindAccount {
                email: email.to_owned(),
            };
            match call
                .ports
                .ask::<EventObject>(event_id.as_str(), &command)
                .await?
            {
                EventReply::Account(row) => (vec![*row], None),
                EventReply::Problem(_) => (Vec::new(), None),
                _ => return Err(unexpected()),
            }
        }
    };
    let items: Vec<AccountView> = rows.into_iter().map(AccountView::from).collect();
    Ok(list::reply(items, next.as_deref()))
}

/// A patch, and the password that goes with it: hashed last, since that is the dear part.
struct Asked {
    patch: AccountPatch,
    password: Option<Secret<String>>,
}

fn read(fields: &mut Fields) -> Result<Asked, Stop> {
    let password = fields.text("password")?.map(Secret::new);
    if password
        .as_ref()
        .is_some_and(|password| !password::is_acceptable(password.expose()))
    {
        return Err(Stop::invalid_request(
            "password must have 10 to 200 characters.",
        ));
    }
    let patch = AccountPatch {
        email: fields.text("email")?,
        name: fields.text("name")?,
        password_hash: None,
        roles: fields.texts("roles")?,
        permissions: fields.texts("permissions")?,
        status: fields.word("status", STATUSES)?,
    };
    Ok(Asked { patch, password })
}

fn hashed<P: Ports>(call: &Call<'_, P>, asked: Asked) -> Result<AccountPatch, Stop> {
    let password_hash = match asked.password {
        None => None,
        Some(password) => match password::hash(password.expose(), call.ports) {
            None => return Err(Stop::Fault(Fault::Broken("a password could not be hashed"))),
            some => some,
        },
    };
    Ok(AccountPatch {
        password_hash,
        ..asked.patch
    })
}

/// `POST …/events/{host}/accounts`.
pub async fn create<P: Ports>(call: &Call<'_, P>, host: &str) -> Result<Reply, Stop> {
    let event_id = call.event_id(host).await?;
    let mut fields = call.fields().await?;
    let asked = read(&mut fields)?;
    fields.required("email", asked.patch.email.as_ref())?;
    fields.required("name", asked.patch.name.as_ref())?;
    fields.finish()?;
    let command = Command::CreateAccount {
        fresh_id: AccountId::mint(call.ports),
        patch: hashed(call, asked)?,
    };
    let EventReply::Account(row) = call.event(&event_id, &command, "event").await? else {
        return Err(unexpected());
    };
    call.changed();
    Ok(Reply::json(201, &AccountView::from(*row)))
}

/// `GET …/events/{host}/accounts/{id}`.
pub async fn get<P: Ports>(call: &Call<'_, P>, host: &str, id: &str) -> Result<Reply, Stop> {
    let event_id = call.event_id(host).await?;
    let row = find(call, &event_id, id).await?;
    Ok(Reply::json(200, &AccountView::from(row)))
}

/// `PATCH …/events/{host}/accounts/{id}`.
pub async fn change<P: Ports>(call: &Call<'_, P>, host: &str, id: &str) -> Result<Reply, Stop> {
    let event_id = call.event_id(host).await?;
    let id = find(call, &event_id, id).await?.id;
    let mut fields = call.fields().await?;
    let asked = read(&mut fields)?;
    fields.only_shown(&["id", "created_at"])?;
    fields.finish()?;
    let command = Command::PatchAccount {
        id,
        patch: hashed(call, asked)?,
    };
    let EventReply::Account(row) = call.event(&event_id, &command, "account").await? else {
        return Err(unexpected());
    };
    call.changed();
    Ok(Reply::json(200, &AccountView::from(*row)))
}

/// `DELETE …/events/{host}/accounts/{id}`: erases the person's data and ends every grant.
pub async fn delete<P: Ports>(call: &Call<'_, P>, host: &str, id: &str) -> Result<Reply, Stop> {
    let event_id = call.event_id(host).await?;
    let id = named(id)?;
    let known = Command::GetAccount { id: id.clone() };
    let known = call
        .ports
        .ask::<EventObject>(event_id.as_str(), &known)
        .await?;
    let command = Command::DeleteAccount { id };
    if matches!(known, EventReply::Account(_)) {
        call.take_away_from(&event_id, &command, "account").await?;
    } else {
        // Not there, or erased by a call that was answered with 503: the object knows whether that is done by now.
        call.event(&event_id, &command, "account").await?;
    }
    call.changed();
    Ok(Reply::empty(204))
}
