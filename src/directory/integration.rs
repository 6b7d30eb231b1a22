//! An integration: what an event's organiser approved for an application.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::catalogue::{Mode, ScopeDefinition};
use super::{Problem, Status, shown};
use crate::protocol::client::ClientId;
use crate::token::id::OwnerId;

/// How many characters the scopes of one mode may have together, with a space between two: they travel in each code
/// and token, and a token of more than 8192 characters is not looked at.
pub const MOST_SCOPE_TEXT: usize = 4000;

/// An approval as edge code knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Integration {
    /// Moves with every change.
    pub version: u64,
    /// The application.
    pub client_id: ClientId,
    /// Drawn anew each time it is created: what an earlier one issued stays dead.
    pub incarnation: String,
    /// Approved for acting on behalf of people.
    pub obo_scopes: BTreeSet<String>,
    /// Approved for acting as a service.
    pub service_scopes: BTreeSet<String>,
    /// Whether `client_credentials` answers with a refresh token.
    pub service_refresh_tokens: bool,
    /// Whether it is paused.
    pub status: Status,
    /// Whether it has been deleted.
    #[serde(default)]
    pub deleted: bool,
}

impl Integration {
    /// Who owns this service's own grants.
    #[must_use]
    pub fn service_owner(&self) -> OwnerId {
        OwnerId::service(&self.client_id, &self.incarnation)
    }
}

/// An integration with what its event's object alone knows of it: no replica says it, which would have
/// to be written at each use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntegrationReport {
    /// The integration.
    #[serde(flatten)]
    pub integration: Integration,
    /// The last day of use, `YYYY-MM-DD`; none if it was never used since it was created.
    pub last_used_on: Option<String>,
}

/// What a `PUT` of an integration may say; what is left out keeps its value.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct IntegrationPatch {
    /// See [`Integration::obo_scopes`].
    pub obo_scopes: Option<BTreeSet<String>>,
    /// See [`Integration::service_scopes`].
    pub service_scopes: Option<BTreeSet<String>>,
    /// See [`Integration::service_refresh_tokens`].
    pub service_refresh_tokens: Option<bool>,
    /// See [`Integration::status`].
    pub status: Option<Status>,
}

impl IntegrationPatch {
    /// Lays this over an integration.
    ///
    /// # Errors
    /// [`Problem::Invalid`] for a scope that is not in the catalogue or of the other mode, or for more than fit in a token.
    pub fn apply(
        self,
        integration: &mut Integration,
        catalogue: &[ScopeDefinition],
    ) -> Result<(), Problem> {
        for (scopes, mode, word) in [
            (&self.obo_scopes, Mode::Obo, "use on behalf of people"),
            (&self.service_scopes, Mode::Service, "use as a service"),
        ] {
            for name in scopes.iter().flatten() {
                match catalogue.iter().find(|scope| scope.name == *name) {
                    None => {
                        return Err(Problem::invalid(format!(
                            "Scope {} is not in the event's catalogue.",
                            shown(name)
                        )));
                    }
                    Some(scope) if !scope.modes.contains(&mode) => {
                        return Err(Problem::invalid(format!("Scope {name} is not for {word}.")));
                    }
                    Some(_) => {}
                }
            }
            let length: usize = scopes.iter().flatten().map(|name| name.len() + 1).sum();
            if length > MOST_SCOPE_TEXT + 1 {
                return Err(Problem::invalid(format!(
                    "The scopes for {word} have {} characters in total. The limit is {MOST_SCOPE_TEXT}, because every token carries them.",
                    length - 1
                )));
            }
        }
        if let Some(scopes) = self.obo_scopes {
            integration.obo_scopes = scopes;
        }
        if let Some(scopes) = self.service_scopes {
            integration.service_scopes = scopes;
        }
        if let Some(on) = self.service_refresh_tokens {
            integration.service_refresh_tokens = on;
        }
        if let Some(status) = self.status {
            integration.status = status;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::pkce::CodeChallenge;
    use crate::protocol::scope::Scope;
    use crate::protocol::time::UnixTime;
    use crate::token::access_token::{AccessToken, Issuer, Subject};
    use crate::token::authorization_code::{AuthorizationCode, Binding};
    use crate::token::id::tests::{account, event, grant};
    use crate::token::key::tests::ring;

    #[test]
    fn the_longest_code_and_token_there_can_be_verify() {
        let ring = ring();
        let host = format!("{}.example", ["a"; 4].map(|a| a.repeat(60)).join("."));
        assert!(crate::directory::event::is_host(&host));
        let id = "x".repeat(40);
        let scope = Scope::of(["s".repeat(MOST_SCOPE_TEXT).as_str()]);
        let issuer = Issuer::new(&host, None);
        let token = AccessToken {
            iss: issuer.as_str().into(),
            sub: Subject::Person(account(&id)),
            aud: issuer.as_str().into(),
            client_id: ClientId::number(999_999_999_999_999_999),
            iat: UnixTime(u64::MAX),
            exp: UnixTime(u64::MAX),
            jti: id.clone(),
            scope: scope.clone(),
            incarnation: id.clone(),
            grant_id: Some(grant(&id)),
            generation: Some(u64::MAX),
        };
        let event = event("evt");
        let text = token.seal(&ring, &event).unwrap();
        assert!(AccessToken::open(&ring, &event, &issuer, &text).is_some());
        let code = AuthorizationCode {
            grant_id: grant(&id),
            account_id: account(&id),
            client_id: ClientId::number(999_999_999_999_999_999),
            incarnation: id,
            scope,
            account_epoch: u64::MAX,
            revocations: u64::MAX,
            expires_at: UnixTime(u64::MAX),
        };
        let challenge = CodeChallenge::of_verifier(&"v".repeat(43));
        let binding = Binding {
            redirect_uri: "https://a.example/",
            redirect_uri_sent: true,
            challenge: challenge.as_ref(),
        };
        let text = code.seal(&ring, &event, &binding).unwrap();
        assert!(AuthorizationCode::open(&ring, &event, &text, &binding).is_some());
    }
}
