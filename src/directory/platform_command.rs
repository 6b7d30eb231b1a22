//! What the deployment's one object can be asked, and what it answers.

use serde::{Deserialize, Serialize};

use super::Problem;
use super::application::{Application, ApplicationPatch};
use super::event::EventLine;
use super::event_settings::EventPatch;
use crate::ledger::{Page, PageRequest};
use crate::protocol::client::{ClientId, ClientType};
use crate::token::id::EventId;

/// A command to the deployment's object.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Which event has this host?
    FindHost {
        /// Lower-case, no port.
        host: String,
    },
    /// A page of events, by host.
    ListEvents(PageRequest),
    /// One event.
    GetEvent {
        /// Its host.
        host: String,
    },
    /// Creates or changes an event.
    PutEvent {
        /// Its host.
        host: String,
        /// What changes.
        patch: EventPatch,
        /// The id it gets if it is new.
        fresh_id: EventId,
    },
    /// Deletes an event.
    DeleteEvent {
        /// Its host.
        host: String,
        /// Its id; empty if there was none when the call came. Late, it deletes no other that has the host since. A
        /// front of an earlier version says none, and means whichever there is.
        #[serde(default)]
        id: Option<String>,
    },
    /// A page of applications, by `client_id`.
    ListApplications(PageRequest),
    /// One application.
    GetApplication {
        /// Which.
        client_id: ClientId,
    },
    /// Those of these applications that there are.
    FindApplications {
        /// Which.
        client_ids: Vec<ClientId>,
    },
    /// Registers an application.
    CreateApplication {
        /// What it is.
        patch: ApplicationPatch,
        /// Whether it can keep a secret.
        client_type: ClientType,
        /// The first secret of a confidential one: its id and hash.
        secret: Option<(String, String)>,
        /// Tells this registration from any other; the front's own retry repeats it.
        attempt: String,
    },
    /// Changes an application.
    PatchApplication {
        /// Which.
        client_id: ClientId,
        /// What changes.
        patch: ApplicationPatch,
    },
    /// Deletes an application.
    DeleteApplication {
        /// Which.
        client_id: ClientId,
    },
    /// Adds a second secret.
    AddSecret {
        /// Whose.
        client_id: ClientId,
        /// Its id.
        id: String,
        /// Its hash.
        hash: String,
    },
    /// Removes a secret.
    DeleteSecret {
        /// Whose.
        client_id: ClientId,
        /// Its id.
        id: String,
    },
    /// A secret was used.
    SecretUsed {
        /// Whose.
        client_id: ClientId,
        /// Its id.
        id: String,
    },
}

/// What the deployment's object answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// It is done.
    Done,
    /// It is not carried out.
    Problem(Problem),
    /// The event's id, if there is one.
    Host {
        /// Its id.
        event_id: Option<EventId>,
    },
    /// An event.
    Event {
        /// Whether it is new.
        created: bool,
        /// The event.
        event: EventLine,
    },
    /// Events.
    Events(Page<EventLine>),
    /// An application.
    Application(Box<Application>),
    /// Applications.
    Applications(Page<Application>),
}
