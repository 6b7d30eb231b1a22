//! A person's browser: it keeps cookies and fills in forms.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::answer::Answer;
use super::call::Call;
use super::people::{Client, Person};
use super::world::World;
use super::{ORIGIN, PASSWORD};
use willcall::protocol::encoding::form_pairs;

/// A browser at one event's site.
pub struct Browser<'w> {
    pub world: &'w World,
    origin: String,
    pub jar: RefCell<BTreeMap<String, String>>,
}

impl<'w> Browser<'w> {
    pub fn new(world: &'w World) -> Self {
        Self::at(world, ORIGIN)
    }

    pub fn at(world: &'w World, origin: &str) -> Self {
        Self {
            world,
            origin: origin.to_owned(),
            jar: RefCell::default(),
        }
    }

    /// A request as this browser makes it, its cookies with it.
    pub fn call(&self, method: &str, path: &str) -> Call<'w> {
        let url = if path.starts_with('/') {
            format!("{}{path}", self.origin)
        } else {
            path.to_owned()
        };
        let mut call = self.world.call(method, &url);
        let jar = self.jar.borrow();
        let cookies: Vec<String> = jar
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        call.head.cookie = (!cookies.is_empty()).then(|| cookies.join("; "));
        call
    }

    /// Sends a request and keeps the cookies that come back.
    pub fn send(&self, call: Call<'w>) -> Answer {
        let answer = call.send();
        for line in answer.headers("set-cookie") {
            let (pair, rest) = line.split_once(';').unwrap_or((line, ""));
            let (name, value) = pair.split_once('=').unwrap();
            if rest.contains("Max-Age=0") {
                self.jar.borrow_mut().remove(name);
            } else {
                self.jar
                    .borrow_mut()
                    .insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    pub fn get(&self, path: &str) -> Answer {
        self.send(self.call("GET", path))
    }

    pub fn post(&self, path: &str, pairs: &[(&str, &str)]) -> Answer {
        self.send(self.call("POST", path).form(pairs))
    }

    /// Submits a form of a page with its hidden fields and these.
    #[track_caller]
    pub fn submit(&self, page: &Answer, action: &str, fields: &[(&str, &str)]) -> Answer {
        self.send(self.submission(page, action, fields))
    }

    /// A form of a page, filled in and not yet sent.
    #[track_caller]
    pub fn submission(&self, page: &Answer, action: &str, fields: &[(&str, &str)]) -> Call<'w> {
        let hidden = page.form(action);
        let mut pairs: Vec<(&str, &str)> = hidden
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        pairs.extend_from_slice(fields);
        self.call("POST", &page.form_action(action)).form(&pairs)
    }

    /// Tries to sign in, and comes back to `target`.
    #[track_caller]
    pub fn try_to_sign_in(&self, email: &str, password: &str) -> Answer {
        let page = self.get("/login");
        self.submit(&page, "/login", &[("email", email), ("password", password)])
    }

    #[track_caller]
    pub fn sign_in(&self, person: &Person) {
        let answer = self.try_to_sign_in(&person.email, PASSWORD);
        assert_eq!(answer.status(), 303, "{}", answer.text());
    }

    pub fn is_signed_in(&self) -> bool {
        self.get("/account").status() == 200
    }

    /// Follows an answer to the sign-in page, signs in there and goes where that leads.
    #[track_caller]
    pub fn sign_in_where_asked(&self, answer: &Answer, person: &Person) -> Answer {
        assert!(
            answer.asks_to_sign_in(),
            "{} {:?}",
            answer.text(),
            answer.0.headers
        );
        let page = self.get(answer.header("location").unwrap());
        let signed_in = self.submit(
            &page,
            "/login",
            &[("email", &person.email), ("password", PASSWORD)],
        );
        assert_eq!(signed_in.status(), 303, "{}", signed_in.text());
        self.get(signed_in.header("location").unwrap())
    }

    pub fn authorize(&self, client: &Client, extra: &[(&str, &str)]) -> Answer {
        self.get(&authorization(client, extra))
    }

    /// Answers a consent page.
    #[track_caller]
    pub fn decide(&self, page: &Answer, decision: &str) -> Answer {
        assert!(page.asks_for_consent(), "{} {}", page.status(), page.text());
        self.submit(page, "/account/consent", &[("decision", decision)])
    }

    /// Authorizes, says yes if asked, and has the answer.
    #[track_caller]
    pub fn allow(&self, client: &Client, extra: &[(&str, &str)]) -> Answer {
        let answer = self.authorize(client, extra);
        if answer.asks_for_consent() {
            self.decide(&answer, "authorize")
        } else {
            answer
        }
    }

    #[track_caller]
    pub fn code(&self, client: &Client, extra: &[(&str, &str)]) -> String {
        self.allow(client, extra).redirect().code().to_owned()
    }
}

/// The path and query of an authorization request. What is in `extra` takes the place of what is usual;
/// empty: it is left out.
pub fn authorization(client: &Client, extra: &[(&str, &str)]) -> String {
    let usual = [
        ("response_type", "code"),
        ("client_id", client.id.as_str()),
        ("redirect_uri", &client.redirect_uri),
        ("state", "st4te"),
    ];
    let kept = usual
        .iter()
        .filter(|(name, _)| extra.iter().all(|(other, _)| other != name));
    let pairs = kept
        .chain(extra)
        .copied()
        .filter(|(_, value)| !value.is_empty());
    format!("/oauth/authorize?{}", form_pairs(pairs))
}
