//! Grants of an account.

use super::*;
use crate::account::command::{Begin, Command, Reply as AccountReply};
use crate::account::object::AccountObject;
use crate::directory::catalogue::Mode;
use crate::directory::event_command as event;
use crate::directory::event_object::{EventObject, account_object};
use crate::protocol::client::ClientId;
use crate::protocol::scope::Scope;
use crate::store::ports::Ports as _;
use crate::token::authorization_code::AuthorizationCode;
use crate::token::id::{AccountId, GrantId};

/// The person redeems a code of this application, for `stats:read`.
fn grant(world: &World, account: &str, client_id: &str, grant_id: &str) {
    let event_id = world.event_id();
    let account = AccountId::parse(account).unwrap();
    let client_id = ClientId::parse(client_id).unwrap();
    let command = event::Command::Directory {
        client_id: Some(client_id.clone()),
    };
    let event::Reply::Directory {
        event: Some(event),
        integration: Some(integration),
    } = pollster::block_on(world.memory.ask::<EventObject>(event_id.as_str(), &command)).unwrap()
    else {
        panic!("no integration");
    };
    let command = Command::Redeem {
        code: AuthorizationCode {
            grant_id: GrantId::parse(grant_id).unwrap(),
            account_id: account.clone(),
            client_id,
            incarnation: integration.incarnation.clone(),
            scope: Scope::parse("stats:read").unwrap(),
            account_epoch: 0,
            revocations: 0,
            expires_at: UnixTime(world.now.get() + 60),
        },
        asked: None,
        begin: Begin {
            attempt: grant_id.to_owned(),
            kid: String::from("k"),
            token_hash: String::from("h"),
            incarnation: integration.incarnation.clone(),
            rules: event.rules(&integration, Mode::Obo, true),
        },
    };
    let name = account_object(&event_id, &account);
    let reply = pollster::block_on(world.memory.ask::<AccountObject>(&name, &command)).unwrap();
    assert!(matches!(reply, AccountReply::Issued { .. }), "{reply:?}");
}

