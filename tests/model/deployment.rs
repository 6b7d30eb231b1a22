//! The real thing: the whole server, and what its callers hold.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use willcall::ledger::outbox::ObjectKind;

use super::answer::Seen;
use super::callers::{error, grant_of};
use super::operation::{APPLICATIONS, Change, Down, Operation, PEOPLE, Token, Verifier, World};
use super::scopes::NAMES;
use super::state::Ms;
use crate::support::people::{Client, Person};
use crate::support::{HOST, Scene, VERIFIER};

/// The operator API's credential.
pub const OPERATOR: &str = "an-operator-token-of-32-characters";
/// KV is at most this much behind (docs/guarantees.md); the rest of the 90 seconds is the isolate's.
const KV_BEHIND: Ms = 60_000;
/// RFC 7636's verifier with one letter changed.
const WRONG_VERIFIER: &str = "aBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// What a client holds of a grant.
#[derive(Default)]
pub struct Held {
    pub person: usize,
    pub client: usize,
    pub code: String,
    pub id: String,
    pub refresh: Vec<String>,
    pub access: Vec<String>,
}

/// A deployment with an event, two people, two applications, and a third that sees every token.
pub struct Deployment {
    pub scene: Scene,
    pub clients: [Client; 2],
    pub watcher: Client,
    pub people: [Person; 2],
    pub enabled: [bool; 2],
    pub cookies: [BTreeMap<String, String>; 2],
    pub held: BTreeMap<u8, Held>,
    /// What KV was before each change, and when the change was.
    replicas: Vec<(Ms, BTreeMap<String, String>)>,
    /// Until when KV may stand still.
    still_until: Option<Ms>,
    now: Ms,
}

impl Deployment {
    pub fn new(now: Ms, retry_window: u64) -> Self {
        let mut scene = Scene::new();
        scene.world.memory.operator_token = Some(OPERATOR.to_owned());
        scene.change(
            &scene.client,
            json!({"obo_scopes": [], "service_scopes": []}),
        );
        scene.put_event(HOST, json!({"retry_window": retry_window}));
        scene.put_scopes(
            &scene.event,
            json!([
                {"name": "badge:print", "title": "Print badges", "sensitive": true, "modes": ["obo"]},
                {"name": "pii:email", "title": "Your e-mail", "modes": ["obo"], "permission": "mail"},
                {"name": "user:roles", "title": "Your roles", "modes": ["obo"], "permission": "crew"},
            ]),
        );
        let public = scene.register(json!({
            "name": APPLICATIONS[1],
            "type": "public",
            "redirect_uris": ["https://pocket.example/cb"],
        }));
        let watcher = scene.register(json!({"name": "Gatekeeper"}));
        scene.change(&watcher, json!({"service_scopes": ["token:introspect"]}));
        let clients = [scene.client.clone(), public];
        for client in &clients {
            scene.change(client, json!({"obo_scopes": NAMES}));
        }
        let rights = json!({"permissions": ["mail"], "roles": ["staff"]});
        scene.change_robin(rights.clone());
        let mut casey = rights;
        casey["email"] = "casey@people.example".into();
        casey["name"] = PEOPLE[1].into();
        let people = [scene.robin.clone(), scene.person(&scene.event, casey)];
        let deployment = Self {
            scene,
            clients,
            watcher,
            people,
            enabled: [true; 2],
            cookies: [BTreeMap::new(), BTreeMap::new()],
            held: BTreeMap::new(),
            replicas: Vec::new(),
            still_until: None,
            now,
        };
        deployment.put_roles(true);
        deployment
    }

    fn put_roles(&self, full: bool) {
        let permissions: &[&str] = if full { &["crew"] } else { &[] };
        let roles = json!([{"name": "staff", "permissions": permissions}]);
        self.scene.put_roles(&self.scene.event, roles);
    }

