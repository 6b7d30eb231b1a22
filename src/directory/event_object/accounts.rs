//! The event's accounts.

use super::{ACCOUNT, EMAIL, OPERATOR, PASSWORD, ROLES, SCOPES, gone};
use crate::account::profile::AccountStatus;
use crate::directory::account_row::{AccountPatch, AccountRow, email_key};
use crate::directory::catalogue::{Role, ScopeDefinition};
use crate::directory::event_command::Reply;
use crate::directory::{Problem, audit};
use crate::ledger::outbox::{self, Now};
use crate::ledger::{Corrupt, Ledger, Page, PageRequest, load, page_of, store};
use crate::token::id::AccountId;

/// Of an account that was deleted: its id, which names nobody, so that a creation that comes late brings nothing back.
const ERASED: &str = "erased/";

pub(super) fn list_accounts(
    ledger: &impl Ledger,
    request: &PageRequest,
    keep: impl Fn(&AccountRow) -> bool,
) -> Result<Reply, Corrupt> {
    let found: Page<(String, AccountRow)> = page_of(ledger, ACCOUNT, request, false, keep)?;
    Ok(Reply::Accounts(Page {
        items: found.items.into_iter().map(|(_, row)| row).collect(),
        next: found.next,
    }))
}

pub(super) fn create_account(
    ledger: &mut impl Ledger,
    fresh_id: AccountId,
    patch: AccountPatch,
    now: Now,
) -> Result<Reply, Corrupt> {
    let mut row = AccountRow {
        id: fresh_id,
        email: String::new(),
        name: String::new(),
        roles: Vec::new(),
        permissions: Vec::new(),
        status: AccountStatus::Active,
        created_at: now.seconds(),
        version: 1,
        epoch: 0,
        session_epoch: 0,
    };
    if ledger.get(&format!("{ERASED}{}", row.id)).is_some() {
        return Ok(Reply::Problem(Problem::Conflict(
            "The account was deleted while it was being created. Create it again.".into(),
        )));
    }
    // The front's own second try, or its first that comes late: what became of the account since stays. Its epochs
    // above all: were they to begin anew, what was ended by them would live again.
    let key = format!("{ACCOUNT}{}", row.id);
    if let Some(made) = load::<AccountRow>(ledger, &key)? {
        outbox::note(ledger, &key);
        return Ok(Reply::Account(Box::new(made)));
    }
    let password = patch.password_hash.clone();
    if let Err(problem) = patch.apply(&mut row) {
        return Ok(Reply::Problem(problem));
    }
    let email = format!("{EMAIL}{}", email_key(&row.email));
    if ledger.get(&email).is_some() {
        return Ok(Reply::Problem(Problem::Conflict(
            "There is already an account with this email.".into(),
        )));
    }
    let permissions = known_permissions(ledger, &row)?;
    let roles = known_roles(ledger, &row)?;
    let mut detail = vec![("account", row.id.as_str())];
    if !permissions.is_empty() {
        detail.push(("permissions", &permissions));
    }
    if !roles.is_empty() {
        detail.push(("roles", &roles));
    }
    audit::write(ledger, "account.created", OPERATOR, &detail, now)?;
    ledger.put(&email, row.id.as_str());
    keep_account(ledger, &row, password.as_deref())?;
    Ok(Reply::Account(Box::new(row)))
}

fn keep_account(
    ledger: &mut impl Ledger,
    row: &AccountRow,
    password: Option<&str>,
) -> Result<(), Corrupt> {
    let key = format!("{ACCOUNT}{}", row.id);
    store(ledger, &key, row)?;
    if let Some(password) = password {
        ledger.put(&format!("{PASSWORD}{}", row.id), password);
    }
    outbox::note(ledger, &key);
    Ok(())
}

