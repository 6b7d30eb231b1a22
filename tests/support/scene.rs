//! An event with a catalogue, an application the organiser approved, and Robin.

use core::ops::Deref;

use serde_json::{Value, json};
use willcall::account::profile::AccountStatus;
use willcall::directory::account_row::AccountPatch;
use willcall::directory::{event_command, platform_command};
use willcall::protocol::client::{ClientId, ClientType};
use willcall::token::client_secret;
use willcall::token::id::{AccountId, EventId};

use super::browser::Browser;
use super::people::{Client, Person, Tokens};
use super::world::World;
use super::{EMAIL, HOST, NAME, PASSWORD_HASH};

/// The scopes of the catalogue besides the built-in ones:
/// `badge:print` needs the permission `badges` and is sensitive, `shirt:order` needs `shirts`, which the
/// role `staff` contains, `stats:read` is for people and services, `report:read` for services only, and
/// `schedule:edit` is approved for nobody.
pub fn catalogue() -> Value {
    json!([
        {"name": "badge:print", "title": "Print badges", "description": "Any badge.", "sensitive": true,
         "modes": ["obo"], "permission": "badges"},
        {"name": "shirt:order", "title": "Order shirts", "description": "In your size.", "modes": ["obo"],
         "permission": "shirts"},
        {"name": "stats:read", "title": "See statistics", "modes": ["obo", "service"]},
        {"name": "report:read", "title": "Read reports", "modes": ["service"]},
        {"name": "schedule:edit", "title": "Edit the schedule", "modes": ["obo", "service"]},
    ])
}

/// What Badge Buddy may do on behalf of people: everything but `schedule:edit`.
pub const OBO: [&str; 6] = [
    "pii:basic",
    "pii:email",
    "user:roles",
    "badge:print",
    "shirt:order",
    "stats:read",
];
/// What Badge Buddy may do as a service.
pub const SERVICE: [&str; 3] = ["stats:read", "report:read", "user:read"];

/// The world most tests begin with.
pub struct Scene {
    pub world: World,
    pub event: EventId,
    pub client: Client,
    pub robin: Person,
}

impl Deref for Scene {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}

impl Scene {
    pub fn new() -> Self {
        let world = World::empty();
        let event = world.put_event(HOST, json!({"name": "Harbour Con"}));
        world.put_scopes(&event, catalogue());
        world.put_roles(
            &event,
            json!([{"name": "staff", "permissions": ["shirts"]}]),
        );
        let client = world.register(json!({}));
        world.integrate(
            &event,
            &client,
            json!({"obo_scopes": OBO, "service_scopes": SERVICE}),
        );
        let robin = world.person(
            &event,
            json!({"email": EMAIL, "name": NAME, "permissions": ["badges"], "roles": ["staff"]}),
        );
        Self {
            world,
            event,
            client,
            robin,
        }
    }

    /// Somebody else at the event, who has no role.
    pub fn other_person(&self, email: &str) -> Person {
        self.person(&self.event, json!({"email": email, "name": "Casey"}))
    }