fn ids(world: &World, path: &str) -> Vec<String> {
    world
        .items(path)
        .iter()
        .map(|item| item["id"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn contract_7_grants_are_listed_and_end_one_by_one() {
    let world = World::new();
    let client_id = world.approved(json!({"obo_scopes": ["stats:read"]}));
    let account = world.account(json!({}));
    let path = format!("{EVENT}/accounts/{account}/grants");
    assert!(world.items(&path).is_empty());
    grant(&world, &account, &client_id, "one");
    world.set_now(BEGIN + 1);
    grant(&world, &account, &client_id, "two");
    assert_eq!(
        world.items(&path),
        [
            json!({"id": "one", "client_id": client_id, "scope": "stats:read", "created_at": "2026-03-01T09:30:00Z", "last_used_at": "2026-03-01T09:30:00Z"}),
            json!({"id": "two", "client_id": client_id, "scope": "stats:read", "created_at": "2026-03-01T09:30:01Z", "last_used_at": "2026-03-01T09:30:01Z"}),
        ]
    );
    world.refused(404, "DELETE", &format!("{path}/none"), Value::Null);
    world.must("DELETE", &format!("{path}/one"), Value::Null);
    world.refused(404, "DELETE", &format!("{path}/one"), Value::Null);
    assert_eq!(ids(&world, &path), ["two"]);
    let audit = &world.items(&format!("{EVENT}/audit"))[0];
    assert_eq!(
        *audit,
        json!({"at": "2026-03-01T09:30:01Z", "type": "grant.revoked_by_operator", "actor": "operator", "subject": "one", "account": account, "client_id": client_id})
    );
}

#[test]
fn contract_7_grants_come_in_pages_each_once() {
    let world = World::new();
    let client_id = world.approved(json!({"obo_scopes": ["stats:read"]}));
    let account = world.account(json!({}));
    let all = ["five", "four", "one", "three", "two"];
    for grant_id in all {
        grant(&world, &account, &client_id, grant_id);
    }
    let path = format!("{EVENT}/accounts/{account}/grants");
    let mut seen = Vec::new();
    let mut cursor = String::new();
    for most in [2, 2, 1] {
        let page = world.get(&format!("{path}?limit=2{cursor}"));
        let items = page["items"].as_array().unwrap();
        assert_eq!(items.len(), most);
        seen.extend(
            items
                .iter()
                .map(|item| item["id"].as_str().unwrap().to_owned()),
        );
        cursor = match page["next_cursor"].as_str() {
            Some(next) => format!("&cursor={next}"),
            None => String::new(),
        };
    }
    assert_eq!(cursor, "", "the third page is the last");
    seen.sort();
    assert_eq!(seen, all);
    for wrong in ["cursor=x", "limit=0"] {
        world.refused(400, "GET", &format!("{path}?{wrong}"), Value::Null);
    }
}

#[test]
fn contract_7_a_grant_is_of_one_account_only() {
    let world = World::new();
    let client_id = world.approved(json!({"obo_scopes": ["stats:read"]}));
    let account = world.account(json!({}));
    let other = world.account(json!({"email": "other@people.example"}));
    grant(&world, &account, &client_id, "one");
    for path in [
        format!("{EVENT}/accounts/{other}/grants/one"),
        format!("{EVENT}/accounts/{account}/grants/another"),
        format!("{EVENT}/accounts/{account}/grants/x%2Fone"),
    ] {
        world.refused(404, "DELETE", &path, Value::Null);
    }
    assert_eq!(
        ids(&world, &format!("{EVENT}/accounts/{account}/grants")),
        ["one"]
    );
}

#[test]
fn contract_7_only_grants_that_live_are_listed() {
    let world = World::new();
    let account = world.account(json!({}));
    let path = format!("{EVENT}/accounts/{account}/grants");
    let approve = || world.approved(json!({"obo_scopes": ["stats:read"]}));
    let integration = |client_id: &str| format!("{EVENT}/integrations/{client_id}");
    let [kept, suspended, withdrawn, recreated, deleted] =
        [approve(), approve(), approve(), approve(), approve()];
    for client_id in [&kept, &suspended, &withdrawn, &recreated, &deleted] {
        grant(&world, &account, client_id, &format!("of-{client_id}"));
    }
    world.must(
        "PUT",
        &integration(&suspended),
        json!({"status": "suspended"}),
    );
    world.must("DELETE", &integration(&withdrawn), Value::Null);
    world.must("DELETE", &integration(&recreated), Value::Null);
    world.must(
        "PUT",
        &integration(&recreated),
        json!({"obo_scopes": ["stats:read"]}),
    );
    world.must("DELETE", &format!("/applications/{deleted}"), Value::Null);
    assert_eq!(
        ids(&world, &path),
        [format!("of-{kept}"), format!("of-{suspended}")]
    );
    for dead in [&withdrawn, &recreated, &deleted] {
        world.refused(404, "DELETE", &format!("{path}/of-{dead}"), Value::Null);
    }
    // Not used for longer than the event allows.
    world.must("PUT", EVENT, json!({"refresh_idle_days": 1}));
    world.set_now(BEGIN + 86_400);
    assert_eq!(ids(&world, &path).len(), 2);
    world.set_now(BEGIN + 86_401);
    assert!(world.items(&path).is_empty());
    // What has ended by it does not come back.
    world.must("PUT", EVENT, json!({"refresh_idle_days": null}));
    assert!(world.items(&path).is_empty());
    world.refused(404, "DELETE", &format!("{path}/of-{kept}"), Value::Null);
    world.set_now(BEGIN + 86_400);
    assert!(world.items(&path).is_empty());
    // Disabling ends them for good.
    let account = format!("{EVENT}/accounts/{account}");
    world.must("PATCH", &account, json!({"status": "disabled"}));
    world.must("PATCH", &account, json!({"status": "active"}));
    assert!(world.items(&path).is_empty());
    world.refused(404, "DELETE", &format!("{path}/of-{kept}"), Value::Null);
}
