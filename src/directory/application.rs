//! An application: a client (RFC 6749 section 2), registered once for the deployment.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Problem, Status, check_line, check_text, shown};
use crate::protocol::client::{ClientId, ClientType};
use crate::protocol::redirect_uri;
use crate::protocol::time::UnixTime;
use crate::token::client_secret;

/// An application as edge code knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Application {
    /// Moves with every change.
    pub version: u64,
    /// Its API ID; never used again.
    pub client_id: ClientId,
    /// What people call it.
    pub name: String,
    /// What it does, in a sentence or two.
    pub description: String,
    /// Where people can read about it.
    pub website: Option<String>,
    /// Where answers may be sent.
    pub redirect_uris: Vec<String>,
    /// Whether it can keep a secret.
    #[serde(rename = "type")]
    pub client_type: ClientType,
    /// Whether it must use PKCE; public clients always must.
    pub require_pkce: bool,
    /// Whether it is paused everywhere.
    pub status: Status,
    /// Its secrets' hashes; at most two.
    pub secrets: Vec<SecretRow>,
    /// When it was registered.
    pub created_at: UnixTime,
    /// Whether it has been deleted.
    #[serde(default)]
    pub deleted: bool,
}

/// One secret of an application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretRow {
    /// Its id.
    pub id: String,
    /// The hash of the secret.
    pub hash: String,
    /// When it was made.
    pub created_at: UnixTime,
    /// When it was last used, to the hour.
    pub last_used_at: Option<UnixTime>,
}

/// How many secrets an application can have at a time.
pub const MOST_SECRETS: usize = 2;

impl Application {
    /// The secret that `text` is, if it is one of this application's.
    #[must_use]
    pub fn secret(&self, text: &str) -> Option<&SecretRow> {
        // Both are always compared, so that time does not tell which.
        let mut found = None;
        for row in &self.secrets {
            if client_secret::hash_matches(&row.hash, text) {
                found = Some(row);
            }
        }
        found
    }

    /// Whether a request must carry a code challenge.
    #[must_use]
    pub fn needs_pkce(&self) -> bool {
        self.require_pkce || self.client_type == ClientType::Public
    }
}

/// What a `POST` or `PATCH` of an application may say; what is left out keeps its value.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ApplicationPatch {
    /// See [`Application::name`].
    pub name: Option<String>,
    /// See [`Application::description`].
    pub description: Option<String>,
    /// See [`Application::website`].
    #[serde(
        default,
        deserialize_with = "super::nullable",
        skip_serializing_if = "Option::is_none"
    )]
    pub website: Option<Option<String>>,
    /// See [`Application::redirect_uris`].
    pub redirect_uris: Option<Vec<String>>,
    /// See [`Application::client_type`]; fixed at registration.
    #[serde(rename = "type")]
    pub client_type: Option<ClientType>,
    /// See [`Application::require_pkce`].
    pub require_pkce: Option<bool>,
    /// See [`Application::status`].
    pub status: Option<Status>,
}

/// Whether this is an address of the web that says where it leads: `https://bank.example@other.example` does not.
fn is_website(text: &str) -> bool {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    rest.and_then(|rest| rest.split(['/', '?', '#']).next())
        .is_some_and(|authority| {
            let misleads = |c: char| c == '@' || c == '\\' || c.is_whitespace();
            !authority.is_empty() && !authority.contains(misleads)
        })
}

fn check_website(website: Option<&str>) -> Result<(), Problem> {
    let Some(website) = website else {
        return Ok(());
    };
    check_line("website", website, 1, 300)?;
    if !is_website(website) {
        return Err(Problem::invalid(
            "website must be an address that starts with https:// or http:// and has a host but no user name.",
        ));
    }
    Ok(())
}

fn check_redirect_uris(uris: &[String], client_type: ClientType) -> Result<(), Problem> {
    if uris.len() > 50 {
        return Err(Problem::invalid(
            "An application can have at most 50 redirect URIs.",
        ));
    }
    let mut seen = BTreeSet::new();
    for uri in uris {
        redirect_uri::registrable(uri, client_type)
            .map_err(|why| Problem::invalid(format!("{}: {why}.", shown(uri))))?;
        if !seen.insert(uri) {
            return Err(Problem::invalid(format!("Redirect URI {uri} is repeated.")));
        }
    }
    Ok(())
}

impl ApplicationPatch {
    /// Lays this over an application.
    ///
    /// # Errors
    /// [`Problem::Invalid`] for a value that cannot be.
    pub fn apply(self, application: &mut Application) -> Result<(), Problem> {
        if self
            .client_type
            .is_some_and(|asked| asked != application.client_type)
        {
            return Err(Problem::invalid(
                "type cannot be changed after registration. Register another application.",
            ));
        }
        if let Some(name) = self.name {
            check_line("name", &name, 1, 100)?;
            application.name = name;
        }
        if let Some(description) = self.description {
            check_text("description", &description, 0, 500)?;
            application.description = description;
        }
        // What is kept as it is is not looked at again: rules that came since are for what is new.
        if let Some(website) = self.website {
            application.website = website.filter(|website| !website.is_empty());
            check_website(application.website.as_deref())?;
        }
        if let Some(uris) = self.redirect_uris {
            check_redirect_uris(&uris, application.client_type)?;
            application.redirect_uris = uris;
        }
        if let Some(required) = self.require_pkce {
            application.require_pkce = required;
        }
        if let Some(status) = self.status {
            application.status = status;
        }
        Ok(())
    }
}