    pub fn browser(&self) -> Browser<'_> {
        Browser::new(&self.world)
    }

    /// Robin's browser.
    pub fn signed_in(&self) -> Browser<'_> {
        let browser = self.browser();
        browser.sign_in(&self.robin);
        browser
    }

    /// What Robin lets Badge Buddy do; empty: all there is.
    #[track_caller]
    pub fn granted(&self, scope: &str) -> Tokens {
        let code = self.signed_in().code(&self.client, &[("scope", scope)]);
        self.client.redeem(self, &code)
    }

    /// Another application that this event approved for the same.
    pub fn another_client(&self) -> Client {
        let client = self.register(json!({
            "name": "Shirt Shop",
            "redirect_uris": ["https://shirts.example/back"],
        }));
        self.change(
            &client,
            json!({"obo_scopes": OBO, "service_scopes": SERVICE}),
        );
        client
    }

    /// A public application that this event approved for the same.
    pub fn public_client(&self, uris: &[&str]) -> Client {
        let client =
            self.register(json!({"name": "Pocket Buddy", "type": "public", "redirect_uris": uris}));
        self.change(&client, json!({"obo_scopes": OBO}));
        client
    }

    /// Changes what the organiser approved.
    pub fn change(&self, client: &Client, patch: Value) {
        self.integrate(&self.event, client, patch);
    }

    pub fn suspend(&self, client: &Client) {
        self.change(client, json!({"status": "suspended"}));
    }

    pub fn resume(&self, client: &Client) {
        self.change(client, json!({"status": "active"}));
    }

    pub fn delete_integration(&self, client: &Client) {
        let command = event_command::Command::DeleteIntegration {
            client_id: number(client),
            incarnation: None,
        };
        done(&self.event(&self.event, &command));
    }

    /// The kinds of the latest entries in the audit, newest first.
    pub fn audit(&self, most: usize) -> Vec<String> {
        let page = json!({"after": null, "limit": most});
        let page = serde_json::from_value(page).unwrap();
        match self.event(&self.event, &event_command::Command::ListAudit(page)) {
            event_command::Reply::Audit(page) => {
                page.items.into_iter().map(|entry| entry.kind).collect()
            }
            other => panic!("{other:?}"),
        }
    }

    /// Changes Robin's account.
    pub fn change_robin(&self, patch: Value) {
        self.change_account(&self.event, &self.robin, patch);
    }

    pub fn disable_robin(&self) {
        self.change_robin(json!({"status": "disabled"}));
    }

    pub fn enable_robin(&self) {
        self.change_robin(json!({"status": "active"}));
    }

    pub fn delete_robin(&self) {
        let command = event_command::Command::DeleteAccount {
            id: self.robin.account(),
        };
        done(&self.event(&self.event, &command));
    }

    /// Whether nothing of these tokens is good any more.
    #[track_caller]
    pub fn assert_ended(&self, tokens: &Tokens) {
        self.assert_all_ended(&[tokens]);
    }

    /// Whether nothing of all these tokens is good any more. They are looked up before any is presented: presenting one
    /// that was rotated away ends the others.
    #[track_caller]
    pub fn assert_all_ended(&self, all: &[&Tokens]) {
        for tokens in all {
            assert!(
                !self.client.is_active(self, &tokens.access),
                "the access token"
            );
            assert!(
                !self.client.is_active(self, &tokens.refresh),
                "the refresh token"
            );
        }
        for tokens in all {
            self.client
                .try_to_refresh(self, &tokens.refresh, "")
                .refused(400, "invalid_grant");
        }
    }

    /// Whether all of these tokens is good: it is used up by that.
    #[track_caller]
    pub fn assert_lives(&self, tokens: &Tokens) -> Tokens {
        assert!(
            self.client.is_active(self, &tokens.access),
            "the access token"
        );
        assert!(
            self.client.is_active(self, &tokens.refresh),
            "the refresh token"
        );
        self.client.refresh(self, &tokens.refresh)
    }
}

impl World {
    pub fn put_event(&self, host: &str, patch: Value) -> EventId {
        let command = platform_command::Command::PutEvent {
            host: host.to_owned(),
            patch: serde_json::from_value(patch).unwrap(),
            fresh_id: EventId::mint(&self.memory),
        };
        match self.platform(&command) {
            platform_command::Reply::Event { event, .. } => event.id,
            other => panic!("{other:?}"),
        }
    }

    pub fn delete_event(&self, host: &str) {
        let command = platform_command::Command::DeleteEvent {
            host: host.to_owned(),
            id: None,
        };
        assert!(matches!(
            self.platform(&command),
            platform_command::Reply::Done
        ));
    }

    pub fn put_scopes(&self, event: &EventId, scopes: Value) {
        let scopes = serde_json::from_value(scopes).unwrap();
        done(&self.event(event, &event_command::Command::PutScopes(scopes)));
    }

    pub fn put_roles(&self, event: &EventId, roles: Value) {
        let roles = serde_json::from_value(roles).unwrap();
        done(&self.event(event, &event_command::Command::PutRoles(roles)));
    }

