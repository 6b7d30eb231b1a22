//! The deployment's callers: what they send, what they see, and what they keep.

use serde_json::{Value, json};
use willcall::protocol::encoding::from_base64url;

use super::answer::Seen;
use super::deployment::{Deployment, Held, OPERATOR};
use super::operation::{Asker, By, Token};
use super::scopes::Scopes;
use super::token_endpoint::sender;
use crate::support::answer::Answer;
use crate::support::browser::Browser;
use crate::support::people::Client;
use crate::support::{CHALLENGE, HOST, ORIGIN};

impl Deployment {
    /// Who sends a request about a grant, and with what credentials.
    pub fn sender(&self, grant: u8, by: By) -> Client {
        let held = &self.held[&grant];
        let mut client = self.clients[sender(held.client, by)].clone();
        if by == By::Impostor {
            client.secret.clone_from(&self.watcher.secret);
        }
        client
    }

    pub fn token(&self, token: Token) -> String {
        let (held, all, back) = match token {
            Token::Refresh { grant, back } => {
                let held = &self.held[&grant];
                (grant, &held.refresh, usize::try_from(back).unwrap())
            }
            Token::Access { grant, back } => (grant, &self.held[&grant].access, back),
        };
        let found = all.iter().rev().nth(back);
        found
            .unwrap_or_else(|| panic!("grant {held} has no such token"))
            .clone()
    }