    /// Does it, and tells what was seen.
    pub fn perform(&mut self, operation: &Operation) -> Seen {
        match *operation {
            Operation::Authorize {
                grant,
                person,
                client,
                scope,
            } => self.authorize(grant, person, client, scope),
            Operation::Redeem {
                grant,
                by,
                verifier,
                scope,
            } => {
                let code = self.held[&grant].code.clone();
                let scope = scope.map(|scope| scope.to_string()).unwrap_or_default();
                let verifier = match verifier {
                    Verifier::Right => VERIFIER,
                    Verifier::Wrong => WRONG_VERIFIER,
                    Verifier::Missing => "",
                };
                let extra = [("code_verifier", verifier), ("scope", &scope)];
                let uri = self.clients[self.held[&grant].client].redirect_uri.clone();
                let sender = Client {
                    redirect_uri: uri,
                    ..self.sender(grant, by)
                };
                let answer = sender.try_to_redeem(&self.scene, &code, &extra);
                self.issued(grant, &answer)
            }
            Operation::Refresh {
                grant,
                back,
                by,
                scope,
            } => {
                let token = self.token(Token::Refresh { grant, back });
                let scope = scope.map(|scope| scope.to_string()).unwrap_or_default();
                let answer = self
                    .sender(grant, by)
                    .try_to_refresh(&self.scene, &token, &scope);
                self.issued(grant, &answer)
            }
            Operation::Revoke { token, by } => {
                let text = self.token(token);
                let sender = self.sender(grant_of(token), by);
                let answer = sender.send(&self.scene, "/api/oauth/revoke", &[("token", &text)]);
                if answer.status() == 200 {
                    Seen::Done
                } else {
                    error(&answer)
                }
            }
            Operation::Introspect { token, by } => self.introspect(token, by),
            Operation::Call { grant, back } => {
                let answer = self
                    .scene
                    .whoami(&self.token(Token::Access { grant, back }));
                self.person(grant, &answer)
            }
            Operation::RevokeAccess { person, client } => self.revoke_access(person, client),
            Operation::EndGrant { grant } => self.end_grant(grant),
            Operation::Change(change) => {
                self.replicas.push((self.now, self.scene.replicas_now()));
                self.change(change);
                Seen::Done
            }
            Operation::Wait(ms) => {
                self.now += ms;
                if self.still_until.is_some_and(|until| until < self.now) {
                    self.befall(World::ReplicasCatchUp);
                }
                self.scene.set_now_ms(self.now);
                Seen::Done
            }
            Operation::World(what) => {
                self.befall(what);
                Seen::Done
            }
        }
    }

    fn change(&mut self, change: Change) {
        let scene = &self.scene;
        let status =
            |suspended: bool| json!({"status": if suspended { "suspended" } else { "active" }});
        match change {
            Change::SuspendApplication { client, suspended } => {
                scene.change_application(&self.clients[client], status(suspended));
            }
            Change::SuspendIntegration { client, suspended } => {
                scene.change(&self.clients[client], status(suspended));
            }
            Change::Approve { client, scopes } | Change::CreateIntegration { client, scopes } => {
                scene.change(&self.clients[client], json!({"obo_scopes": scopes.names()}));
            }
            Change::DeleteIntegration { client } => scene.delete_integration(&self.clients[client]),
            Change::OwnPermission { person, held } => {
                let permissions: &[&str] = if held { &["mail"] } else { &[] };
                self.change_person(person, &json!({"permissions": permissions}));
            }
            Change::Role { person, held } => {
                let roles: &[&str] = if held { &["staff"] } else { &[] };
                self.change_person(person, &json!({"roles": roles}));
            }
            Change::RoleContents { full } => self.put_roles(full),
            Change::Account { person, enabled } => {
                self.change_person(
                    person,
                    &json!({"status": if enabled { "active" } else { "disabled" }}),
                );
                self.enabled[person] = enabled;
            }
            Change::RetryWindow(seconds) => {
                scene.put_event(HOST, json!({"retry_window": seconds}));
            }
            Change::IdleDays(days) => {
                scene.put_event(HOST, json!({"refresh_idle_days": days}));
            }
        }
    }

    fn change_person(&self, person: usize, patch: &Value) {
        let scene = &self.scene;
        scene.change_account(&scene.event, &self.people[person], patch.clone());
    }

    fn befall(&mut self, what: World) {
        match what {
            World::ReplicasStandStill => {
                self.scene.freeze();
                self.still_until = Some(self.now + KV_BEHIND);
            }
            World::ReplicasCatchUp => {
                self.scene.thaw();
                self.still_until = None;
            }
            World::AnotherIsolate => self.scene.another_isolate(),
            World::Elsewhere { behind } => {
                let mut before = self.replicas.iter().rev();
                let seen = before
                    .nth(behind - 1)
                    .filter(|(at, _)| self.now <= at + KV_BEHIND);
                if let Some((at, replicas)) = seen {
                    self.scene.another_isolate();
                    self.scene.freeze_at(replicas.clone());
                    self.still_until = Some(at + KV_BEHIND);
                }
            }
            World::AnswersAreLost(true) => self.scene.lose_answers(),
            World::AnswersAreLost(false) => self.scene.keep_answers(),
            World::Outage(down) => self.scene.take_down(down.map(|down| match down {
                Down::Platform => ObjectKind::Platform,
                Down::Event => ObjectKind::Event,
                Down::Account => ObjectKind::Account,
            })),
        }
    }
}
