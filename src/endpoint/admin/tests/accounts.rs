//! Accounts.

use super::*;
use crate::account::command::{Command, Reply as AccountReply};
use crate::account::object::AccountObject;
use crate::directory::event_object::account_object;
use crate::protocol::secret::Secret;
use crate::store::ports::Ports as _;
use crate::token::id::{OwnerId, SessionId};

const PASSWORD: &str = "password-to-look-for";

fn signs_in(world: &World, id: &str, password: &str) -> bool {
    let event_id = world.event_id();
    let command = Command::SignIn {
        password: Secret::new(password.to_owned()),
        session_id: SessionId::parse("s").unwrap(),
        browser: String::new(),
    };
    let name = account_object(&event_id, &OwnerId::parse(id).unwrap());
    pollster::block_on(world.memory.ask::<AccountObject>(&name, &command)).unwrap()
        == AccountReply::SignedIn
}

#[test]
fn contract_7_an_account_needs_an_email_and_a_name_in_bounds() {
    let world = World::new();
    let path = format!("{EVENT}/accounts");
    let sound = json!({"email": "x@y.example", "name": "X"});
    for field in ["email", "name"] {
        let said = world.refused(400, "POST", &path, without(sound.clone(), field));
        assert!(said.starts_with(field), "{said}");
    }
    for fields in [
        json!({"email": ""}),
        json!({"email": "none"}),
        json!({"email": "@y.example"}),
        json!({"email": "x@"}),
        json!({"email": "a@b@c"}),
        json!({"email": "a b@c.example"}),
        json!({"email": format!("{}@y.example", "x".repeat(250))}),
        json!({"name": ""}),
        json!({"name": "x".repeat(201)}),
        json!({"roles": ["with space"]}),
        json!({"permissions": [""]}),
        json!({"status": "gone"}),
    ] {
        let mut body = sound.clone();
        merge(&mut body, fields);
        world.refused(400, "POST", &path, body);
    }
    assert!(world.items(&path).is_empty());
}

#[test]
fn contract_7_a_role_or_permission_said_twice_is_had_once() {
    let world = World::new();
    let id = world.account(json!({"roles": ["staff", "crew", "staff"]}));
    let account = format!("{EVENT}/accounts/{id}");
    assert_eq!(world.get(&account)["roles"], json!(["staff", "crew"]));
    let twice = json!({"permissions": ["b", "a", "b"]});
    assert_eq!(
        world.must("PATCH", &account, twice)["permissions"],
        json!(["b", "a"])
    );
}

#[test]
fn contract_7_passwords_have_10_to_200_characters() {
    let world = World::new();
    let path = format!("{EVENT}/accounts");
    let account = format!("{path}/{}", world.account(json!({})));
    for password in [
        String::new(),
        "x".repeat(9),
        "x".repeat(201),
        "é".repeat(9),
        "é".repeat(201),
    ] {
        let post = json!({"email": "x@y.example", "name": "X", "password": password});
        let said = world.refused(400, "POST", &path, post);
        assert!(said.starts_with("password") && (password.is_empty() || !said.contains(&password)));
        world.refused(400, "PATCH", &account, json!({"password": password}));
    }
    let id = account.rsplit('/').next().unwrap();
    for password in ["x".repeat(10), "é".repeat(200)] {
        world.must("PATCH", &account, json!({"password": password}));
        assert!(signs_in(&world, id, &password));
    }
}

#[test]
fn contract_7_an_email_is_one_accounts_whatever_its_case() {
    let world = World::new();
    let path = format!("{EVENT}/accounts");
    let id = world.account(json!({}));
    let same = json!({"email": ROBIN.to_uppercase(), "name": "X"});
    world.refused(409, "POST", &path, same.clone());
    world.account(json!({"email": "jörg@bücher.example"}));
    let beyond_ascii = json!({"email": "JÖRG@BÜCHER.example", "name": "X"});
    world.refused(409, "POST", &path, beyond_ascii);
    let other = world.account(json!({"email": "other@people.example"}));
    world.refused(
        409,
        "PATCH",
        &format!("{path}/{other}"),
        json!({"email": ROBIN.to_lowercase()}),
    );
    world.must(
        "PATCH",
        &format!("{path}/{id}"),
        json!({"email": ROBIN.to_lowercase()}),
    );
    // Elsewhere it is another person's.
    world.must("PUT", "/events/b.localhost", json!({"name": "B"}));
    world.must("POST", "/events/b.localhost/accounts", same.clone());
    // And free again once its account is gone.
    world.must("DELETE", &format!("{path}/{id}"), Value::Null);
    assert_ne!(world.must("POST", &path, same)["id"], id);
}

