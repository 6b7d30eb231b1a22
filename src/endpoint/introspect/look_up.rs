//! What a token that verifies is worth now, by its authority.

use super::{Asker, Introspection};
use crate::account::command::{Alive, Command, Reply as AccountReply};
use crate::directory::catalogue::Mode;
use crate::directory::event::EventRecord;
use crate::directory::integration::Integration;
use crate::endpoint::bearer;
use crate::endpoint::client_auth::Stop;
use crate::protocol::client::ClientId;
use crate::protocol::scope::Scope;
use crate::store::directory::{self, Source};
use crate::store::ports::Ports;
use crate::token::access_token::AccessToken;
use crate::token::id::{GrantId, OwnerId};
use crate::token::personal_access_token::PersonalAccessToken;
use crate::token::refresh_token::RefreshToken;

impl<P: Ports> Asker<'_, P> {
    fn may_see(&self, client_id: &ClientId) -> bool {
        self.sees_all || client_id == self.client.id()
    }

    /// The event and integration of the client a token was issued to, if it may be used now and is still
    /// the one of that incarnation.
    async fn integration_of(
        &self,
        client_id: &ClientId,
        incarnation: &str,
    ) -> Result<Option<directory::Client>, Stop> {
        for source in [Source::Replica, Source::Authority] {
            let client = directory::client(
                self.site.ports,
                &self.site.event,
                client_id,
                source,
                self.site.now,
            )
            .await?;
            let usable = client.filter(|client| {
                client
                    .usable()
                    .is_some_and(|integration| integration.incarnation == incarnation)
            });
            if usable.is_some() {
                return Ok(usable);
            }
        }
        Ok(None)
    }

    /// What is left of a scope now. What a replica's records would take from it is asked of the authority
    /// once more; nothing, if by its word the integration is gone, suspended, or not that one any more.
    async fn allowed_now(
        &self,
        client: &directory::Client,
        whole: &Scope,
        judge: impl Fn(&EventRecord, &Integration) -> Scope,
    ) -> Result<Option<Scope>, Stop> {
        let by = |client: &directory::Client| {
            client
                .usable()
                .map(|integration| judge(&client.event, integration))
        };
        let judged = by(client);
        if judged.as_ref() == Some(whole) {
            return Ok(judged);
        }
        let incarnation = |client: &directory::Client| {
            client
                .usable()
                .map(|integration| integration.incarnation.clone())
        };
        let id = &client.application.client_id;
        let site = self.site;
        let now =
            directory::client(site.ports, &site.event, id, Source::Authority, site.now).await?;
        let same = now.filter(|now| incarnation(now) == incarnation(client));
        Ok(same.as_ref().and_then(by))
    }

    pub(super) async fn access_token(
        &self,
        token: AccessToken,
    ) -> Result<Option<Introspection>, Stop> {
        let site = self.site;
        if site.now >= token.exp || !self.may_see(&token.client_id) {
            return Ok(None);
        }
        let Some(client) = self
            .integration_of(&token.client_id, &token.incarnation)
            .await?
        else {
            return Ok(None);
        };
        let scope = if let (Some(grant_id), Some(generation)) = (&token.grant_id, token.generation)
        {
            let Some(alive) = self
                .inspect(
                    &token.owner(),
                    grant_id,
                    generation,
                    &token.client_id,
                    &token.incarnation,
                )
                .await?
            else {
                return Ok(None);
            };
            let granted = token.scope.and(&alive.scope);
            self.allowed_now(&client, &granted, |event, integration| {
                allowed(event, integration, &alive, &granted)
            })
            .await?
        } else {
            let command = Command::InspectLone {
                jti: token.jti.clone(),
            };
            let owner = OwnerId::service(&token.client_id, &token.incarnation);
            if site.account(&owner, &command).await? != AccountReply::Done {
                return Ok(None);
            }
            self.allowed_now(&client, &token.scope, |event, integration| {
                token.scope.and(&event.approved(integration, Mode::Service))
            })
            .await?
        };
        let Some(scope) = scope else { return Ok(None) };
        Ok(Some(Introspection {
            active: true,
            scope: Some(scope.to_string()),
            client_id: Some(token.client_id.to_string()),
            token_type: Some("Bearer"),
            exp: Some(token.exp),
            iat: Some(token.iat),
            sub: Some(token.sub.to_string()),
            aud: Some(token.aud),
            iss: Some(token.iss),
            jti: Some(token.jti),
        }))
    }

    pub(super) async fn refresh_token(
        &self,
        token: &RefreshToken,
    ) -> Result<Option<Introspection>, Stop> {
        // A refresh token does not say whose client it is: ask as oneself, or, for those who see all,
        // as the client its grant names.
        let client_id = if self.sees_all {
            match self.client_of(token).await? {
                Some(client_id) => client_id,
                None => return Ok(None),
            }
        } else {
            self.client.id().clone()
        };
        let site = self.site;
        // Dead by the object's word for the incarnation that a replica knows: the integration may have been created
        // again since.
        let mut dead_in = None;
        for source in [Source::Replica, Source::Authority] {
            let client =
                directory::client(site.ports, &site.event, &client_id, source, site.now).await?;
            let Some(client) = client else { continue };
            let Some(integration) = client.usable() else {
                continue;
            };
            if dead_in.as_ref() == Some(&integration.incarnation) {
                continue;
            }
            let inspected = self
                .inspect(
                    &token.owner,
                    &token.grant_id,
                    token.generation,
                    &client_id,
                    &integration.incarnation,
                )
                .await?;
            let Some(alive) = inspected else {
                dead_in = Some(integration.incarnation.clone());
                continue;
            };
            // Settings, which may be old here. An access token never outlives the days; a refresh token does.
            let limit = client.event.settings.idle_limit();
            let off = alive.profile.service && !integration.service_refresh_tokens;
            if off || limit.ends(alive.last_used_at, site.now) {
                continue;
            }
            let subject = if alive.profile.service {
                client_id.to_string()
            } else {
                token.owner.to_string()
            };
            let scope = self
                .allowed_now(&client, &alive.scope, |event, integration| {
                    allowed(event, integration, &alive, &alive.scope)
                })
                .await?;
            let Some(scope) = scope else { continue };
            return Ok(Some(Introspection {
                active: true,
                scope: Some(scope.to_string()),
                client_id: Some(client_id.to_string()),
                iat: Some(alive.created_at),
                sub: Some(subject),
                iss: Some(site.issuer.as_str().to_owned()),
                ..Introspection::default()
            }));
        }
        Ok(None)
    }

    async fn client_of(&self, token: &RefreshToken) -> Result<Option<ClientId>, Stop> {
        let command = Command::WhoseGrant {
            grant_id: token.grant_id.clone(),
        };
        Ok(match self.site.account(&token.owner, &command).await? {
            AccountReply::GrantOf { client_id } => Some(client_id),
            _ => None,
        })
    }

    async fn inspect(
        &self,
        owner: &OwnerId,
        grant_id: &GrantId,
        generation: u64,
        client_id: &ClientId,
        incarnation: &str,
    ) -> Result<Option<Box<Alive>>, Stop> {
        let command = Command::Inspect {
            grant_id: grant_id.clone(),
            generation,
            client_id: client_id.clone(),
            incarnation: incarnation.to_owned(),
        };
        Ok(match self.site.account(owner, &command).await? {
            AccountReply::Alive(alive) => Some(alive),
            _ => None,
        })
    }

    pub(super) async fn personal(
        &self,
        token: &PersonalAccessToken,
    ) -> Result<Option<Introspection>, Stop> {
        let command = Command::UseToken {
            token_id: token.id.clone(),
        };
        let AccountReply::Alive(alive) = self.site.account(&token.account_id, &command).await?
        else {
            return Ok(None);
        };
        let (scope, _) = bearer::personal_scope(self.site, &alive).await?;
        Ok(Some(Introspection {
            active: true,
            scope: Some(scope.to_string()),
            token_type: Some("Bearer"),
            exp: alive.expires_at,
            iat: Some(alive.created_at),
            sub: Some(token.account_id.to_string()),
            iss: Some(self.site.issuer.as_str().to_owned()),
            ..Introspection::default()
        }))
    }
}

/// What is left of a token's scope by these records.
fn allowed(event: &EventRecord, integration: &Integration, alive: &Alive, scope: &Scope) -> Scope {
    if alive.profile.service {
        return scope.and(&event.approved(integration, Mode::Service));
    }
    let rules = event.rules(integration, Mode::Obo, false);
    rules.allowed(scope, &rules.permissions(alive.profile.held()))
}
