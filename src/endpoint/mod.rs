//! One file an endpoint. Each begins with its order of checks, and its body carries the same numbers.

pub mod account;
pub mod admin;
pub mod authorize;
pub mod bearer;
pub mod client_auth;
pub mod consent;
pub mod developer;
pub mod introspect;
pub mod login;
pub mod logout;
pub mod metadata;
pub mod paging;
pub mod personal_tokens;
pub mod revoke;
pub mod session;
pub mod throttle;
pub mod token;
pub mod users;

use std::rc::Rc;

use crate::account::command as account_command;
use crate::account::object::AccountObject;
use crate::directory::event::EventRecord;
use crate::directory::event_command;
use crate::directory::event_object::account_object;
use crate::ledger::outbox::ObjectKind;
use crate::pages::{Layout, Link, NoticePage, Person};
use crate::protocol::time::UnixTime;
use crate::store::ports::{Fault, Ports};
use crate::token::access_token::Issuer;
use crate::token::id::{AccountId, OwnerId};
use crate::token::key::KeyRing;
use crate::web::inbound::Head;
use crate::web::reply::{Forms, Reply};

/// The most bytes of a form or JSON body (contract 4).
pub const LONGEST_BODY: usize = 16 * 1024;

/// One request at one event: all that an endpoint needs to know.
pub struct Site<'a, P> {
    /// The world.
    pub ports: &'a P,
    /// The deployment's secrets.
    pub ring: &'a KeyRing,
    /// Now.
    pub now: UnixTime,
    /// The event whose host was asked.
    pub event: Rc<EventRecord>,
    /// Its issuer identifier.
    pub issuer: Issuer,
    /// The request's head.
    pub head: &'a Head,
}

impl<P: Ports> Site<'_, P> {
    /// Asks an account's object of this event.
    ///
    /// # Errors
    /// [`Fault`] if it does not answer.
    pub async fn account(
        &self,
        owner: &OwnerId,
        command: &account_command::Command,
    ) -> Result<account_command::Reply, Fault> {
        self.ports
            .ask::<AccountObject>(&account_object(&self.event.id, owner), command)
            .await
    }

    /// What every page of this event has around it.
    #[must_use]
    pub fn layout(&self, person: Option<Person>) -> Layout {
        Layout {
            event: self.event.settings.name.clone(),
            accent: self.event.settings.accent.clone(),
            person,
        }
    }

    /// A page that says something.
    #[must_use]
    pub fn notice(
        &self,
        status: u16,
        heading: &str,
        paragraphs: &[&str],
        action: Option<(&str, &str)>,
    ) -> Reply {
        notice(self.layout(None), status, heading, paragraphs, action)
    }

    /// Writes to the event's audit log after the answer has gone out. `account`: whose it was, if the actor does not say so.
    pub fn audit_later(&self, kind: &str, actor: &str, subject: &str, account: Option<AccountId>) {
        let command = event_command::Command::Note {
            kind: kind.to_owned(),
            actor: actor.to_owned(),
            subject: subject.to_owned(),
            account,
            client_id: None,
        };
        if let Ok(command) = serde_json::to_string(&command) {
            self.ports
                .tell_later(ObjectKind::Event, self.event.id.to_string(), command);
        }
    }

    /// Writes why something was refused to the log: the precise reason, which the caller never sees.
    pub fn log_refusal(&self, endpoint: &str, reason: &dyn core::fmt::Debug) {
        let line = serde_json::json!({
            "level": "info",
            "event": self.event.id,
            "endpoint": endpoint,
            "refused": format!("{reason:?}"),
        });
        self.ports.log(&line.to_string());
    }
}

/// A page that says something, within a layout.
#[must_use]
pub fn notice(
    layout: Layout,
    status: u16,
    heading: &str,
    paragraphs: &[&str],
    action: Option<(&str, &str)>,
) -> Reply {
    let page = NoticePage {
        layout,
        heading: heading.to_owned(),
        paragraphs: paragraphs.iter().map(|text| (*text).to_owned()).collect(),
        details: Vec::new(),
        action: action.map(|(label, href)| Link {
            label: label.to_owned(),
            href: href.to_owned(),
        }),
    };
    Reply::page(status, page.html(), Forms::StayHere)
}