#[test]
fn contract_7_an_account_is_found_by_its_email_and_shows_no_password() {
    let world = World::new();
    let path = format!("{EVENT}/accounts");
    let body = json!({
        "email": format!(" {ROBIN} "), "name": "Robin Example", "password": PASSWORD, "roles": ["staff"],
        "permissions": ["doors"],
    });
    let created = world.call("POST", &path, body);
    assert_eq!(created.status, 201);
    let created: Value = serde_json::from_slice(&created.body).unwrap();
    let id = created["id"].as_str().unwrap();
    assert!(id.starts_with("acc_"));
    assert_eq!(
        created,
        json!({
            "id": id, "email": ROBIN, "name": "Robin Example", "roles": ["staff"], "permissions": ["doors"],
            "status": "active", "created_at": "2026-03-01T09:30:00Z",
        })
    );
    world.account(json!({"email": "other@people.example"}));
    assert_eq!(
        world.get(&format!("{path}?email={}", ROBIN.to_uppercase())),
        json!({"items": [created]})
    );
    assert!(
        world
            .items(&format!("{path}?email=nobody@people.example"))
            .is_empty()
    );
    world.refused(400, "GET", &format!("{path}?email=a&email=b"), Value::Null);
    world.refused(400, "GET", &format!("{path}?email="), Value::Null);
    assert_eq!(world.get(&format!("{path}/{id}")), created);
    assert_eq!(world.items(&path).len(), 2);
    assert!(!world.memory.everything_stored().contains(PASSWORD));
    assert!(signs_in(&world, id, PASSWORD));
}

#[test]
fn contract_7_a_patch_of_an_account_keeps_what_is_left_out() {
    let world = World::new();
    let id = world.account(json!({"password": PASSWORD, "roles": ["staff"]}));
    let path = format!("{EVENT}/accounts/{id}");
    let mut expected = world.get(&path);
    assert_eq!(world.must("PATCH", &path, json!({})), expected);
    merge(
        &mut expected,
        json!({"status": "disabled", "permissions": ["doors"]}),
    );
    let patch = json!({"status": "disabled", "permissions": ["doors"]});
    assert_eq!(world.must("PATCH", &path, patch), expected);
    assert!(!signs_in(&world, &id, PASSWORD));
    world.must("PATCH", &path, json!({"status": "active"}));
    assert!(signs_in(&world, &id, PASSWORD), "the password was kept");
}

#[test]
fn contract_7_a_deleted_account_leaves_no_personal_data() {
    let world = World::new();
    let id = world.account(json!({"password": PASSWORD, "permissions": ["doors-of-robin"]}));
    let path = format!("{EVENT}/accounts/{id}");
    assert!(signs_in(&world, &id, PASSWORD));
    world.must(
        "PATCH",
        &path,
        json!({"email": "robin.second@people.example"}),
    );
    assert!(
        world
            .memory
            .everything_stored()
            .to_lowercase()
            .contains("robin")
    );
    world.must("DELETE", &path, Value::Null);
    for (method, path) in [
        ("GET", path.clone()),
        ("PATCH", path.clone()),
        ("DELETE", path.clone()),
        ("GET", format!("{path}/grants")),
    ] {
        world.refused(404, method, &path, json!({}));
    }
    let stored = world.memory.everything_stored().to_lowercase();
    for trace in ["robin", "people.example", "argon2", PASSWORD] {
        assert!(!stored.contains(trace), "{trace}");
    }
    assert!(
        !world
            .memory
            .log
            .borrow()
            .join("\n")
            .to_lowercase()
            .contains("robin")
    );
}

#[test]
fn contract_7_an_accounts_id_means_nothing_at_another_event() {
    let world = World::new();
    let id = world.account(json!({}));
    world.must("PUT", "/events/b.localhost", json!({"name": "B"}));
    let path = format!("/events/b.localhost/accounts/{id}");
    for (method, path) in [
        ("GET", path.clone()),
        ("PATCH", path.clone()),
        ("DELETE", path.clone()),
        ("GET", format!("{path}/grants")),
    ] {
        world.refused(404, method, &path, json!({"name": "X"}));
    }
    assert_eq!(
        world.get(&format!("{EVENT}/accounts/{id}"))["name"],
        "Robin Example"
    );
}