pub(super) fn patch_account(
    ledger: &mut impl Ledger,
    id: &AccountId,
    patch: AccountPatch,
    now: Now,
) -> Result<Reply, Corrupt> {
    let Some(mut row) = load::<AccountRow>(ledger, &format!("{ACCOUNT}{id}"))? else {
        return Ok(Reply::Problem(Problem::Missing));
    };
    let before = row.clone();
    let password = patch.password_hash.clone();
    if let Err(problem) = patch.apply(&mut row) {
        return Ok(Reply::Problem(problem));
    }
    let (old, new) = (email_key(&before.email), email_key(&row.email));
    if old != new {
        if ledger.get(&format!("{EMAIL}{new}")).is_some() {
            return Ok(Reply::Problem(Problem::Conflict(
                "There is already an account with this email.".into(),
            )));
        }
        ledger.delete(&format!("{EMAIL}{old}"));
        ledger.put(&format!("{EMAIL}{new}"), id.as_str());
    }
    row.version = row.version.saturating_add(1);
    note_change(ledger, &before, &row, password.is_some(), now)?;
    keep_account(ledger, &row, password.as_deref())?;
    Ok(Reply::Account(Box::new(row)))
}

/// Those of somebody's permissions that a scope needs, as the audit log may keep them: what else is called a permission
/// gives nothing, and may be anything.
fn known_permissions(ledger: &impl Ledger, row: &AccountRow) -> Result<String, Corrupt> {
    let catalogue: Vec<ScopeDefinition> = load(ledger, SCOPES)?.unwrap_or_default();
    let permissions = row.permissions.iter().map(String::as_str);
    Ok(audit::names(permissions.filter(|name| {
        catalogue
            .iter()
            .any(|scope| scope.permission.as_deref() == Some(*name))
    })))
}

/// Those of somebody's roles that the event has, for the same reason.
fn known_roles(ledger: &impl Ledger, row: &AccountRow) -> Result<String, Corrupt> {
    let known: Vec<Role> = load(ledger, ROLES)?.unwrap_or_default();
    let roles = row.roles.iter().map(String::as_str);
    Ok(audit::names(roles.filter(|name| {
        known.iter().any(|role| role.name == *name)
    })))
}

/// The entry of a changed account: what was changed, and which permissions and roles it had and has. Neither name nor
/// e-mail is in it.
fn note_change(
    ledger: &mut impl Ledger,
    before: &AccountRow,
    row: &AccountRow,
    password_changed: bool,
    now: Now,
) -> Result<(), Corrupt> {
    let status = if row.status == AccountStatus::Active {
        "active"
    } else {
        "disabled"
    };
    let changed: Vec<&str> = [
        ("email", before.email != row.email),
        ("name", before.name != row.name),
        ("password", password_changed),
        ("permissions", before.permissions != row.permissions),
        ("roles", before.roles != row.roles),
        ("status", before.status != row.status),
    ]
    .into_iter()
    .filter_map(|(field, changed)| changed.then_some(field))
    .collect();
    if changed.is_empty() {
        return Ok(());
    }
    let changed = changed.join(" ");
    let mut detail = vec![
        ("account", row.id.as_str()),
        ("status", status),
        ("changed", changed.as_str()),
        (
            "password_changed",
            if password_changed { "yes" } else { "no" },
        ),
    ];
    // Out here, as the entry borrows them.
    let could = known_permissions(ledger, before)?;
    let can = known_permissions(ledger, row)?;
    if could != can {
        detail.extend([
            ("permissions_before", could.as_str()),
            ("permissions", can.as_str()),
        ]);
    }
    let (had, has) = (known_roles(ledger, before)?, known_roles(ledger, row)?);
    if before.roles != row.roles {
        detail.extend([("roles_before", had.as_str()), ("roles", has.as_str())]);
    }
    audit::write(ledger, "account.changed", OPERATOR, &detail, now)
}

pub(super) fn delete_account(
    ledger: &mut impl Ledger,
    id: &AccountId,
    now: Now,
) -> Result<Reply, Corrupt> {
    let key = format!("{ACCOUNT}{id}");
    let Some(row) = load::<AccountRow>(ledger, &key)? else {
        return Ok(gone(ledger, &key));
    };
    ledger.delete(&key);
    ledger.delete(&format!("{EMAIL}{}", email_key(&row.email)));
    ledger.delete(&format!("{PASSWORD}{id}"));
    ledger.put(&format!("{ERASED}{id}"), "");
    outbox::note(ledger, &key);
    audit::write(
        ledger,
        "account.deleted",
        OPERATOR,
        &[("account", id.as_str())],
        now,
    )?;
    Ok(Reply::Done)
}