    /// A person's browser, which may be signed in.
    fn browser(&self, person: usize) -> Browser<'_> {
        let browser = Browser::new(&self.scene.world);
        browser.jar.replace(self.cookies[person].clone());
        browser
    }

    /// Signs in where that is asked, if the person can.
    fn past_sign_in(&self, person: usize, browser: &Browser<'_>, answer: Answer) -> Option<Answer> {
        if !answer.asks_to_sign_in() {
            return Some(answer);
        }
        self.enabled[person].then(|| browser.sign_in_where_asked(&answer, &self.people[person]))
    }

    pub fn authorize(&mut self, grant: u8, person: usize, client: usize, scope: Scopes) -> Seen {
        let browser = self.browser(person);
        let scope = scope.to_string();
        let extra = [
            ("scope", scope.as_str()),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        let answer = browser.authorize(&self.clients[client], &extra);
        let Some(answer) = self.past_sign_in(person, &browser, answer) else {
            return Seen::SignInPage;
        };
        let asked = answer.asks_for_consent();
        let answer = if asked {
            browser.decide(&answer, "authorize")
        } else {
            answer
        };
        let cookies = browser.jar.take();
        self.cookies[person] = cookies;
        if answer.status() != 303 {
            return Seen::Page(answer.status());
        }
        let redirect = answer.redirect();
        assert_eq!(redirect.get("state"), Some("st4te"));
        if let Some(error) = redirect.get("error") {
            return Seen::CarriedBack(error.to_owned());
        }
        let held = Held {
            person,
            client,
            code: redirect.code().to_owned(),
            ..Held::default()
        };
        self.held.insert(grant, held);
        Seen::Code { asked }
    }

    /// What the token endpoint answered about a grant, kept.
    pub fn issued(&mut self, grant: u8, answer: &Answer) -> Seen {
        if answer.status() != 200 {
            return error(answer);
        }
        let body = answer.ok();
        assert_eq!(
            (&body["token_type"], &body["expires_in"]),
            (&json!("Bearer"), &json!(3600))
        );
        let text = |name: &str| body[name].as_str().unwrap().to_owned();
        let (access, refresh) = (text("access_token"), text("refresh_token"));
        assert!(
            self.held
                .values()
                .all(|held| !held.access.contains(&access)),
            "the same access token twice"
        );
        let known = self.held.iter().find_map(|(name, held)| {
            let at = held.refresh.iter().position(|known| *known == refresh)?;
            Some((*name, at as u64 + 1))
        });
        let held = self.held.get_mut(&grant).unwrap();
        let claims = access.split('.').nth(1).and_then(from_base64url).unwrap();
        let claims: Value = serde_json::from_slice(&claims).unwrap();
        held.id = claims["gid"].as_str().unwrap().to_owned();
        held.access.push(access);
        if known.is_none() {
            held.refresh.push(refresh);
        }
        Seen::Issued {
            scope: Scopes::parse(&text("scope")),
            refresh: known,
        }
    }

    pub fn introspect(&self, token: Token, by: Asker) -> Seen {
        let text = self.token(token);
        let grant = grant_of(token);
        let asker = match by {
            Asker::Itself => self.sender(grant, By::Itself),
            Asker::Other => self.sender(grant, By::Other),
            Asker::Watcher => self.watcher.clone(),
        };
        let answer = asker.send(&self.scene, "/api/oauth/introspect", &[("token", &text)]);
        if answer.status() != 200 {
            return error(&answer);
        }
        let found = answer.ok();
        if found["active"] == false {
            assert_eq!(found, json!({"active": false}));
            return Seen::Inactive;
        }
        let person = self
            .people
            .iter()
            .position(|person| found["sub"] == *person.id);
        let client = self
            .clients
            .iter()
            .position(|client| found["client_id"] == *client.id);
        Seen::Active {
            scope: Scopes::parse(found["scope"].as_str().unwrap()),
            person: person.unwrap(),
            client: client.unwrap(),
        }
    }

    /// What `/api/users/current` answered to a grant's access token.
    pub fn person(&self, grant: u8, answer: &Answer) -> Seen {
        if answer.status() != 200 {
            return error(answer);
        }
        let body = answer.ok();
        assert_eq!(body["id"], *self.people[self.held[&grant].person].id);
        let covered = [
            ("name", Scopes::BASIC),
            ("email", Scopes::EMAIL),
            ("roles", Scopes::ROLES),
        ];
        let shown = covered
            .iter()
            .filter(|(member, _)| body.get(*member).is_some());
        Seen::Person {
            shown: shown.fold(Scopes::NONE, |all, (_, one)| all.or(*one)),
        }
    }

    pub fn revoke_access(&mut self, person: usize, client: usize) -> Seen {
        let browser = self.browser(person);
        let answer = browser.get("/account");
        let Some(page) = self.past_sign_in(person, &browser, answer) else {
            return Seen::SignInPage;
        };
        let page = if page.status() == 303 {
            browser.get("/account")
        } else {
            page
        };
        page.page(200);
        let actions = page.form_actions("/account/applications/");
        let action = |client: &Client| format!("/account/applications/{}/revoke", client.id);
        let listed = (0..2)
            .filter(|at| actions.contains(&action(&self.clients[*at])))
            .collect();
        if actions.contains(&action(&self.clients[client])) {
            let answer = browser.submit(&page, &action(&self.clients[client]), &[]);
            assert_eq!(answer.redirect().base, "/account");
        }
        let cookies = browser.jar.take();
        self.cookies[person] = cookies;
        Seen::Applications(listed)
    }

    pub fn end_grant(&self, grant: u8) -> Seen {
        let held = &self.held[&grant];
        let account = &self.people[held.person].id;
        let grants = format!("{ORIGIN}/api/admin/events/{HOST}/accounts/{account}/grants");
        let list = self.scene.get(&grants).bearer(OPERATOR).send();
        assert_eq!(list.status(), 200, "{}", list.text());
        let name_of = |item: &Value| {
            let found = self.held.iter().find(|(_, held)| item["id"] == *held.id);
            found
                .map(|(name, _)| *name)
                .unwrap_or_else(|| panic!("nobody's grant: {item}"))
        };
        let body = list.json();
        let items = body["items"].as_array().unwrap().iter();
        let mut listed: Vec<(u8, Scopes)> = items
            .map(|item| {
                (
                    name_of(item),
                    Scopes::parse(item["scope"].as_str().unwrap()),
                )
            })
            .collect();
        listed.sort_by_key(|(name, _)| *name);
        let end = self.scene.call("DELETE", &format!("{grants}/{}", held.id));
        Seen::Grants(listed, end.bearer(OPERATOR).send().status())
    }
}

pub fn grant_of(token: Token) -> u8 {
    match token {
        Token::Refresh { grant, .. } | Token::Access { grant, .. } => grant,
    }
}

/// An error in JSON; 503 and 429 say when to come again.
pub fn error(answer: &Answer) -> Seen {
    let status = answer.status();
    if matches!(status, 429 | 503) {
        assert!(answer.header("retry-after").is_some(), "{}", answer.text());
    }
    let code = answer.json()["error"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    Seen::Error(status, code)
}
