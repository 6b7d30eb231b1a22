//! What an event's object can be asked, and what it answers.

use serde::{Deserialize, Serialize};

use super::Problem;
use super::account_row::{AccountPatch, AccountRow};
use super::audit;
use super::catalogue::{Role, ScopeDefinition};
use super::event::EventRecord;
use super::event_settings::EventSettings;
use super::integration::{Integration, IntegrationPatch, IntegrationReport};
use super::usage::UsageLine;
use crate::ledger::{Page, PageRequest};
use crate::protocol::client::ClientId;
use crate::token::id::{AccountId, EventId};

/// A command to an event's object.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// The deployment's object says what the event is now.
    Configure {
        /// Its id.
        id: EventId,
        /// Its host.
        host: String,
        /// What the operator set.
        settings: EventSettings,
        /// Which change this is; a lower one is ignored.
        version: u64,
    },
    /// The event is deleted: every account is erased, and it stays shut.
    Close {
        /// Its id.
        id: EventId,
    },
    /// The event's record and, if asked for, an integration's.
    Directory {
        /// The integration's application.
        client_id: Option<ClientId>,
    },
    /// Replaces the catalogue.
    PutScopes(Vec<ScopeDefinition>),
    /// Replaces the roles.
    PutRoles(Vec<Role>),
    /// A page of integrations.
    ListIntegrations(PageRequest),
    /// One integration.
    GetIntegration {
        /// Its application.
        client_id: ClientId,
    },
    /// Those of these integrations that there are.
    FindIntegrations {
        /// Their applications.
        client_ids: Vec<ClientId>,
    },
    /// Creates or changes an integration.
    PutIntegration {
        /// Its application.
        client_id: ClientId,
        /// What changes.
        patch: IntegrationPatch,
        /// The incarnation it gets if it is new.
        fresh_incarnation: String,
    },
    /// Deletes an integration.
    DeleteIntegration {
        /// Its application.
        client_id: ClientId,
        /// Its incarnation; empty if there was none when the call came. Late, it deletes none that was created since. A
        /// front of an earlier version says none, and means whichever there is.
        #[serde(default)]
        incarnation: Option<String>,
    },
    /// A page of accounts, by id.
    ListAccounts(PageRequest),
    /// A page of those that may be used.
    ListActiveAccounts(PageRequest),
    /// The account with this e-mail.
    FindAccount {
        /// In any case.
        email: String,
    },
    /// One account.
    GetAccount {
        /// Its id.
        id: AccountId,
    },
    /// Creates an account.
    CreateAccount {
        /// The id it gets.
        fresh_id: AccountId,
        /// What it is.
        patch: AccountPatch,
    },
    /// Changes an account.
    PatchAccount {
        /// Its id.
        id: AccountId,
        /// What changes.
        patch: AccountPatch,
    },
    /// Erases an account.
    DeleteAccount {
        /// Its id.
        id: AccountId,
    },
    /// A page of the audit log, newest first.
    ListAudit(PageRequest),
    /// Something for the audit log happened elsewhere.
    Note {
        /// What, such as `grant.refresh_token_reused`.
        kind: String,
        /// By whom.
        actor: String,
        /// To what.
        subject: String,
        /// Whose it was, where the actor does not say so. An earlier version's front leaves it out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        account: Option<AccountId>,
        /// Which application had it, where the actor does not say so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        client_id: Option<ClientId>,
    },
    /// Adds to the usage counts.
    AddUsage(Vec<UsageLine>),
    /// A page of usage counts, oldest first.
    ListUsage {
        /// Of this application only.
        client_id: Option<ClientId>,
        /// From this day on.
        from: Option<String>,
        /// Up to and with this day.
        to: Option<String>,
        /// The page.
        page: PageRequest,
    },
}

/// What an event's object answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// It is done.
    Done,
    /// It is not carried out.
    Problem(Problem),
    /// The records asked for; none of an event that is not, or of an integration that is not.
    Directory {
        /// The event.
        event: Option<Box<EventRecord>>,
        /// The integration.
        integration: Option<Box<Integration>>,
    },
    /// An integration.
    Integration {
        /// Whether it is new.
        created: bool,
        /// The integration.
        integration: Box<IntegrationReport>,
    },
    /// Integrations.
    Integrations(Page<IntegrationReport>),
    /// An account.
    Account(Box<AccountRow>),
    /// Accounts.
    Accounts(Page<AccountRow>),
    /// Audit entries.
    Audit(Page<audit::Entry>),
    /// Usage.
    Usage(Page<UsageLine>),
}