    /// Registers an application; what is left out is Badge Buddy's.
    pub fn register(&self, fields: Value) -> Client {
        let mut patch = json!({
            "name": "Badge Buddy",
            "description": "Prints badges on the spot",
            "website": "https://buddy.example/about",
            "redirect_uris": ["https://buddy.example/callback"],
            "type": "confidential",
        });
        for (name, value) in fields.as_object().unwrap() {
            patch[name] = value.clone();
        }
        let client_type: ClientType = serde_json::from_value(patch["type"].clone()).unwrap();
        let secret = client_secret::draw(&self.memory).expose().clone();
        let secret_id = self.id("sec_");
        let confidential = client_type == ClientType::Confidential;
        patch.as_object_mut().unwrap().remove("type");
        let command = platform_command::Command::CreateApplication {
            patch: serde_json::from_value(patch).unwrap(),
            client_type,
            secret: confidential.then(|| (secret_id.clone(), client_secret::hash(&secret))),
            attempt: self.id(""),
        };
        let platform_command::Reply::Application(made) = self.platform(&command) else {
            panic!("not registered: {command:?}");
        };
        Client {
            id: made.client_id.to_string(),
            secret: confidential.then_some(secret),
            secret_id,
            redirect_uri: made.redirect_uris.first().cloned().unwrap_or_default(),
        }
    }

    pub fn change_application(&self, client: &Client, patch: Value) {
        let command = platform_command::Command::PatchApplication {
            client_id: number(client),
            patch: serde_json::from_value(patch).unwrap(),
        };
        assert!(matches!(
            self.platform(&command),
            platform_command::Reply::Application(_)
        ));
    }

    pub fn delete_application(&self, client: &Client) {
        let command = platform_command::Command::DeleteApplication {
            client_id: number(client),
        };
        assert!(matches!(
            self.platform(&command),
            platform_command::Reply::Done
        ));
    }

    /// A second secret, beside the first.
    pub fn add_secret(&self, client: &Client) -> Client {
        let secret = client_secret::draw(&self.memory).expose().clone();
        let secret_id = self.id("sec_");
        let command = platform_command::Command::AddSecret {
            client_id: number(client),
            id: secret_id.clone(),
            hash: client_secret::hash(&secret),
        };
        assert!(matches!(
            self.platform(&command),
            platform_command::Reply::Application(_)
        ));
        Client {
            secret: Some(secret),
            secret_id,
            ..client.clone()
        }
    }

    pub fn delete_secret(&self, client: &Client) {
        let command = platform_command::Command::DeleteSecret {
            client_id: number(client),
            id: client.secret_id.clone(),
        };
        assert!(matches!(
            self.platform(&command),
            platform_command::Reply::Done
        ));
    }

    pub fn integrate(&self, event: &EventId, client: &Client, patch: Value) {
        let command = event_command::Command::PutIntegration {
            client_id: number(client),
            patch: serde_json::from_value(patch).unwrap(),
            fresh_incarnation: self.id("inc_"),
        };
        match self.event(event, &command) {
            event_command::Reply::Integration { .. } => {}
            other => panic!("{other:?}"),
        }
    }

    /// Makes an account with [`super::PASSWORD`].
    pub fn person(&self, event: &EventId, mut fields: Value) -> Person {
        if fields["password_hash"].is_null() {
            fields["password_hash"] = PASSWORD_HASH.as_str().into();
        }
        let command = event_command::Command::CreateAccount {
            fresh_id: AccountId::mint(&self.memory),
            patch: serde_json::from_value(fields).unwrap(),
        };
        match self.event(event, &command) {
            event_command::Reply::Account(row) => {
                assert_eq!(row.status, AccountStatus::Active);
                Person {
                    id: row.id.into(),
                    email: row.email,
                }
            }
            other => panic!("{other:?}"),
        }
    }

    pub fn change_account(&self, event: &EventId, person: &Person, patch: Value) {
        let patch: AccountPatch = serde_json::from_value(patch).unwrap();
        let command = event_command::Command::PatchAccount {
            id: person.account(),
            patch,
        };
        assert!(matches!(
            self.event(event, &command),
            event_command::Reply::Account(_)
        ));
    }
}

pub fn number(client: &Client) -> ClientId {
    ClientId::parse(&client.id).unwrap()
}

#[track_caller]
fn done(reply: &event_command::Reply) {
    assert!(matches!(reply, event_command::Reply::Done), "{reply:?}");
}

/// A scope's names in their order.
pub fn words(scope: &str) -> Vec<&str> {
    scope.split(' ').filter(|name| !name.is_empty()).collect()
}
