//! Answering an authorization request: by redirect, by a form that posts itself, or by a page.

use super::NOT_PERMITTED;
use super::request::{Request, ResponseMode, fault_in_words};
use crate::endpoint::session::SignedIn;
use crate::endpoint::{Site, consent, login};
use crate::pages::{Back, ConsentPage, Field, FormPostPage, InvalidRequestPage, ScopeLine};
use crate::protocol::error::AuthorizationError;
use crate::protocol::scope::Scope;
use crate::store::ports::{Counted, Fault, Ports};
use crate::token::authorization_code::{AuthorizationCode, Binding, LIFETIME};
use crate::token::id::GrantId;
use crate::web::reply::{Forms, Reply};

impl Request {
    pub(super) fn refuse<P: Ports>(
        &self,
        site: &Site<'_, P>,
        error: AuthorizationError,
        words: &str,
    ) -> Reply {
        // A fault of ours is none of the application's.
        let ours = matches!(
            error,
            AuthorizationError::ServerError | AuthorizationError::TemporarilyUnavailable
        );
        if !ours {
            site.log_refusal("authorize", &error);
            site.ports.count(
                &site.event.id,
                self.client.application.client_id.as_str(),
                Counted::Refusal,
            );
        }
        self.answer(
            site,
            &[("error", error.code()), ("error_description", words)],
        )
    }

    /// A fault of ours, told to the application (RFC 6749 section 4.1.2.1).
    pub(super) fn faulty<P: Ports>(&self, site: &Site<'_, P>, fault: &Fault) -> Reply {
        let (error, words) = fault_in_words(site, fault);
        self.refuse(site, error, words)
    }

    /// Sends an answer to the application, `state` and `iss` with it (RFC 9207).
    fn answer<P: Ports>(&self, site: &Site<'_, P>, pairs: &[(&str, &str)]) -> Reply {
        let mut pairs = pairs.to_vec();
        if let Some(state) = &self.state {
            pairs.push(("state", state));
        }
        pairs.push(("iss", site.issuer.as_str()));
        match self.mode {
            ResponseMode::Query => Reply::see_other(self.redirect_uri.with_query(&pairs)),
            ResponseMode::Fragment => Reply::see_other(self.redirect_uri.with_fragment(&pairs)),
            ResponseMode::FormPost => {
                let page = FormPostPage {
                    layout: site.layout(None),
                    application: self.client.application.name.clone(),
                    action: self.redirect_uri.as_str().to_owned(),
                    fields: fields(&pairs),
                };
                Reply::page(200, page.html(), Forms::LeadToAnApplication)
            }
        }
    }

    pub(super) fn succeed<P: Ports>(
        &self,
        site: &Site<'_, P>,
        person: &SignedIn,
        scope: Scope,
    ) -> Result<Reply, Fault> {
        let profile = &person.visit.profile;
        let code = AuthorizationCode {
            grant_id: GrantId::mint(site.ports),
            account_id: person.cookie.account_id.clone(),
            client_id: self.client.application.client_id.clone(),
            incarnation: self.integration.incarnation.clone(),
            scope,
            account_epoch: profile.epoch,
            revocations: person.visit.revocations,
            expires_at: site.now.plus(LIFETIME),
        };
        let binding = Binding {
            redirect_uri: self.redirect_uri.as_str(),
            redirect_uri_sent: self.redirect_uri_sent,
            challenge: self.challenge.as_ref(),
        };
        let code = code
            .seal(site.ring, &site.event.id, &binding)
            .ok_or(Fault::Broken("a code could not be signed"))?;
        Ok(self.answer(site, &[("code", &code)]))
    }

    pub(super) fn ask<P: Ports>(
        &self,
        site: &Site<'_, P>,
        person: &SignedIn,
        scope: &Scope,
        scopes: Vec<ScopeLine>,
    ) -> Reply {
        let application = &self.client.application;
        let scope = scope.to_string();
        let shown = consent::hash_of(application, &self.redirect_uri, &scopes);
        let session_id = &person.cookie.session_id;
        let form_token = consent::form_token(site, session_id, &self.query, &scope, &shown);
        let page = ConsentPage {
            layout: site.layout(Some(person.person())),
            application: crate::pages::ApplicationCard {
                name: application.name.clone(),
                description: application.description.clone(),
                website: application.website.clone(),
            },
            return_host: self.redirect_uri.for_people(),
            scopes,
            request: self.query.clone(),
            scope,
            shown,
            form_token,
            switch_href: login::address(&self.address(&site.head.path)),
        };
        Reply::page(200, page.html(), Forms::LeadToAnApplication)
    }

    /// The 403 page: what the person may not grant, in words, one button back, and the way to another account.
    pub(super) fn not_permitted<P: Ports>(
        &self,
        site: &Site<'_, P>,
        person: &SignedIn,
        scopes: Vec<ScopeLine>,
    ) -> Reply {
        site.log_refusal("authorize", &NOT_PERMITTED);
        site.ports.count(
            &site.event.id,
            self.client.application.client_id.as_str(),
            Counted::Refusal,
        );
        let mut pairs = vec![
            ("error", AuthorizationError::InvalidRequest.code()),
            ("error_description", NOT_PERMITTED),
        ];
        if let Some(state) = &self.state {
            pairs.push(("state", state));
        }
        pairs.push(("iss", site.issuer.as_str()));
        let page = InvalidRequestPage {
            layout: site.layout(Some(person.person())),
            application: self.client.application.name.clone(),
            scopes,
            switch_href: login::address(&self.address(&site.head.path)),
            back: self.back(&pairs),
        };
        Reply::page(403, page.html(), Forms::LeadToAnApplication)
    }

    /// The way back with an answer that a person takes with a button.
    fn back(&self, pairs: &[(&str, &str)]) -> Back {
        let uri = self.redirect_uri.as_str();
        let form = |action: &str, fields, post| Back::Form {
            action: action.to_owned(),
            fields,
            post,
        };
        match self.mode {
            ResponseMode::FormPost => form(uri, fields(pairs), true),
            ResponseMode::Fragment => Back::Link(self.redirect_uri.with_fragment(pairs)),
            // A browser drops the query of such a form's address and writes that of its fields.
            ResponseMode::Query if uri.contains('?') => {
                Back::Link(self.redirect_uri.with_query(pairs))
            }
            ResponseMode::Query => form(uri, fields(pairs), false),
        }
    }
}

fn fields(pairs: &[(&str, &str)]) -> Vec<Field> {
    pairs
        .iter()
        .map(|(name, value)| Field {
            name: (*name).to_owned(),
            value: (*value).to_owned(),
        })
        .collect()
}
